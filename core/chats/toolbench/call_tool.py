"""Runs tools for the tool page: the process's own tools, and people's Python in a sandbox."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from core.backends.fleet import Fleet
from core.errors import InvalidRequest
from core.tools.arguments import ToolArgumentError, validate_arguments
from core.tools.cases.predicate import CHECK, predicate_source
from core.tools.definitions.values import Definition
from core.tools.runners.all_tools import ToolRuntime
from core.tools.runners.sandbox import SandboxError
from core.tools.toolbox import Toolbox, ToolResult
from core.translation.codec.json import encode_json
from core.translation.messages import ToolCall


class HandResult(Struct, frozen=True, kw_only=True):
    """The result of a call by hand, and what the tool printed."""

    result: ToolResult
    printed: str = ""


class Runners:
    """Finds what runs a definition: its own Python in a sandbox, its own HTTP request, or a tool
    of the same name."""

    def __init__(self, fleet: Fleet, tool_runtime: ToolRuntime) -> None:
        self._fleet = fleet
        self.tool_runtime = tool_runtime

    def box(self, definitions: Sequence[Definition]) -> Toolbox:
        """Return a toolbox of these definitions, connected to whatever can run them.

        Raises InvalidRequest for two of one name.
        """
        return self.tool_runtime.box(tuple(definitions))

    def runs(self, definition: Definition) -> bool:
        """Tell whether this definition can be run here."""
        return self.box([definition]).runs(definition.tool.name)

    def call(self, definition: Definition, arguments: str) -> HandResult:
        """Call a tool by hand, from any thread. A tool's failure is in the result's text.

        Raises InvalidRequest where nothing runs it.
        """
        call = ToolCall(id="by_hand", name=definition.tool.name, arguments=arguments)
        if definition.source:
            return self._fleet.call(self._call_source(definition, call), timeout=60)
        box = self.box([definition])
        if not box.runs(call.name):
            raise InvalidRequest(f"nothing here runs {call.name}", path="name")
        return HandResult(result=self._fleet.call(box.call(call), timeout=60))

    async def check(self, predicate: str, names: Mapping[str, Any]) -> Any:
        """Run the Python of a case (core.tools.cases.judging.Check)."""
        outcome = await self.tool_runtime.sandbox.call(predicate_source(predicate), CHECK, names)
        return json.loads(outcome.content)

    async def _call_source(self, definition: Definition, call: ToolCall) -> HandResult:
        began, printed = time.monotonic_ns(), ""
        try:
            arguments = validate_arguments(definition.tool, call.arguments)
            outcome = await self.tool_runtime.sandbox.call(definition.source, call.name, arguments)
            content, ok, printed = outcome.content, True, outcome.printed
        except (ToolArgumentError, SandboxError, InvalidRequest) as exc:
            content, ok = encode_json({"error": str(exc)}).decode(), False
            printed = exc.printed if isinstance(exc, SandboxError) else ""
        took = time.monotonic_ns() - began
        result = ToolResult(call=call, content=content, ok=ok, duration=took)
        return HandResult(result=result, printed=printed)
