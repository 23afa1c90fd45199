"""Exported scripts run the whole tool loop."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.tools.cases.values import Case, ExpectedCall
from core.tools.definitions.reading import parse_any
from core.tools.definitions.values import Definition
from core.tools.examples import example_toolbox
from core.tools.takeaway.scripts import Sdk, script
from core.tools.takeaway.tests import pytest_file
from tests.support.rule_based_model import SENTENCE
from tests.support.servers import Gateway
from tests.support.taken_away import python

pytestmark = pytest.mark.slow

BOX = example_toolbox()
TOOLS = [Definition(tool=tool) for tool in BOX.tools]
(SHOUT,) = parse_any(
    'def shout(text: str) -> str:\n    """Say it loudly."""\n    return text.upper()\n'
).definitions
WEATHER = ExpectedCall(tool="get_current_weather", arguments={"location": "上海"})


@pytest.mark.parametrize(("sdk", "model"), [("openai", "native"), ("ollama", "open")])
def test_a_script_runs_the_whole_loop(url: str, sdk: Sdk, model: str, tmp_path: Path) -> None:
    text = script(
        sdk, [*TOOLS, SHOUT], model=model, origin=url, prompt="get_current_weather of '上海'",
        known=BOX.functions,
    )  # fmt: skip
    (tmp_path / "loop.py").write_text(text, "utf-8")
    done = python("loop.py", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == SENTENCE and "25°C" in done.stderr
    if sdk == "ollama":
        shouted = python("loop.py", "shout 'hey'", folder=tmp_path)
        assert "HEY" in shouted.stderr and shouted.stdout.strip() == SENTENCE
        return
    # What stands on nothing here is for its reader to write, and the model is told so.
    unwritten = python("loop.py", "calculate '1 + 1'", folder=tmp_path)
    assert unwritten.returncode == 0 and "NotImplementedError" in unwritten.stderr


@pytest.mark.embedded
def test_what_is_taken_away_works_on_the_embedded_model(
    seed_embedded: Gateway, tmp_path: Path
) -> None:
    origin, model, asked = seed_embedded.url, seed_embedded.model, "上海今天的天气怎么样?"
    weather = TOOLS[:1]
    text = script("openai", weather, model=model, origin=origin, prompt=asked, known=BOX.functions)
    (tmp_path / "loop.py").write_text(text, "utf-8")
    done = python("loop.py", folder=tmp_path)
    assert done.returncode == 0 and "25°C" in done.stderr, done.stderr
    cases = (Case(prompt=asked, expected=(WEATHER,)), Case(prompt="谢谢你,今天聊得很开心!"))
    text = pytest_file(weather, cases, model=model, origin=origin)
    (tmp_path / "test_tools.py").write_text(text, "utf-8")
    tested = python(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_tools.py", folder=tmp_path
    )
    assert tested.returncode == 0 and "2 passed" in tested.stdout, tested.stdout
