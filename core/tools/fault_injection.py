"""Injects faults into tool calls, to see how a model copes."""

from __future__ import annotations

from typing import Literal, get_args

from core.tools.toolbox import MAX_OUTPUT, TIMEOUT, ToolResult
from core.translation.codec.json import encode_json
from core.translation.messages import ToolCall

Fault = Literal["error", "timeout", "empty", "type", "huge"]

FAULTS: tuple[Fault, ...] = get_args(Fault)

_ROW = '{"id": "%06d", "name": "row %06d", "note": "01234567"}, '


def troubled(call: ToolCall, fault: Fault, *, timeout: float = TIMEOUT) -> ToolResult:
    """Return the result of a call with this fault; nothing is run.

    ``timeout`` is in seconds and only for the text of the result.
    """
    match fault:
        case "error":
            content = _error(f"{call.name} failed: the service behind it answered 500")
        case "timeout":
            content = _error(f"{call.name} did not finish within {timeout:g} s")
        case "empty":
            content = ""
        case "type":
            content = "[null, true, [[]]]"
        case "huge":
            content = _huge()
    ok = fault not in ("error", "timeout")
    return ToolResult(call=call, content=content, ok=ok, duration=0, how=f"fault_{fault}")


def _error(text: str) -> str:
    return encode_json({"error": text}).decode()


def _huge() -> str:
    """Return a JSON list of 200 kB."""
    count = MAX_OUTPUT // len(_ROW % (0, 0))
    return "[" + "".join(_ROW % (number, number) for number in range(count))[:-2] + "]"
