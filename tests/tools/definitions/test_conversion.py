"""What each target keeps of a definition, held against the real thing where that can run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_args

import httpx
import ollama
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from ollama._types import ChatRequest
from openai.lib._pydantic import _ensure_strict_json_schema
from pydantic import ValidationError

from core.tools.definitions.conversion import convert
from core.tools.definitions.conversion_notes import REASONS, TARGETS, Target
from core.translation.messages import Tool
from core.words import languages
from tests.support.examples import examples
from tests.support.servers import Ollama

DEEP: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "description": "City", "minLength": 1, "default": "北京"},
        "unit": {"type": ["string"], "enum": ["c", "f"], "title": "Unit"},
        "maybe": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}]},
        "one": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
        "where": {"$ref": "#/$defs/Point", "description": "Where"},
        "days": {"type": "array", "items": {"type": "string", "format": "date"}, "minItems": 1},
        "opts": {"type": "object", "properties": {"a": {"type": "string", "pattern": "^x"}},
                 "required": ["a"], "additionalProperties": False},
        "free": {},
        "empty": {"type": "string", "enum": [], "description": ""},
    },
    "required": ["city", "days"],
    "additionalProperties": False,
    "$defs": {"Point": {"type": "object", "properties": {"x": {"type": "number"}}}},
    "title": "Weather",
}  # fmt: skip
TOOL = Tool(name="get_weather", description="Tell.", parameters=DEEP, strict=True)


def fates(tool: Tool, target: Target) -> dict[str, str]:
    return {row.path: row.fate for row in convert(tool, target).rows}


def test_diglot_keeps_everything() -> None:
    conversion = convert(TOOL, "diglot")
    assert not conversion.lost
    assert conversion.result is not None and conversion.result["parameters"] == DEEP


def test_the_report_names_each_path_with_a_reason_in_both_languages() -> None:
    found = fates(TOOL, "ollama")
    assert found["parameters.properties.city.default"] == "dropped"
    assert found["parameters.properties.unit.type"] == "changed"
    assert found["parameters.properties.opts.required"] == "dropped"
    assert found["parameters.properties.days.items.format"] == "kept"
    assert found["parameters.properties.where.$ref"] == "dropped"
    assert fates(TOOL, "ollama_new")["parameters.properties.opts.required"] == "kept"
    assert fates(TOOL, "ollama_python")["parameters.properties.opts.properties"] == "dropped"
    assert fates(TOOL, "anthropic")["parameters.properties.one.oneOf[0].type"] == "kept"
    strict = fates(TOOL, "openai_strict")
    assert strict["parameters.required"] == "changed"
    assert strict["parameters.properties.one.oneOf"] == "dropped"
    assert strict["parameters.properties.opts.type"] == "changed"
    for target in TARGETS:
        for row in convert(TOOL, target).lost:
            assert row.note is not None and all(map(row.note.text, languages()))


def test_every_reason_says_it_in_both_languages() -> None:
    assert set(TARGETS) == set(get_args(Target))
    for note in (*REASONS.values(), *TARGETS.values()):
        assert all(map(note.text, languages()))


NAMES = st.sampled_from(["a", "b", "城市"])
KEYWORDS: dict[str, Any] = {
    "type": st.sampled_from(["string", "integer", "object", "array", ["string", "null"], ["x"]]),
    "description": st.sampled_from(["", "words"]),
    "enum": st.sampled_from([[], ["a", 1, None]]),
    "default": st.sampled_from([None, 1, "x"]),
    "minimum": st.just(1),
    "format": st.just("date"),
    "title": st.just("T"),
    "const": st.just(3),
    "required": st.sampled_from([[], ["a"]]),
    "additionalProperties": st.booleans(),
    "$ref": st.just("#/$defs/P"),
}
SCHEMAS = st.recursive(
    st.fixed_dictionaries({}, optional=KEYWORDS),
    lambda inner: st.fixed_dictionaries({}, optional={
        **KEYWORDS,
        "items": inner,
        "anyOf": st.lists(inner, max_size=2),
        "oneOf": st.lists(inner, max_size=2),
        "properties": st.dictionaries(NAMES, inner, max_size=2),
    }),
    max_leaves=5,
)  # fmt: skip
TOOLS = st.builds(
    lambda description, schema, strict: Tool(
        name="f", description=description, parameters=schema, strict=strict
    ),
    st.sampled_from(["", "Words."]),
    st.none()
    | st.fixed_dictionaries(
        {},
        optional={
            "type": st.just("object"),
            "properties": st.dictionaries(NAMES, SCHEMAS, max_size=3),
            "required": st.sampled_from([[], ["a"]]),
            "$defs": st.dictionaries(NAMES, SCHEMAS, max_size=1),
            "items": SCHEMAS,
            "additionalProperties": st.just(False),
            "title": st.just("T"),
        },
    ),
    st.sampled_from([None, True]),
)


def by_the_package(tool: Tool) -> Any:
    """Return what ollama's own client would send of a tool."""
    function: dict[str, Any] = {"name": tool.name, "description": tool.description}
    if not tool.description:
        del function["description"]
    if tool.parameters is not None:
        function["parameters"] = tool.parameters
    sent = ollama.Tool.model_validate({"type": "function", "function": function})
    body = ChatRequest(model="m", tools=[sent]).model_dump(exclude_none=True)
    return body["tools"][0]["function"]


