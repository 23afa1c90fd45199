"""The arguments of a call, checked before anything runs.

Apart from schema.py, which reads functions and loads much more for it: the gateway checks
calls too, and starts in a fraction of a second.
"""

from __future__ import annotations

from typing import Any

from core.errors import InvalidRequest
from core.translation.codec.json import decode_json
from core.translation.messages import Tool


class ToolArgumentError(Exception):
    """Arguments that do not fit. The text is for the model, to repair its call with."""


def parse_arguments(arguments: str) -> dict[str, Any]:
    """Return the object that a call's arguments spell. Raises ToolArgumentError."""
    try:
        value = decode_json(arguments or "{}")
    except InvalidRequest as exc:
        raise ToolArgumentError(f"the arguments are not valid JSON: {exc.message}") from exc
    if not isinstance(value, dict):
        raise ToolArgumentError("the arguments must be a JSON object")
    return value


def validate_arguments(tool: Tool, arguments: str) -> dict[str, Any]:
    """Return the arguments once they fit the tool's schema. Raises ToolArgumentError."""
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
    """Write the steps to a value as a model reads them."""
    return ".".join(str(step) for step in steps) or "arguments"
