"""Runs untrusted Python in a sandbox without access to anything: pydantic-monty.

Monty is an interpreter of its own for a part of Python, in a worker process: no files, no network,
no imports but a few harmless modules, and hard limits of time, memory and depth that the code
cannot catch. A worker that exceeds its time is killed and replaced.
"""

from __future__ import annotations

import ast
import asyncio
import re
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from core.errors import InvalidRequest
from core.note import Note
from core.tools.arguments import validate_arguments
from core.tools.definitions.python import read_tree, source_lines
from core.tools.definitions.python_types import TypeReader
from core.tools.definitions.python_writing import python_name
from core.tools.definitions.values import Definition
from core.tools.runners.sandbox_hints import hint_for
from core.tools.toolbox import MAX_OUTPUT, Runner
from core.translation.messages import ToolCall
from core.words import DEFAULT

if TYPE_CHECKING:
    import pydantic_monty


class SandboxLimits(Struct, frozen=True, kw_only=True):
    """Limits of one call: seconds, bytes of memory, characters printed and returned."""

    time: float = 2.0
    memory: int = 64 * 1024 * 1024
    output: int = MAX_OUTPUT
    depth: int = 200


class Outcome(Struct, frozen=True, kw_only=True):
    """What a call returned, as text or JSON text, what it printed, and how long it took (ns)."""

    content: str
    printed: str
    duration: int


class SandboxError(Exception):
    """The code failed or was stopped. ``hint`` says what to use instead, where that is known."""

    def __init__(self, message: str, *, hint: Note | None = None, printed: str = "") -> None:
        super().__init__(f"{message}. {hint.text(DEFAULT)}" if hint else message)
        self.message = message
        self.hint = hint
        self.printed = printed


# Type hints are for the schema only; the interpreter does not know them.
_PRELUDE = """\
def Field(default=None, **words):
    return default
def WithJsonSchema(schema):
    return None
"""
_SCHEMA_MODULES = frozenset(
    "typing typing_extensions pydantic enum collections.abc __future__".split()
)
# What is returned becomes text inside, where the limits hold: a small value whose parts are
# shared can be huge once it is written out. Names may have been given other meanings by then,
# so only statements and methods of literals are trusted, which cannot.
_CALL = """
import json as _json
_value = {call}
try:
    _text = "".join([_value])
except TypeError:
    _text = _json.dumps(_value, ensure_ascii=False)
[_value is None, "".join([_text])[:{most}], "".join([_text]).count("") - 1]
"""
_GRACE = 1.0


class Sandbox:
    """Worker processes, started when first needed, for calls of user-written Python."""

    def __init__(self, limits: SandboxLimits | None = None, *, workers: int = 2) -> None:
        self.limits = limits or SandboxLimits()
        self._workers = workers
        self._threads: ThreadPoolExecutor | None = None
        self._pool: pydantic_monty.Monty | None = None
        self._lock = threading.Lock()

    def runner(self, definition: Definition) -> Runner:
        """Return what runs a definition's source. Raises InvalidRequest where it has none."""
        if not definition.source:
            name = definition.tool.name
            raise InvalidRequest(f"{name} has no Python source to run", path="source")

        async def run(call: ToolCall) -> str:
            arguments = validate_arguments(definition.tool, call.arguments)
            outcome = await self.call(definition.source, definition.tool.name, arguments)
            return outcome.content

        return run

    async def call(self, source: str, name: str, arguments: Mapping[str, Any]) -> Outcome:
        """Call the function ``name`` of a source. Raises SandboxError, or InvalidRequest for
        what cannot even be read.

        A cancelled caller does not wait; the worker ends by its own limits.
        """
        code = _prepared(source, name, self.limits.output)
        with self._lock:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(self._workers, "sandbox")
            threads = self._threads
        return await asyncio.get_running_loop().run_in_executor(
            threads, self._call, code, dict(arguments)
        )

    def close(self) -> None:
        """End all workers; a call that is made later starts new ones."""
        with self._lock:
            threads, pool, self._threads, self._pool = self._threads, self._pool, None, None
        if threads is not None:
            threads.shutdown(wait=True, cancel_futures=True)
        if pool is not None:
            pool.__exit__(None, None, None)

    def _call(self, code: str, arguments: dict[str, Any]) -> Outcome:
        # Not at the top: the gateway alone has no need of it, and starts faster without.
        import pydantic_monty as monty

        began = time.monotonic_ns()
        printed = monty.CollectString(max_bytes=self.limits.output * 4)
        try:
            with self._opened().checkout(
                script_name="tool.py",
                limits={
                    "max_feed_duration_secs": self.limits.time,
                    "max_memory": self.limits.memory,
                    "max_recursion_depth": self.limits.depth,
                    "max_suspensions": 20,
                    "max_total_sleep_secs": self.limits.time,
                },
            ) as session:
                session.feed_run(_PRELUDE)
                nothing, text, length = session.feed_run(
                    code, inputs={"_arguments": arguments}, print_callback=printed
                )
        # Numbers too long to be read back raise Python's own ValueError.
        except (monty.MontyError, ValueError, TypeError) as exc:
            raise _error(exc, self.limits, printed.output) from exc
        except TimeoutError as exc:
            raise SandboxError("all workers are busy; try again in a moment") from exc
        if nothing and printed.output:
            text, length = printed.output[: self.limits.output], len(printed.output)
        if length > len(text):
            text += f"\n[cut: {length - len(text)} more characters]"
        duration = time.monotonic_ns() - began
        return Outcome(content=text, printed=printed.output, duration=duration)

    def _opened(self) -> pydantic_monty.Monty:
        import pydantic_monty as monty

        with self._lock:
            if self._pool is None:
                pool = monty.Monty(
                    min_processes=1,
                    max_processes=self._workers,
                    checkout_timeout=30.0,
                    # For a worker that does not stop by its own time limit.
                    request_timeout=self.limits.time + _GRACE,
                    feed_duration_limit_grace=_GRACE,
                    max_checkouts_per_worker=200,
                )
                self._pool = pool.__enter__()
            return self._pool


