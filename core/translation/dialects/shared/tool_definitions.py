"""Tool definitions, whose shape Ollama took over from OpenAI. Schemas pass through untouched."""

from __future__ import annotations

from typing import Any

from core.errors import InvalidRequest, Unsupported
from core.translation.codec.json import read_flag, read_items, read_object, read_text
from core.translation.messages import Tool

__all__ = ["dump_tool", "parse_functions", "parse_tools"]


def parse_tools(value: Any, *, strict: bool = False) -> tuple[Tool, ...]:
    """Read tool definitions, whose shape is the same in both dialects.

    ``strict`` is OpenAI's alone. Ollama ignores the key, and OpenAI refuses schemas under it
    that are fine without: a native client must not be taken to have asked for it.
    """
    tools = []
    for index, item in enumerate(read_items(value, "tools")):
        path = f"tools[{index}]"
        kind = read_object(item, path).get("type")
        if kind not in (None, "", "function"):
            raise Unsupported(f"{path}: only tools of type function are known", path=f"{path}.type")
        tools.append(_parse_function(item.get("function"), f"{path}.function", strict=strict))
    return tuple(tools)


def parse_functions(value: Any) -> tuple[Tool, ...]:
    """Read OpenAI's older ``functions``: the same definitions without a wrapper."""
    items = read_items(value, "functions")
    return tuple(
        _parse_function(item, f"functions[{i}]", strict=True) for i, item in enumerate(items)
    )


def _parse_function(value: Any, path: str, *, strict: bool) -> Tool:
    function = read_object(value, path)
    name = read_text(function.get("name"), f"{path}.name")
    if not name:
        raise InvalidRequest(f"{path}.name is missing", path=f"{path}.name")
    parameters = function.get("parameters")
    if parameters is not None:
        read_object(parameters, f"{path}.parameters")
    return Tool(
        name=name,
        description=read_text(function.get("description"), f"{path}.description"),
        parameters=parameters,
        strict=read_flag(function.get("strict"), f"{path}.strict") if strict else None,
    )


def dump_tool(tool: Tool, *, strict: bool = False) -> dict[str, Any]:
    """Write one tool definition with its schema untouched; ``strict`` is OpenAI's alone."""
    function: dict[str, Any] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    if tool.parameters is not None:
        function["parameters"] = tool.parameters
    if strict and tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}
