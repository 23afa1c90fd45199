"""Checks the arguments of a call before the tool runs.

Separate from schema.py, which reads functions and imports much more: the gateway needs only this
file, and has to start quickly.
"""

from __future__ import annotations

from typing import Any

from core.errors import InvalidRequest
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
        # A tenth of the time that the gateway takes to start, and most requests have no tools.
        from jsonschema import Draft202012Validator

        checker = Draft202012Validator(dict(tool.parameters))
        problems = sorted(checker.iter_errors(value), key=lambda error: list(error.path))
        if problems:
            raise ToolArgumentError(
                "; ".join(f"{spell_path(list(p.absolute_path))}: {p.message}" for p in problems[:5])
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
