"""Definitions written as Python keep bodies and helpers."""

from __future__ import annotations

import json
from typing import Any

from core.tools.definitions.reading import dump_as, dump_text, parse_any

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "description": "The city.\nIn full.", "minLength": 1},
        "unit": {"enum": ["c", "f"], "type": "string", "default": "c", "x-mine": True},
        "at": {"type": ["string", "null"], "format": "date-time"},
        "where": {"$ref": "#/$defs/Point"},
        "from": {"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "null"}]}},
        "a-b": {"oneOf": [{"const": 1}, {"const": True}]},
    },
    "required": ["from", "city"],
    "$defs": {"Point": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Point"}}}},
    "examples": [{"city": "北京"}],
}
BODY = {"name": "get_weather", "description": 'The "weather" \\ now.', }  # fmt: skip
TEXTS: dict[str, Any] = {
    "openai": [{"type": "function", "function": {**BODY, "parameters": SCHEMA, "strict": False},
                "x-mine": {"a": 1}}],
    "responses": [{"type": "function", **BODY, "parameters": SCHEMA, "strict": True, "x": 2}],
    "anthropic": [{**BODY, "input_schema": SCHEMA, "cache_control": {"type": "ephemeral"}}],
    "mcp": {"jsonrpc": "2.0", "id": 1, "result": {"tools": [
        {**BODY, "inputSchema": SCHEMA, "outputSchema": {"type": "object"}, "title": "Weather",
         "annotations": {"readOnlyHint": True}, "_meta": {"a": None}}]}},
    "ollama": [{"function": {**BODY, "parameters": SCHEMA}}],
}  # fmt: skip


def test_a_parameter_edited_in_python_changes_that_alone() -> None:
    (first,) = parse_any(json.dumps(TEXTS["openai"])).definitions
    text = dump_text([first], "python").replace("city: Annotated[str", "city: Annotated[int")
    text = text.replace("min_length=1", "ge=1")
    (edited,) = parse_any(text, known=[first]).definitions
    schema: Any = edited.tool.parameters
    assert schema["properties"]["city"]["type"] == "integer"
    before = {k: v for k, v in SCHEMA["properties"].items() if k != "city"}
    assert {k: v for k, v in schema["properties"].items() if k != "city"} == before
    assert schema["$defs"] == SCHEMA["$defs"]
    assert "additionalProperties" not in schema


def test_a_source_keeps_its_body_and_helpers_when_its_schema_is_edited() -> None:
    source = (
        "LIMIT = 3\n\n\ndef _double(x):\n    return 2 * x\n\n\n"
        'def twice(x: int) -> int:\n    """Double a number."""\n    return _double(x)\n'
    )
    (first,) = parse_any(source).definitions
    assert first.source.strip() == source.strip()
    text = dump_text([first], "openai").replace("Double a number.", "Double any number.")
    (edited,) = parse_any(text, known=[first]).definitions
    written = dump_as(edited, "python")
    assert '"""Double any number."""' in written
    assert "return _double(x)" in written and "LIMIT = 3" in written
    assert parse_any(written).tools == (edited.tool,)
