"""Known escapes and attacks of exhaustion, each stopped, and how.

User-written Python runs in the sandbox. What an attack may at most do is fail: with an error
that names it, within the limits, leaving the next call as quick as ever.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.errors import InvalidRequest
from core.tools.definitions.reading import parse_any
from core.tools.sandbox import Sandbox, SandboxError, SandboxLimits
from core.tools.sandbox_hints import MODULES
from core.tools.toolbox import Toolbox
from core.translation.messages import ToolCall

LIMITS = SandboxLimits(time=1.0, memory=32 * 1024 * 1024, output=50_000, depth=150)


@pytest.fixture(scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    box = Sandbox(LIMITS, workers=2)
    yield box
    await asyncio.to_thread(box.close)


def body(*lines: str) -> str:
    return "def f():\n" + "".join(f"    {line}\n" for line in lines)


# What reaches for the machine, the interpreter or the host, and the error that it ends in.
ESCAPES: dict[str, tuple[str, str]] = {
    "read a file": ("return open('/etc/passwd').read()", "PermissionError"),
    "write a file": ("return open('/tmp/x', 'w').write('x')", "PermissionError"),
    "read by pathlib": (
        "import pathlib; return pathlib.Path('/etc/passwd').read_text()", "PermissionError"),
    "climb out of the root": ("return open('../../../../etc/passwd').read()", "PermissionError"),
    "read the process": ("return open('/proc/self/environ').read()", "PermissionError"),
    "list a folder": ("import os; return os.listdir('/')", "PermissionError"),
    "list by pathlib": ("import pathlib; return list(pathlib.Path('/').iterdir())",
                        "PermissionError"),
    "make a link": ("import os; os.symlink('/etc', 'x')", "AttributeError|PermissionError"),
    "remove a file": ("import os; os.remove('/etc/passwd')", "AttributeError|PermissionError"),
    "the environment": ("import os; return dict(os.environ)", "RuntimeError"),
    "a variable of it": ("import os; return os.getenv('PATH')", "RuntimeError"),
    "a shell": ("import os; return os.system('id')", "AttributeError"),
    "a shell's output": ("import os; return os.popen('id').read()", "AttributeError"),
    "a fork": ("import os; return os.fork()", "AttributeError"),
    "the pid": ("import os; return os.getpid()", "AttributeError"),
    "kill": ("import os; os.kill(1, 9)", "AttributeError"),
    "exec of a program": ("import os; os.execv('/bin/sh', [])", "AttributeError"),
    "subprocess": ("import subprocess", "ModuleNotFoundError"),
    "a socket": ("import socket", "ModuleNotFoundError"),
    "requests": ("import requests", "ModuleNotFoundError"),
    "urllib": ("import urllib.request", "ModuleNotFoundError"),
    "http": ("import http.client", "ModuleNotFoundError"),
    "a stream of asyncio": ("import asyncio; return asyncio.open_connection('h', 1)",
                            "AttributeError"),
    "a process of asyncio": ("import asyncio; return asyncio.create_subprocess_shell('id')",
                             "AttributeError"),
    "ctypes": ("import ctypes", "ModuleNotFoundError"),
    "cffi": ("import cffi", "ModuleNotFoundError"),
    "pickle": ("import pickle", "ModuleNotFoundError"),
    "marshal": ("import marshal", "ModuleNotFoundError"),
    "importlib": ("import importlib", "ModuleNotFoundError"),
    "threads": ("import threading", "ModuleNotFoundError"),
    "processes": ("import multiprocessing", "ModuleNotFoundError"),
    "the collector": ("import gc; return gc.get_objects()", "ModuleNotFoundError"),
    "frames by inspect": ("import inspect", "ModuleNotFoundError"),
    "core itself": ("import core.errors", "ModuleNotFoundError"),
    "builtins": ("import builtins", "ModuleNotFoundError"),
    "__import__": ("return __import__('os')", "NameError"),
    "__builtins__": ("return __builtins__", "NameError"),
    "loaders": ("return __loader__", "NameError"),
    "sys.modules": ("import sys; return sys.modules", "AttributeError"),
    "frames by sys": ("import sys; return sys._getframe()", "AttributeError"),
    "a trace": ("import sys; sys.settrace(print)", "AttributeError"),
    "import under another name": ("import os as json; return json.system('id')", "AttributeError"),
    "a module's own imports": ("import json; return json.decoder.scanner", "AttributeError"),
    "os by random": ("import random; return random._os", "AttributeError"),
    "subclasses of object": ("return ().__class__.__bases__[0].__subclasses__()",
                             "AttributeError"),
    "mro by a text": ("return ''.__class__.__mro__", "AttributeError"),
    "attributes by format": ("return '{0.__class__.__init__.__globals__}'.format(f)",
                             "AttributeError"),
    "attributes by f-string": ("return f'{f.__globals__}'", "AttributeError"),
    "attributes by getattr": ("return getattr(f, '__glo' + 'bals__')", "AttributeError"),
    "a function's code": ("return (lambda: 0).__code__", "AttributeError"),
    "a function's closure": ("return f.__closure__", "AttributeError"),
    "a new code object": ("return type(f)(1, 2)", "TypeError|AttributeError"),
    "a class by type": ("return type('A', (object,), {})", "TypeError|NotImplementedError"),
    "a generator's frame": ("g = (x for x in [1]); return g.gi_frame", "AttributeError"),
    "a traceback's frame": (
        "try:\n        1 / 0\n    except Exception as e:\n        return e.__traceback__.tb_frame",
        "AttributeError"),
    "exec to import": ("exec('import socket')", "ModuleNotFoundError"),
    "eval to walk": ("return eval('().__class__')", "AttributeError"),
    "compile": ("return compile('1', 'x', 'exec')", "NameError"),
    "globals": ("return globals()", "NameError"),
    "a breakpoint": ("breakpoint()", "NameError"),
    "asking the person": ("return input()", "NameError"),
    "leaving": ("raise SystemExit", "SystemExit"),
    "leaving by sys": ("import sys; sys.exit()", "AttributeError|SystemExit"),
    "an interrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "a hook on builtins": ("print.__self__.x = 1", "AttributeError"),
    "a decorator at work": ("@open\n    def g(): pass", "TypeError|PermissionError"),
    "an object of the sandbox": ("class A:\n        pass\n    return A()", "TypeError"),
    "a value that is itself": ("a = []; a.append(a); return a", "ValueError|RecursionError"),
}  # fmt: skip

# What takes time, memory or output without end, and the limit that ends it.
EXHAUSTIONS: dict[str, tuple[str, str]] = {
    "an endless loop": ("while True: pass", "longer than 1 s"),
    "a loop that catches": (
        "while True:\n        try:\n            while True: pass\n"
        "        except BaseException: pass", "longer than 1 s"),
    "finally for ever": ("try:\n        while True: pass\n    finally:\n        while True: pass",
                         "longer than 1 s"),
    "sleep": ("import time; time.sleep(60)", "longer than 1 s"),
    "sleep in asyncio": ("import asyncio; asyncio.run(asyncio.sleep(60))", "longer than 1 s"),
    "endless recursion": ("return f()", "RecursionError"),
    "recursion that catches": (
        "try:\n        return f()\n    except RecursionError:\n        return f()",
        "longer than 1 s|RecursionError"),
    "a long text": ("return 'x' * 10**10", "more than 32 MiB"),
    "a long list": ("return [0] * 10**9", "more than 32 MiB"),
    "a list that grows": ("x = []\n    while True: x.append('y' * 1000)", "more than 32 MiB"),
    "a text that doubles": ("x = 'y'\n    while True: x += x", "more than 32 MiB"),
    "a nest that grows": ("x = []\n    while True: x = [x, x, 'y' * 100]",
                          "more than 32 MiB|longer than"),
    "a memory error caught": (
        "try:\n        x = 'y' * 10**10\n    except BaseException:\n        return 1",
        "more than 32 MiB"),
    "a tower of powers": ("return 10 ** 10 ** 10", "more than 32 MiB|longer than|OverflowError"),
    "a shift": ("return 1 << 10**11", "more than 32 MiB|OverflowError"),
    "a factorial": ("import math; return math.factorial(10**7)",
                    "longer than|more than 32 MiB|ValueError|killed|stopped"),
    "a range made a list": ("return list(range(10**10))", "more than 32 MiB|longer than"),
    "padding": ("return '{:>9999999999}'.format('x')", "more than 32 MiB|ValueError"),
    "padding by f-string": ("w = 10**10; return f'{1:{w}}'", "more than 32 MiB|ValueError"),
    "ljust": ("return 'x'.ljust(10**10)", "more than 32 MiB|OverflowError"),
    "replace": ("return ('x' * 10**6).replace('x', 'y' * 10**6)", "more than 32 MiB"),
    "join": ("return ('y' * 10**6).join(['x'] * 10**5)", "more than 32 MiB"),
    "shared parts written out": ("x = ['y' * 10**6]; return x * 10**5", "more than 32 MiB"),
    "nests that double when written": (
        "x = ['y']\n    for _ in range(60): x = [x, x]\n    return x",
        "more than 32 MiB|longer than|stopped"),
    "much printed": ("print('x' * 10**7)", "printed too much"),
    "endless printing": ("while True: print('x' * 1000)", "printed too much|longer than"),
    "bytes": ("return len(bytes(10**10))", "more than 32 MiB"),
    "a product": ("import itertools\n    return list(itertools.product(range(99), repeat=9))",
                  "more than 32 MiB|longer than"),
    "a huge error": ("raise ValueError('x' * 10**7)", "ValueError: x+"),
}  # fmt: skip


@pytest.mark.parametrize("name", ESCAPES)
async def test_an_escape_is_stopped(sandbox: Sandbox, name: str) -> None:
    code, how = ESCAPES[name]
    with pytest.raises(SandboxError, match=f"^(?:{how})"):
        await sandbox.call(body(code), "f", {})
    assert (await sandbox.call(body("return 1 + 1"), "f", {})).content == "2"


@pytest.mark.parametrize("name", EXHAUSTIONS)
async def test_exhaustion_is_stopped(sandbox: Sandbox, name: str) -> None:
    code, how = EXHAUSTIONS[name]
    with pytest.raises(SandboxError, match=how) as caught:
        await sandbox.call(body(code), "f", {})
    assert len(str(caught.value)) < 2000
    assert len(caught.value.printed) <= LIMITS.output * 4
    assert (await sandbox.call(body("return 1 + 1"), "f", {})).content == "2"


REGEXES = {
    "nested": (r"(a+)+$", "a" * 40 + "b"),
    "alternatives": (r"(a|a)*$", "a" * 40 + "b"),
    "overlapping": (r"(.*a){20}", "a" * 25 + "b"),
    "mail": (r"^([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+$", "a" * 50 + "!"),
}


@pytest.mark.parametrize("name", REGEXES)
async def test_no_regular_expression_runs_away(sandbox: Sandbox, name: str) -> None:
    pattern, text = REGEXES[name]
    began = time.process_time()
    try:
        await sandbox.call(body(f"import re; re.search({pattern!r}, {text!r})"), "f", {})
    except SandboxError as exc:
        assert "limit" in str(exc) or "longer" in str(exc) or "backtrack" in str(exc).lower()
    assert time.process_time() - began < 5


SHADOWS = {
    "isinstance": "isinstance = lambda *a: True",
    "str": "str = list",
    "len": "len = lambda x: [['y' * 10**6] * 10**5]",
    "TypeError": "TypeError = ValueError",
    "dumps": "import json\njson.dumps = lambda *a, **k: ['y' * 10**6] * 10**5",
    "_json": "_json = None",
}


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


async def test_the_event_loop_goes_on_while_code_runs(sandbox: Sandbox) -> None:
    task = asyncio.create_task(sandbox.call(body("while True: pass"), "f", {}))
    ticks = 0
    while not task.done():
        await asyncio.sleep(0.01)
        ticks += 1
    with pytest.raises(SandboxError, match="longer than"):
        await task
    assert ticks > 10


async def test_a_worker_that_is_killed_is_replaced(sandbox: Sandbox) -> None:
    running = asyncio.create_task(sandbox.call(body("while True: pass"), "f", {}))
    await asyncio.sleep(0.2)
    for pid in _workers():
        os.kill(pid, 9)
    with pytest.raises(SandboxError, match=r"was stopped|longer than"):
        await running
    assert (await sandbox.call(body("return 'alive'"), "f", {})).content == "alive"


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
async def test_an_error_says_what_to_use_instead(sandbox: Sandbox, code: str) -> None:
    with pytest.raises(SandboxError) as caught:
        await sandbox.call(body(code), "f", {})
    assert caught.value.hint is not None
    assert HINTS[code] in caught.value.hint.en
    assert caught.value.hint.zh


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


def test_at_least_sixty_attacks_are_tried() -> None:
    assert len(ESCAPES) + len(EXHAUSTIONS) + len(REGEXES) + len(SHADOWS) >= 60
