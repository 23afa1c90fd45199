"""Definitions in every format: what is read, what is refused, and that no view loses anything."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from core.errors import InvalidRequest
from core.tools.definitions.reading import dump_as, dump_text, parse_any
from core.tools.definitions.values import FORMATS, Definition, Format
from core.tools.examples import example_toolbox
from core.translation.messages import Tool
from tests.support.examples import examples

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


@pytest.mark.parametrize("form", TEXTS)
def test_each_format_is_told_by_its_text(form: str) -> None:
    parsed = parse_any(json.dumps(TEXTS[form]))
    assert parsed.format == form
    (tool,) = parsed.tools
    assert tool.name == "get_weather"
    assert tool.description == BODY["description"]
    assert tool.parameters == SCHEMA


@pytest.mark.parametrize("form", TEXTS)
@pytest.mark.parametrize("view", FORMATS)
def test_a_look_in_another_format_loses_nothing(form: str, view: Format) -> None:
    (first,) = parse_any(json.dumps(TEXTS[form])).definitions
    (seen,) = parse_any(dump_text([first], view), known=[first], form=view).definitions
    assert seen == first
    item = TEXTS[form]["result"]["tools"][0] if form == "mcp" else TEXTS[form][0]
    own: Any = form
    assert dump_as(seen, own) == item
    assert json.dumps(dump_as(seen, own)) == json.dumps(item), "not even the order of keys"


@pytest.mark.parametrize("form", TEXTS)
@pytest.mark.parametrize("view", [f for f in FORMATS if f != "python"])
def test_what_is_edited_in_one_view_changes_that_alone(form: str, view: Format) -> None:
    (first,) = parse_any(json.dumps(TEXTS[form])).definitions
    text = dump_text([first], view).replace("get_weather", "weather_at").replace('"c"', '"k"')
    (edited,) = parse_any(text, known=[first], form=view).definitions
    assert edited.tool.name == "weather_at"
    assert edited.tool.description == BODY["description"]
    assert edited.tool.strict == first.tool.strict
    wanted = json.loads(json.dumps(SCHEMA).replace('"c"', '"k"'))
    assert edited.tool.parameters == wanted
    own: Any = form
    written = dump_as(edited, own)
    item = TEXTS[form]["result"]["tools"][0] if form == "mcp" else TEXTS[form][0]
    kept = {k for k in item if k not in ("name", "function", "parameters", "inputSchema",
                                         "input_schema")}  # fmt: skip
    assert {k: written[k] for k in kept if k in item} == {k: item[k] for k in kept}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("def f(*a): ...", "name of its own"),
        ("def f(a: os.PathLike): ...", "os.PathLike is not known here"),
        ("def f(a: int = time()): ...", "only Field"),
        ("def f(a: (lambda: 1)): ...", "not a type hint"),
        ("def f(a: __import__('os')): ...", "not a type hint"),
        ("def f(a: int = [x for x in 'a']): ...", "only a literal value"),
        ("def f(a: int = Field(default_factory=exit)): ...", "takes only these words"),
        ("def f(a: 'int[str'): ...", "not a type hint"),
        ("def f(a: int[str]): ...", "takes no"),
        ("class A:\n  x: int\ndef f(a: A): ...", "must be a dataclass"),
        ("def f(a: " + "list[" * 60 + "int" + "]" * 60 + "): ...", "nested too deeply"),
        ("def f(a):\n  (", "line 2"),
        ("def _helper(): ...", "no function"),
        ("x: int = 1\nimport os", "no function"),
        ("{", "not valid JSON"),
        ("", "paste a definition"),
        ("hello there", "no definition that is known"),
        ('{"swagger": "2.0"}', "convert it to 3.0"),
        ('{"openapi": "3.1.0", "paths": {}}', "no operation"),
        ("[1]", r"tools\[0\] must be an object"),
        ('[{"type": "function", "function": {}}]', "name is missing"),
        ('[{"type": "web_search"}]', "no tool definition"),
        ('{"a": 1}', "needs a name"),
        ("curl", "no definition|no YAML"),
        ("curl -d @file http://a.test", "in a file"),
        ("curl -F a=b http://a.test", "uploads files"),
        ("curl http://a.test http://b.test", "one address"),
        ("curl 'http://a.test", "cannot be read"),
        ("curl http://a.test " + "-d a " * 30_000, "longer than 100000"),
        ("a: &a [1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\n"
         "d: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\n"
         "f: &f [*e,*e,*e,*e,*e,*e,*e,*e]\ng: [*f,*f,*f,*f,*f,*f,*f,*f]", "more than"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said(text: str, says: str) -> None:
    with pytest.raises(InvalidRequest, match=says):
        parse_any(text)


def test_the_example_tools_look_the_same_in_every_format() -> None:
    box = example_toolbox()
    known = [Definition(tool=tool) for tool in box.tools]
    for form in FORMATS:
        assert parse_any(dump_text(known, form)).tools == box.tools


NAMES = st.text("abcxyz_-.é中", min_size=1, max_size=8)
WORDS = st.text(max_size=20)
LEAVES: st.SearchStrategy[Any] = st.one_of(
    st.just({}),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["string", "integer", "number", "boolean", "null"])},
        optional={"description": WORDS, "default": st.none() | st.booleans() | WORDS,
                  "enum": st.lists(WORDS, max_size=3), "minimum": st.integers()},
    ),
)  # fmt: skip
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda s: {"type": "array", "items": s}, inner),
        st.builds(lambda p: {"type": "object", "properties": p},
                  st.dictionaries(NAMES, inner, max_size=3)),
        st.builds(lambda a: {"anyOf": a}, st.lists(inner, min_size=1, max_size=2)),
    ),
    max_leaves=6,
)  # fmt: skip
TOOLS = st.builds(
    lambda name, description, properties, required: Tool(
        name=name,
        description=description,
        parameters={"type": "object", "properties": properties,
                    "required": [n for n in properties if n in required]},
    ),
    NAMES, WORDS, st.dictionaries(NAMES, SCHEMAS, max_size=4), st.sets(NAMES),
)  # fmt: skip


@settings(deadline=None, max_examples=examples(60))
@given(TOOLS)
@example(Tool(name="_", description="\0", parameters={"type": "object", "properties": {}}))
@example(Tool(name="f", description="a\x0c\x1eb\rc\u2028d", parameters={"type": "object"}))
def test_no_view_of_any_definition_loses_anything(tool: Tool) -> None:
    first = Definition(tool=tool)
    for form in FORMATS:
        (seen,) = parse_any(dump_text([first], form), known=[first], form=form).definitions
        assert seen == first, form
        if form not in ("bfcl", "python"):
            assert parse_any(dump_text([first], form)).tools == (tool,), form


def test_two_tools_of_one_name_are_remarked() -> None:
    tool = Tool(name="f", description="x")
    parsed = parse_any(dump_text([Definition(tool=tool)] * 2, "openai"))
    assert [r.path for r in parsed.remarks] == ["f"]
    assert replace(tool) == parsed.tools[0]