def _prepared(source: str, name: str, most: int) -> str:
    """Return the code to run: the source without type hints, and the call."""
    tree = read_tree(source)
    lines = source_lines(source)
    reader = TypeReader()
    function: ast.FunctionDef | ast.AsyncFunctionDef | None = None
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if node.name == python_name(name):
                function = node
        elif _is_for_schema(node, reader):
            # Line numbers stay the same, for error messages.
            end = node.end_lineno or node.lineno
            first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
            lines[first - 1 : end] = [""] * (end - first + 1)
    if function is None:
        raise InvalidRequest(f"the source has no function {python_name(name)}", path="source")
    names = _renamed(function)
    passed = ", ".join(f"{own}=_arguments[{key!r}]" for key, own in names.items())
    whole = f"{function.name}(**_arguments)" if not names else (
        f"{function.name}(**{{k: v for k, v in _arguments.items() if k not in {list(names)!r}}}"
        + f", {passed})"
    )  # fmt: skip
    call = f"await {whole}" if isinstance(function, ast.AsyncFunctionDef) else whole
    return "\n".join(lines) + _CALL.format(call=call, most=most)


def _is_for_schema(node: ast.stmt, reader: TypeReader) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module in _SCHEMA_MODULES
    known = False
    with suppress(InvalidRequest):
        known = reader.add(node)
    if isinstance(node, ast.ClassDef):
        return known and bool(node.bases)
    value = getattr(node, "value", None)
    return known and isinstance(value, ast.Subscript | ast.BinOp)


def _renamed(function: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, str]:
    """Return the JSON names that are not Python names, from ``Field(alias=...)``."""
    found = {}
    for argument in (*function.args.args, *function.args.kwonlyargs):
        hint = argument.annotation
        for node in ast.walk(hint) if hint is not None else ():
            if isinstance(node, ast.keyword) and node.arg == "alias":
                with suppress(ValueError):
                    found[str(ast.literal_eval(node.value))] = argument.arg
    return found


def _error(exc: Exception, limits: SandboxLimits, printed: str) -> SandboxError:
    import pydantic_monty as monty

    if isinstance(exc, monty.MontyCrashedError):
        message = "the code was stopped: it used more than it may"
        return SandboxError(message, hint=hint_for("killed", ""), printed=printed)
    kind = message = ""
    if isinstance(exc, monty.MontySyntaxError | monty.MontyRuntimeError):
        kind, _, message = exc.display("type-msg").partition(": ")
        frames = exc.traceback()
        line = next((f.line for f in reversed(frames) if f.filename.endswith("tool.py")), 0)
    else:
        kind, message, line = type(exc).__name__, str(exc), 0
    message = re.sub(r"\s+", " ", message[:2000])[:500]
    hint = hint_for(kind, message)
    if kind == "TimeoutError" and "limit exceeded" in message:
        message = f"it ran for longer than {limits.time:g} s"
    elif kind == "MemoryError" and "memory limit" in message:
        message = f"it needed more than {limits.memory // 1024 // 1024} MiB, or printed too much"
    where = f" (line {line})" if line else ""
    return SandboxError(f"{kind}: {message}{where}", hint=hint, printed=printed)
