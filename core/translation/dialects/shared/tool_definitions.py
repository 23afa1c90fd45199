"""Tool definitions, whose shape Ollama took over from OpenAI. Schemas pass through untouched.

OpenAI's custom tools take text instead of an object. Elsewhere such a tool is a function of one
string, and the rule that its text has to follow stands in that string's description.
"""

from __future__ import annotations

from typing import Any

from core.translation.codec.json import (
    arguments_object,
    encode_json,
    read_flag,
    read_items,
    read_name,
    read_object,
    read_text,
)
from core.translation.fields.kinds import left_out
from core.translation.messages import Tool

_INPUT = "input"


def parse_tools(value: Any, dialect: str) -> tuple[Tool, ...]:
    """Read tool definitions, whose shape is the same in ``openai`` and ``ollama``.

    ``strict`` is OpenAI's alone. Ollama ignores the key, and OpenAI refuses schemas under it
    that are fine without: a native client must not be taken to have asked for it.
    """
    tools = []
    for index, item in enumerate(read_items(value, "tools")):
        path = f"tools[{index}]"
        body = read_object(item, path)
        if left_out(dialect, "tools[]", body):
            continue
        if body.get("type") == "custom" and "input_schema" not in body:
            tools.append(parse_custom(body.get("custom"), f"{path}.custom"))
            continue
        tools.append(parse_definition(body, path, strict=dialect == "openai", wrapped=True))
    return tuple(tools)


def parse_definition(
    body: dict[str, Any], path: str, *, strict: bool = True, wrapped: bool = False
) -> Tool:
    """Read a function in any API's form: wrapped in ``function``, or bare, its schema by any name.

    Clients that know several APIs send the form of one to another, and Ollama takes it.
    ``wrapped`` is the form that the API has itself.
    """
    bare = not isinstance(body.get("function"), dict) and ("name" in body or not wrapped)
    return _parse_function(
        body if bare else body.get("function"), path if bare else f"{path}.function", strict=strict
    )


def parse_custom(value: Any, path: str) -> Tool:
    """Read a tool that takes text as a function of one string."""
    custom = read_object(value, path)
    name = read_name(custom, path)
    text: dict[str, Any] = {"type": "string"}
    grammar = custom.get("format")
    # Chat completions wrap what stands bare in the responses API.
    grammar = grammar.get("grammar", grammar) if isinstance(grammar, dict) else {}
    if isinstance(grammar, dict) and isinstance(grammar.get("definition"), str):
        rule = f"It follows this {grammar.get('syntax') or 'lark'} grammar:"
        text["description"] = f"{rule}\n{grammar['definition']}"
    return Tool(
        name=name,
        description=read_text(custom.get("description"), f"{path}.description"),
        parameters={"type": "object", "properties": {_INPUT: text}, "required": [_INPUT]},
    )


def pack_input(text: str) -> str:
    """Return the text for a custom tool as the arguments of the function that stands for it."""
    return encode_json({_INPUT: text}).decode()


def unpack_input(arguments: str) -> str:
    """Return the text that a call has for a custom tool: the opposite of ``pack_input``.

    A model that misses the one string still said something: what it said is the text.
    """
    given = arguments_object(arguments)
    text = given.get(_INPUT) if given.keys() <= {_INPUT} else None
    return text if isinstance(text, str) else arguments


def parse_functions(value: Any) -> tuple[Tool, ...]:
    """Read OpenAI's older ``functions``: the same definitions without a wrapper.

    Anything but a list of objects holds none, as Ollama does not look at it.
    """
    items = value if isinstance(value, list) else []
    return tuple(
        _parse_function(item, f"functions[{i}]", strict=True)
        for i, item in enumerate(items)
        if isinstance(item, dict)
    )


def _parse_function(value: Any, path: str, *, strict: bool) -> Tool:
    function = read_object(value, path)
    name = read_name(function, path)
    key = "input_schema" if function.get("parameters") is None else "parameters"
    parameters = function.get(key)
    if parameters is not None:
        read_object(parameters, f"{path}.{key}")
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
