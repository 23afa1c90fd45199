"""The tool page without a browser: mends, what each target keeps, the choices, an HTTP tool."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.chats.service import Service
from core.chats.toolbench.saved import Workbench, read_workbench, write_workbench
from core.config.tools import HttpLimits, ToolSettings
from core.http.address_policy import AddressPolicy
from core.tools.definitions.conversion import convert
from core.tools.definitions.conversion_notes import TARGETS
from core.tools.definitions.values import Definition
from core.tools.lint.linting import lint
from core.tools.runners.all_tools import ToolRuntime
from core.translation.messages import Tool
from core.words import languages, words
from tests.support.threads import bound, serving_app
from tests.ui.test_pages import ME, backend, said, service

__all__ = ["backend", "service"]

UNIT = {"type": "string", "description": "The unit, one of: celsius, fahrenheit or kelvin."}
CITY = {"type": "string", "description": "The city.", "default": "Rome"}
TOOLS = (
    Tool(name="math.factorial", description="Work out a factorial.", parameters={
        "type": "object", "properties": {"unit": UNIT}, "required": ["unit"]}),
    Tool(name="get_weather", description="Tell the weather of a city.", parameters={
        "type": "object", "properties": {"city": CITY}, "required": ["city"]}),
)  # fmt: skip


def _frame(language: str) -> None:
    import runpy
    from pathlib import Path

    import ui.words as spoken

    spoken.set_language("zh" if language == "zh" else "en")
    import ui

    runpy.run_path(str(Path(ui.__file__).parents[1] / "pages/tools.py"))


def opened(service: Service, *tools: Tool, language: str = "en") -> AppTest:
    """Open the page with these tools on it."""
    definitions = tuple(Definition(tool=tool) for tool in tools)
    service.store.matrices.keep_toolbox(ME, write_workbench(Workbench(definitions=definitions)))
    page = AppTest.from_function(_frame, default_timeout=60, args=(language,)).run()
    assert not page.exception, page.exception
    return page


def kept(service: Service) -> tuple[Tool, ...]:
    text = service.store.matrices.toolbox(ME)
    assert text is not None
    return tuple(one.tool for one in read_workbench(text).definitions)


def test_each_mend_mends_its_own_fault_and_one_button_all(service: Service) -> None:
    found = lint(TOOLS)
    number = next(n for n, one in enumerate(found) if one.code == "illegal_name")
    page = opened(service, *TOOLS)
    page.button(key=f"fix_{number}_illegal_name").click().run()
    assert not page.exception
    first, second = kept(service)
    assert first.name != "math.factorial" and first.parameters == TOOLS[0].parameters
    assert second == TOOLS[1]
    assert "illegal_name" not in [one.code for one in lint(kept(service))]
    page.button(key="fix_all").click().run()
    assert not page.exception
    left = lint(kept(service))
    assert not [one.code for one in left if one.fix is not None]
    properties: Any = (kept(service)[0].parameters or {})["properties"]
    assert properties["unit"]["enum"] == ["celsius", "fahrenheit", "kelvin"]
    assert "fix_all" not in [button.key for button in page.button]


@pytest.mark.parametrize("language", languages())
def test_what_each_target_keeps_is_said(service: Service, language: str) -> None:
    page = opened(service, TOOLS[1], language=language)
    known, text = words(language), said(page)
    captions = "\n".join(one.value for one in page.caption)
    lost = 0
    for target, name in TARGETS.items():
        made = convert(TOOLS[1], target)
        lost += bool(made.lost)
        label = name.text(language)
        icon = "warning" if made.lost else "check_circle"
        assert f":material/{icon}: {label}" in text
        for row in made.lost:
            assert row.note is not None
            fate = known[f"tools.fate_{row.fate}"]
            assert f"`{row.path or '·'}` **{fate}** {row.note.text(language)}" in captions
    assert lost > 1
    assert known["tools.conversion"].format(count=lost) in [one.label for one in page.expander]


@pytest.mark.parametrize("language", languages())
def test_tool_choice_is_said_in_words(service: Service, language: str) -> None:
    known = words(language)
    choice = opened(service, TOOLS[1], language=language).button_group(key="tool_choice")
    assert choice.label == known["tools.choice"]
    assert choice.options == [
        known[f"tools.choice_{word}"] for word in ("auto", "none", "required", "named")
    ]


def test_a_tool_that_must_be_called_is_named(service: Service) -> None:
    page = opened(service, *TOOLS)
    page.button_group(key="tool_choice").set_value("named").run()
    assert not page.exception
    named = page.selectbox(key="tool_named")
    assert named.label == words("en")["tools.choice_function"]
    assert named.options == [tool.name for tool in TOOLS]


def test_a_curl_command_becomes_a_tool_that_is_called(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener, origin = bound()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        path = f"{scope['path']}?{scope['query_string'].decode()}"
        start = {"type": "http.response.start", "status": 200,
                 "headers": [(b"content-type", b"text/plain")]}  # fmt: skip
        await send(start)
        await send({"type": "http.response.body", "body": f"asked {path}".encode()})

    page = opened(service)
    page.text_area(key="tool_paste").set_value(f"curl '{origin}/rate?from=EUR&to=CNY'").run()
    add = next(one for one in page.button if one.label == words("en")["tools.add"].format(count=1))
    add.click().run()
    assert not page.exception
    (tool,) = kept(service)
    page.button_group(key="tool_section").set_value("hand").run()
    for name, value in (("from", "EUR"), ("to", "CNY")):
        next(one for one in page.text_input if str(one.key).endswith(f"_{name}")).set_value(value)
    with serving_app(app, listener, lifespan="off"):
        # Nobody's browser reaches this machine by a tool, unless the config says so.
        page.button(key="call").click().run()
        assert not any("asked /rate" in one.value for one in page.code)
        allowed = HttpLimits(address=AddressPolicy(allow=("127.0.0.0/8",)))
        monkeypatch.setattr(
            service.runners, "tool_runtime", ToolRuntime(ToolSettings(http=allowed))
        )
        page.button(key="call").click().run()
        assert not page.exception
        assert any("asked /rate?from=EUR&to=CNY" in one.value for one in page.code), tool
