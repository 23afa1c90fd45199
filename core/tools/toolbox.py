"""A toolbox: tools by name, with their runners.

Calling never raises: the error of a tool is text for the model, which can correct its call or tell
the user. Only cancellation passes through.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from core.errors import InvalidRequest
from core.tools.arguments import ToolArgumentError, validate_arguments
from core.tools.schema import call_function, tool_from_function
from core.translation.codec.json import encode_json
from core.translation.messages import Tool, ToolCall

MAX_OUTPUT = 200_000
"""Characters of a result that a model gets to read."""

TIMEOUT = 30.0
"""Seconds that a call may take."""

Runner = Callable[[ToolCall], Awaitable[Any]]
"""Runs one call whose arguments fit the schema, and returns text or a JSON value."""


class ToolResult(Struct, frozen=True, kw_only=True):
    """The result of one call: ``content`` is the text for the model, ``duration`` is in ns.

    ``original`` is the answer of an MCP server, with images and audio. ``call`` is the call as it
    was run, perhaps with changed arguments. ``how`` is empty for a result of the tool; otherwise
    the tool did not run: see core.tools.approvals.
    """

    call: ToolCall
    content: str
    ok: bool
    duration: int
    how: str = ""
    original: Any = None


class Answered(Struct, frozen=True):
    """The return value of a runner that has more than text: the text, and the original."""

    text: str
    original: Any
    ok: bool = True


class Toolbox:
    """Tools by name, in the order in which they were added."""

    def __init__(self) -> None:
        self._tools: dict[str, Tool] = {}
        self._runners: dict[str, Runner] = {}
        self._functions: dict[str, Callable[..., Any]] = {}
        self._originals: dict[str, Any] = {}

    @property
    def tools(self) -> tuple[Tool, ...]:
        """The definitions, as they are shown to a model."""
        return tuple(self._tools.values())

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in order."""
        return tuple(self._tools)

    @property
    def functions(self) -> dict[str, Callable[..., Any]]:
        """The tools that were added as functions."""
        return dict(self._functions)

    def add(
        self,
        tool: Callable[..., Any] | Tool,
        runner: Runner | None = None,
        *,
        original: Any = None,
    ) -> Callable[..., Any] | Tool:
        """Add a function, or a definition with what runs it; works as a decorator.

        A definition without a runner is only shown to the model: the client runs the call. Raises
        InvalidRequest for a second tool of one name.
        """
        if isinstance(tool, Tool):
            definition = tool
        else:
            definition = tool_from_function(tool)
            runner = _running(tool)
            self._functions[definition.name] = tool
        if definition.name in self._tools:
            raise InvalidRequest(f"there is a tool {definition.name} already", path="name")
        self._tools[definition.name] = definition
        if runner is not None:
            self._runners[definition.name] = runner
        if original is not None:
            self._originals[definition.name] = original
        return tool

    def original(self, name: str) -> Any:
        """Return the definition of a tool as an MCP server gave it; None for any other tool."""
        return self._originals.get(name)

    def discard(self, name: str) -> None:
        """Remove a tool, if it exists."""
        for held in (self._tools, self._runners, self._functions, self._originals):
            held.pop(name, None)

    def subset(self, names: Iterable[str]) -> Toolbox:
        """Return a toolbox with some of these tools; unknown names are ignored."""
        chosen = Toolbox()
        for name in names:
            if name in self._tools:
                original = self._originals.get(name)
                chosen.add(self._tools[name], self._runners.get(name), original=original)
        return chosen

    def declaring(self, definitions: Iterable[Tool]) -> Toolbox:
        """Return a toolbox of other definitions, run by the tools of the same names in this one."""
        declared = Toolbox()
        for definition in definitions:
            declared.add(definition, self._runners.get(definition.name))
        return declared

    def runs(self, name: str) -> bool:
        """Tell whether a call of ``name`` is answered here, perhaps with an error."""
        return name in self._runners or name not in self._tools

    async def call(self, call: ToolCall, *, timeout: float = TIMEOUT) -> ToolResult:
        """Run one call; ``timeout`` is in seconds. Errors are in the text of the result."""
        began = time.monotonic_ns()
        original = None
        try:
            async with asyncio.timeout(timeout):
                value = await self._run(call)
            content, ok = _text(value), True
            if isinstance(value, Answered):
                ok, original = value.ok, value.original
                content = value.text if ok else _error(value.text)
        except ToolArgumentError as exc:
            content, ok = _error(f"{exc}. Correct the arguments and call again."), False
        except TimeoutError:
            content, ok = _error(f"{call.name} did not finish within {timeout:g} s"), False
        except Exception as exc:
            # A tool is third-party code: whatever it raises goes to the model.
            content, ok = _error(_reason(exc)), False
        duration = time.monotonic_ns() - began
        content = _cut(content)
        return ToolResult(call=call, content=content, ok=ok, duration=duration, original=original)

    async def _run(self, call: ToolCall) -> Any:
        definition = self._tools.get(call.name)
        runner = self._runners.get(call.name)
        if definition is None or runner is None:
            known = ", ".join(self._runners) or "none"
            raise ToolArgumentError(f"there is no tool {call.name!r}; the tools are: {known}")
        return await runner(call)


def declared(tool: Tool, runner: Callable[[dict[str, Any]], Awaitable[Any]]) -> Runner:
    """Return a runner that validates the arguments and passes them on as a dict."""

    async def run(call: ToolCall) -> Any:
        return await runner(validate_arguments(tool, call.arguments))

    return run


def with_ids(calls: Iterable[ToolCall], turn: int) -> tuple[ToolCall, ...]:
    """Return the calls with an id each, the same for the same turn and place."""
    return tuple(
        call if call.id else replace(call, id=f"call_{turn}_{index}")
        for index, call in enumerate(calls)
    )


def _running(function: Callable[..., Any]) -> Runner:
    async def run(call: ToolCall) -> Any:
        if inspect.iscoroutinefunction(function):
            return await call_function(function, call.arguments)
        return await asyncio.to_thread(call_function, function, call.arguments)

    return run


def _reason(exc: Exception) -> str:
    """Return the error as text: a built-in exception class is informative, a class of Diglot is
    not.
    """
    own = type(exc).__module__.startswith("core.")
    return str(exc) if own and str(exc) else f"{type(exc).__name__}: {exc}"


def _text(value: Any) -> str:
    if isinstance(value, Answered):
        return value.text
    return value if isinstance(value, str) else encode_json(value).decode()


def _error(text: str) -> str:
    return encode_json({"error": text}).decode()


def _cut(content: str) -> str:
    if len(content) <= MAX_OUTPUT:
        return content
    return f"{content[:MAX_OUTPUT]}\n[cut: {len(content) - MAX_OUTPUT} more characters]"
