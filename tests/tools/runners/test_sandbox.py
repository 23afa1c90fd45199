"""Known escapes and attacks of exhaustion, each stopped, and how.

User-written Python runs in the sandbox. What an attack may at most do is fail: with an error
that names it, within the limits, leaving the next call as quick as ever.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from core.errors import InvalidRequest
from core.tools.definitions.reading import parse_any
from core.tools.runners.sandbox import Sandbox, SandboxError, SandboxLimits
from core.tools.runners.sandbox_hints import MODULES
from core.tools.runners.trusted import Trusted, TrustedError, TrustedLimits
from core.tools.toolbox import Toolbox
from core.translation.messages import ToolCall
from tests.support.attacks import ESCAPES, EXHAUSTIONS, REGEXES, SHADOWS, TRUSTED

pytestmark = pytest.mark.slow

LIMITS = SandboxLimits(time=20.0, memory=32 * 1024 * 1024, output=50_000, depth=150)
HASTE = replace(LIMITS, time=1.0)
"""For what ends by time alone; a busy machine needs more for all else."""


@pytest.fixture(scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    box = Sandbox(LIMITS, workers=2)
    yield box
    await asyncio.to_thread(box.close)


@pytest.fixture(scope="module")
async def hasty() -> AsyncIterator[Sandbox]:
    box = Sandbox(HASTE, workers=2)
    yield box
    await asyncio.to_thread(box.close)


def body(*lines: str) -> str:
    return "def f():\n" + "".join(f"    {line}\n" for line in lines)


@pytest.mark.parametrize("name", ESCAPES)
async def test_an_escape_is_stopped(sandbox: Sandbox, name: str) -> None:
    code, how = ESCAPES[name]
    with pytest.raises(SandboxError, match=f"^(?:{how})"):
        await sandbox.call(body(code), "f", {})
    assert (await sandbox.call(body("return 1 + 1"), "f", {})).content == "2"


@pytest.mark.parametrize("name", EXHAUSTIONS)
async def test_exhaustion_is_stopped(sandbox: Sandbox, hasty: Sandbox, name: str) -> None:
    code, how = EXHAUSTIONS[name]
    box = hasty if "longer than" in how else sandbox
    with pytest.raises(SandboxError, match=how) as caught:
        await box.call(body(code), "f", {})
    assert len(str(caught.value)) < 2000
    assert len(caught.value.printed) <= LIMITS.output * 4
    assert (await sandbox.call(body("return 1 + 1"), "f", {})).content == "2"


@pytest.mark.parametrize("name", REGEXES)
async def test_no_regular_expression_runs_away(hasty: Sandbox, name: str) -> None:
    pattern, text = REGEXES[name]
    began = time.process_time()
    try:
        await hasty.call(body(f"import re; re.search({pattern!r}, {text!r})"), "f", {})
    except SandboxError as exc:
        assert "limit" in str(exc) or "longer" in str(exc) or "backtrack" in str(exc).lower()
    assert time.process_time() - began < 5


@pytest.mark.parametrize("name", SHADOWS)
async def test_names_given_other_meanings_get_no_big_value_out(sandbox: Sandbox, name: str) -> None:
    source = f"{SHADOWS[name]}\n\n" + body("x = ['y' * 10**6]; return x * 10**5")
    with pytest.raises(SandboxError):
        await sandbox.call(source, "f", {})


@pytest.mark.parametrize(
    "source",
    ["(" * 5000, "def f(: pass", "x" * 200_000, "\0", "def g(): pass", "-" * 50_000 + "1"],
    ids=["brackets", "syntax", "long", "nul", "another name", "signs"],
)
async def test_what_is_no_function_is_refused_before_it_runs(sandbox: Sandbox, source: str) -> None:
    with pytest.raises((InvalidRequest, SandboxError)):
        await sandbox.call(source, "f", {})


async def test_one_call_leaves_nothing_for_the_next(sandbox: Sandbox) -> None:
    await sandbox.call("seen = []\n" + body("seen.append(1)", "return seen"), "f", {})
    with pytest.raises(SandboxError, match="NameError"):
        await sandbox.call(body("return seen"), "f", {})


async def test_arguments_cannot_become_code(sandbox: Sandbox) -> None:
    source = "def f(text, **more):\n    return [text, more]\n"
    text = "'''\"\"\"{}\n__import__('os')"
    outcome = await sandbox.call(source, "f", {"text": text, "_value": 1, "_text": 2})
    assert outcome.content.endswith('{"_value": 1, "_text": 2}]')
    with pytest.raises(InvalidRequest):
        await sandbox.call(source, "f(1) or f", {"text": "x"})


async def test_the_event_loop_goes_on_while_code_runs(hasty: Sandbox) -> None:
    task = asyncio.create_task(hasty.call(body("while True: pass"), "f", {}))
    ticks = 0
    while not task.done():
        await asyncio.sleep(0.01)
        ticks += 1
    with pytest.raises(SandboxError, match="longer than"):
        await task
    assert ticks > 10


async def test_a_worker_that_is_killed_is_replaced(hasty: Sandbox) -> None:
    running = asyncio.create_task(hasty.call(body("while True: pass"), "f", {}))
    await asyncio.sleep(0.2)
    for pid in _workers():
        os.kill(pid, 9)
    with pytest.raises(SandboxError, match=r"was stopped|longer than"):
        await running
    assert (await hasty.call(body("return 'alive'"), "f", {})).content == "alive"


def _workers() -> list[int]:
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="utf-8") as stat:
                    name, _, rest = stat.read().rpartition(")")
            except OSError:
                continue
            if "(monty" in name and int(rest.split()[1]) == os.getpid():
                found.append(int(entry))
    return found


async def test_modules_on_the_list_are_there(sandbox: Sandbox) -> None:
    lines = [f"import {module}" for module in MODULES]
    assert (await sandbox.call(body(*lines, "return 'all'"), "f", {})).content == "all"


HINTS = {
    "import requests": "HTTP tool",
    "import numpy": "only these modules",
    "open('x')": "no files",
    "yield 1": "collect into a list",
    "return {1, 2}": "turn a set into a list",
    "while True: pass": "loop less",
}


@pytest.mark.parametrize("code", HINTS)
async def test_an_error_says_what_to_use_instead(hasty: Sandbox, code: str) -> None:
    with pytest.raises(SandboxError) as caught:
        await hasty.call(body(code), "f", {})
    assert caught.value.hint is not None
    assert HINTS[code] in caught.value.hint.text("en")
    assert caught.value.hint.text("zh")


USEFUL: list[tuple[str, dict[str, Any], str]] = [
    ("def f(a: int, b: int = 2) -> int:\n    return a * b\n", {"a": 21}, "42"),
    ("from typing import Literal\nUnit = Literal['c', 'f']\ndef f(u: Unit) -> str:\n    return u\n",
     {"u": "c"}, "c"),
    ("from typing import Annotated\nfrom pydantic import Field\n"
     "def f(x: Annotated[int, Field(ge=1, alias='an-x')] = Field(3)) -> int:\n    return x\n",
     {"an-x": 5}, "5"),
    ("from enum import Enum\nclass C(Enum):\n    A = 'a'\ndef f(c: C):\n    return c + '!'\n",
     {"c": "a"}, "a!"),
    ("async def f():\n    return {'城市': '北京'}\n", {}, '{"城市": "北京"}'),
    ("def _twice(x):\n    return 2 * x\ndef f(x: list[int]):\n    return [_twice(i) for i in x]\n",
     {"x": [1, 2]}, "[2, 4]"),
    ("def f():\n    print('said')\n", {}, "said\n"),
    ("import re, math, datetime\ndef f(t: str):\n    return [re.findall('\\\\d', t), math.pi > 3,"
     " str(datetime.date(2026, 1, 1))]\n", {"t": "a1"}, '[["1"], true, "2026-01-01"]'),
]  # fmt: skip


@pytest.mark.parametrize(("source", "arguments", "result"), USEFUL)
async def test_useful_code_runs(
    sandbox: Sandbox, source: str, arguments: dict[str, Any], result: str
) -> None:
    assert (await sandbox.call(source, "f", arguments)).content == result


async def test_signs_that_end_lines_elsewhere_move_no_line(sandbox: Sandbox) -> None:
    source = "X = '\u2028\x0c'\nfrom typing import Any\ndef f(a: Any) -> Any:\n    return a + X\n"
    assert (await sandbox.call(source, "f", {"a": "x"})).content == "x\u2028\x0c"


async def test_a_long_result_is_cut_and_says_so(sandbox: Sandbox) -> None:
    content = (await sandbox.call(body("return 'x' * 60_000"), "f", {})).content
    assert content == "x" * 50_000 + "\n[cut: 10000 more characters]"


async def test_a_sandboxed_tool_runs_from_a_toolbox(sandbox: Sandbox) -> None:
    source = 'def add(a: int, b: int) -> int:\n    """Add."""\n    return a + b\n'
    (definition,) = parse_any(source).definitions
    box = Toolbox()
    box.add(definition.tool, sandbox.runner(definition))
    good = await box.call(ToolCall(name="add", arguments='{"a": 1, "b": 2}'))
    assert (good.ok, good.content) == (True, "3")
    bad = await box.call(ToolCall(name="add", arguments='{"a": "x", "b": 2}'))
    assert not bad.ok and "is not of type 'integer'" in bad.content


SHORT = TrustedLimits(time=60.0, memory=512 * 1024 * 1024, output=20_000, file_size=10**7)


def trusted_tool(folder: Path, code: str, *, seconds: float = SHORT.time) -> Trusted:
    (folder / "f.py").write_text(body(code), "utf-8")
    return Trusted(folder, replace(SHORT, time=seconds))


@pytest.mark.parametrize("name", TRUSTED)
async def test_a_trusted_tool_that_goes_too_far_is_ended(tmp_path: Path, name: str) -> None:
    code, how = TRUSTED[name]
    before = set(_processes())
    with pytest.raises(TrustedError, match=how) as caught:
        seconds = 1.5 if "stopped after" in how and "characters" not in how else SHORT.time
        await trusted_tool(tmp_path, code, seconds=seconds).call("f.py", "f", {})
    assert len(caught.value.printed) <= SHORT.output
    # With all that it has started.
    left = {pid: words for pid, words in _started(tmp_path).items() if pid not in before}
    assert not left


def _processes() -> dict[int, str]:
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                found[int(entry.name)] = (entry / "cmdline").read_text("utf-8").replace("\0", " ")
    return found


def _started(folder: Path) -> dict[int, str]:
    """Return the processes that work in a folder or sleep as only the attacks do."""
    found = {}
    for pid, words in _processes().items():
        with suppress(OSError):
            if Path(f"/proc/{pid}/cwd").resolve() == folder.resolve() or "sleep 601" in words:
                found[pid] = words
    return found


async def test_a_call_that_is_given_up_ends_its_process(tmp_path: Path) -> None:
    code = "import pathlib, time; pathlib.Path('begun').touch(); time.sleep(100)"
    task = asyncio.create_task(trusted_tool(tmp_path, code).call("f.py", "f", {}))
    for _ in range(500):
        if (tmp_path / "begun").exists():
            break
        await asyncio.sleep(0.02)
    assert _started(tmp_path)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not _started(tmp_path)


async def test_what_a_trusted_tool_leaves_behind_is_ended_with_it(tmp_path: Path) -> None:
    code = "import subprocess; subprocess.Popen(['sleep', '601'], start_new_session=True)"
    outcome = await trusted_tool(tmp_path, f"{code}; return 'done'").call("f.py", "f", {})
    assert outcome.content == "done"
    assert not _started(tmp_path)


@pytest.mark.parametrize("file", ["../f.py", "/etc/passwd", "link.py", "deep/f.py"])
async def test_only_files_of_the_folder_are_run(tmp_path: Path, file: str) -> None:
    folder = tmp_path / "tools"
    (folder / "deep").mkdir(parents=True)
    for place in (tmp_path, folder / "deep"):
        (place / "f.py").write_text(body("return 1"), "utf-8")
    (folder / "link.py").symlink_to(tmp_path / "f.py")
    with pytest.raises(TrustedError, match="not a file of the tools folder"):
        await Trusted(folder, SHORT).call(file, "f", {})
