"""One definition in each of the JSON formats: OpenAI's two, Ollama's, Anthropic's and MCP's.

They differ in how name, description and schema are wrapped. Keys that exist in one format only
(MCP's annotations, Anthropic's cache_control) are kept in the original and written back from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.tools.definitions.values import Definition, Format
from core.translation.codec.json import read_flag, read_name, read_object, read_text
from core.translation.messages import Tool

JSON_FORMS: Mapping[str, str] = {
    "openai": "parameters",
    "ollama": "parameters",
    "responses": "parameters",
    "anthropic": "input_schema",
    "mcp": "inputSchema",
}
"""The key of the schema of the arguments in each format."""

_WRAPPED = ("openai", "ollama")


def parse_form(value: Any, form: Format, path: str) -> Definition:
    """Read one definition. Raises InvalidRequest that names ``path``."""
    item = read_object(value, path)
    wrapped = form in _WRAPPED and "function" in item
    body = read_object(item["function"], f"{path}.function") if wrapped else item
    path = f"{path}.function" if wrapped else path
    key = JSON_FORMS[form]
    schema = body.get(key)
    if schema is not None:
        read_object(schema, f"{path}.{key}")
    name = read_name(body, path)
    tool = Tool(
        name=name,
        description=read_text(body.get("description"), f"{path}.description"),
        parameters=schema,
        strict=read_flag(body.get("strict"), f"{path}.strict") if form != "mcp" else None,
    )
    return Definition(tool=tool, original={form: item})


def dump_form(definition: Definition, form: Format) -> dict[str, Any]:
    """Write one definition; an unchanged one that was read from this format stays as it was."""
    tool, original = definition.tool, definition.original.get(form)
    if isinstance(original, dict):
        if parse_form(original, form, "$").tool == tool:
            return original
        wrapped = form in _WRAPPED and "function" in original
    else:
        original, wrapped = {}, form in _WRAPPED
    inner = original["function"] if wrapped and original else original
    body = _fresh(tool, form)
    extra = {k: v for k, v in inner.items() if k not in (*_OWN, JSON_FORMS[form])}
    if not wrapped:
        return {**body, **{k: v for k, v in extra.items() if k not in body}}
    outer = {k: v for k, v in original.items() if k not in ("type", "function")}
    return {"type": "function", "function": {**body, **extra}, **outer}


_OWN = ("name", "description", "strict")


def _fresh(tool: Tool, form: Format) -> dict[str, Any]:
    body: dict[str, Any] = {"type": "function"} if form == "responses" else {}
    body["name"] = tool.name
    if tool.description:
        body["description"] = tool.description
    if tool.parameters is not None:
        body[JSON_FORMS[form]] = tool.parameters
    elif form in ("anthropic", "mcp"):
        # Both require a schema, even for no arguments.
        body[JSON_FORMS[form]] = {"type": "object", "properties": {}}
    if tool.strict is not None and form in ("openai", "responses", "anthropic"):
        body["strict"] = tool.strict
    return body