@pytest.mark.slow
@settings(deadline=None, max_examples=examples(200))
@given(TOOLS)
def test_the_python_package_loses_just_what_is_said(tool: Tool) -> None:
    assert convert(tool, "ollama_python").result == by_the_package(tool)


@pytest.mark.parametrize("schema", [{"type": "string"}, {"properties": {"a": True}}])
def test_what_the_python_package_refuses_is_said(schema: dict[str, Any]) -> None:
    tool = Tool(name="f", parameters=schema)
    assert convert(tool, "ollama_python").result is None
    with pytest.raises(ValidationError):
        by_the_package(tool)


STRICT = Tool(name="f", parameters={
    "type": "object",
    "properties": {
        "a": {"type": "string"},
        "b": {"type": "object", "properties": {"c": {"type": "integer"}}, "required": ["c"]},
        "d": {"type": "array", "items": {"type": "object", "properties": {}}},
        "e": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "p": {"$ref": "#/$defs/P"},
    },
    "required": ["a", "b", "d", "e", "p"],
    "$defs": {"P": {"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]}},
})  # fmt: skip


def test_strict_mode_wants_what_openais_own_sdk_makes() -> None:
    schema: Any = json.loads(json.dumps(STRICT.parameters))
    wanted = _ensure_strict_json_schema(schema, path=(), root=schema)
    conversion = convert(STRICT, "openai_strict")
    assert conversion.result is not None
    assert conversion.result["parameters"] == wanted


def test_what_may_be_left_out_may_be_null_in_strict_mode() -> None:
    conversion = convert(replace(TOOL, strict=None), "openai_strict")
    assert conversion.result is not None
    schema = conversion.result["parameters"]
    assert schema["required"] == list(DEEP["properties"])
    assert schema["properties"]["city"]["type"] == "string"
    assert schema["properties"]["opts"]["type"] == ["object", "null"]
    assert schema["properties"]["one"]["anyOf"][-1] == {"type": "null"}
    assert schema["properties"]["where"] == {
        "description": "Where", "anyOf": [{"$ref": "#/$defs/Point"}, {"type": "null"}],
    }  # fmt: skip
    assert convert(Tool(name="f", parameters={"anyOf": []}), "openai_strict").result is None


def seen_by_ollama(server: Ollama, tool: Tool) -> tuple[int, Any]:
    """Return what the server gives to a model's template of a tool, by rendering it alone."""
    function: dict[str, Any] = {"name": tool.name, "description": tool.description}
    if tool.parameters is not None:
        function["parameters"] = tool.parameters
    body = {
        "model": "tool-printer",
        "messages": [{"role": "user", "content": "?"}],
        "tools": [{"type": "function", "function": function}],
        "_debug_render_only": True,
        "stream": False,
    }
    reply = httpx.post(f"{server.url}/api/chat", json=body, timeout=120, trust_env=False)
    if reply.status_code != 200:
        return reply.status_code, reply.json()
    text = reply.json()["_debug_info"]["rendered_template"]
    return 200, json.loads(text)[0]["function"]


@pytest.fixture(scope="module")
def printer(ollama_server: Ollama) -> Iterator[Ollama]:
    """The real server, with a model whose template prints its tools and nothing else."""
    template = "{{ if .Tools }}{{ json .Tools }}{{ end }}{{ range .Messages }}{{ end }}"
    body = {"model": "tool-printer", "from": "smollm2", "template": template, "stream": False}
    reply = httpx.post(f"{ollama_server.url}/api/create", json=body, timeout=120, trust_env=False)
    assert reply.status_code == 200, reply.text
    yield ollama_server
    # The server is shared, and other tests take the first model that they find there.
    gone = {"model": "tool-printer"}
    reply = httpx.request("DELETE", f"{ollama_server.url}/api/delete", json=gone, trust_env=False)
    assert reply.status_code == 200, reply.text


@pytest.mark.ollama
def test_the_real_server_keeps_just_what_is_said(printer: Ollama) -> None:
    for tool in (TOOL, STRICT, Tool(name="f"), Tool(name="f", parameters={"type": "object"})):
        status, seen = seen_by_ollama(printer, tool)
        assert status == 200, seen
        assert convert(tool, "ollama").result == seen


@pytest.mark.ollama
@settings(deadline=None, max_examples=examples(60))
@given(tool=TOOLS)
def test_the_real_server_reads_any_definition_as_we_say(printer: Ollama, tool: Tool) -> None:
    status, seen = seen_by_ollama(printer, tool)
    result = convert(tool, "ollama").result
    assert (result is None) == (status != 200), seen
    if result is not None:
        assert result == seen


@pytest.mark.ollama
@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": True}},
        {"type": ["object"]},
        {"type": "object", "properties": {"a": {"type": 3}}},
        {"type": "object", "properties": {"a": {"description": 3}}},
        {"type": "object", "properties": {"a": {"enum": "x"}}},
        {"type": "object", "properties": {}, "required": "a"},
    ],
)
def test_the_real_server_refuses_what_we_say(printer: Ollama, schema: dict[str, Any]) -> None:
    tool = Tool(name="f", parameters=schema)
    status, _ = seen_by_ollama(printer, tool)
    assert status == 400
    assert convert(tool, "ollama").result is None
