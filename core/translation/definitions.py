"""Tool definitions, whose shape Ollama took over from OpenAI. Schemas pass through untouched."""

from __future__ import annotations

from typing import Any

from core.errors import InvalidRequest, Unsupported
from core.translation.messages import Tool
from core.translation.reading import read_flag, read_items, read_object, read_text

__all__ = ["dump_tool", "parse_tools"]


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
        function = read_object(item.get("function"), f"{path}.function")
        name = read_text(function.get("name"), f"{path}.function.name")
        if not name:
            raise InvalidRequest(f"{path}.function.name is missing", path=f"{path}.function.name")
        parameters = function.get("parameters")
        if parameters is not None:
            read_object(parameters, f"{path}.function.parameters")
        tools.append(
            Tool(
                name=name,
                description=read_text(function.get("description"), f"{path}.function.description"),
                parameters=parameters,
                strict=read_flag(function.get("strict"), f"{path}.function.strict")
                if strict
                else None,
            )
        )
    return tuple(tools)


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
