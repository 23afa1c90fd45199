"""Checks the arguments of a call before the tool runs.

Separate from schema.py, which reads functions and imports much more: the gateway needs only this
file, and has to start quickly.
"""

from __future__ import annotations

from typing import Any

from core.errors import InvalidRequest
from core.tools.json_schema import problems
from core.translation.codec.json import decode_json
from core.translation.messages import Tool


class ToolArgumentError(Exception):
    """Invalid arguments. The message is for the model, so that it can correct its call."""


def parse_arguments(arguments: str) -> dict[str, Any]:
    """Return the arguments of a call as an object. Raises ToolArgumentError."""
    try:
        value = decode_json(arguments or "{}")
    except InvalidRequest as exc:
        raise ToolArgumentError(f"the arguments are not valid JSON: {exc.message}") from exc
    if not isinstance(value, dict):
        raise ToolArgumentError("the arguments must be a JSON object")
    return value


def validate_arguments(tool: Tool, arguments: str) -> dict[str, Any]:
    """Return the arguments as an object that fits the tool's schema. Raises ToolArgumentError."""
    value = parse_arguments(arguments)
    if tool.parameters is not None:
        found = problems(tool.parameters, value)
        if found:
            raise ToolArgumentError(
                "; ".join(f"{spell_path(p.path)}: {p.message}" for p in found[:5])
            )
    return value


def fits(tool: Tool, arguments: str) -> bool:
    """Tell whether a call's arguments fit the tool's schema."""
    try:
        validate_arguments(tool, arguments)
    except ToolArgumentError:
        return False
    return True


def spell_path(steps: list[Any]) -> str:
    """Return the path to a value as text for a model."""
    return ".".join(str(step) for step in steps) or "arguments"
