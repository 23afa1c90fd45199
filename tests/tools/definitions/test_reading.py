"""Definitions in every format: what is read, what is refused, and that no view loses anything."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from core.errors import InvalidRequest
from core.tools.definitions.reading import dump_as, dump_text, parse_any
from core.tools.definitions.values import FORMATS, Definition, Format
from core.tools.examples import example_toolbox
from core.tools.http_template import fill
from core.tools.schema import tool_from_function
from core.translation.messages import Tool
from tests.tools import test_schema
from tests.tools.definitions.bfcl_sample import definitions as bfcl_definitions

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


def test_the_bfcl_format_is_read_without_loss() -> None:
    sample = list(bfcl_definitions())
    assert len(sample) >= 100
    lost = []
    for index, item in enumerate(sample):
        parsed = parse_any(json.dumps(item))
        (definition,) = parsed.definitions
        Draft202012Validator.check_schema(dict(definition.tool.parameters or {}))
        # Python is read with much more care, and so more slowly.
        for view in FORMATS if index % 8 == 0 else FORMATS[:-1]:
            text = dump_text([definition], view)
            (seen,) = parse_any(text, known=[definition], form=view).definitions
            if json.dumps(dump_as(seen, "bfcl")) != json.dumps(item):
                lost.append((item["name"], view))
    assert not lost


def test_bfcl_words_survive_an_edit_elsewhere() -> None:
    pair = {"type": "tuple", "items": {"type": "double"}}
    schema = {"type": "dict", "properties": {"pair": pair, "n": {"type": "long"}}}
    item = {"name": "f", "description": "", "parameters": schema}
    (definition,) = parse_any(json.dumps([item])).definitions
    assert definition.tool.parameters == {
        "type": "object",
        "properties": {
            "pair": {"type": "array", "items": {"type": "number"}},
            "n": {"type": "integer"},
        },
    }
    text = dump_text([definition], "openai").replace('"integer"', '"string"')
    (edited,) = parse_any(text, known=[definition]).definitions
    written = dump_as(edited, "bfcl")["parameters"]["properties"]
    assert written == {"pair": {"type": "tuple", "items": {"type": "double"}},
                       "n": {"type": "string"}}  # fmt: skip


def test_entries_of_a_test_set_are_read_line_by_line() -> None:
    rows = [{"id": f"simple_{n}", "question": [[{"role": "user", "content": "?"}]],
             "function": [f]} for n, f in enumerate([*bfcl_definitions()][:5])]  # fmt: skip
    parsed = parse_any("\n".join(json.dumps(row) for row in rows))
    assert parsed.format == "bfcl"
    assert len(parsed.definitions) == 5


def test_a_function_is_read_from_its_source_as_it_is_alive() -> None:
    text = test_schema.__file__
    with open(text, encoding="utf-8") as file:
        source = file.read()
    start = source.index("@dataclass")
    end = source.index("def test_a_schema_says")
    (tool,) = parse_any(source[start:end]).tools
    assert tool == tool_from_function(test_schema.book)


@pytest.mark.parametrize("style", ["numpy_style", "sphinx_style"])
def test_docstrings_in_source_are_read_in_each_style(style: str) -> None:
    import inspect

    function = getattr(test_schema, style)
    (tool,) = parse_any(inspect.getsource(function)).tools
    assert tool == tool_from_function(function)


def test_reading_source_runs_none_of_it() -> None:
    text = (
        "import os\nraise SystemExit\nprint('x')\n"
        "@os.system\ndef f(a: int = 1) -> None:\n    while True: pass\n"
    )
    parsed = parse_any(text)
    assert parsed.tools[0].name == "f"
    assert {r.path for r in parsed.remarks} == {"line 2", "line 3", "line 5"}


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


PETS = """
openapi: 3.0.3
servers: [{url: 'https://{env}.pets.test/v1', variables: {env: {default: api}}}]
paths:
  /pets/{petId}:
    parameters: [{$ref: '#/components/parameters/PetId'}]
    get:
      operationId: pets.get
      summary: One pet
      parameters:
        - {name: tags, in: query, schema: {type: array, items: {type: string}}}
        - {name: X-Trace, in: header, schema: {type: string, nullable: true}}
        - {name: session, in: cookie, schema: {type: string}}
    post:
      requestBody:
        required: true
        content:
          application/json: {schema: {$ref: '#/components/schemas/Pet'}}
components:
  parameters:
    PetId: {name: petId, in: path, required: true, description: Which, schema: {type: string}}
  schemas:
    Pet:
      type: object
      required: [nullable]
      properties:
        nullable: {type: string, example: Rex}
        owner: {$ref: '#/components/schemas/Owner'}
        age: {type: integer, minimum: 0, exclusiveMinimum: true}
    Owner:
      type: object
      properties: {pets: {type: array, items: {$ref: '#/components/schemas/Pet'}}}
"""


def test_each_operation_of_an_openapi_document_becomes_a_tool_that_can_be_called() -> None:
    parsed = parse_any(PETS)
    get, post = parsed.definitions
    assert [d.tool.name for d in parsed.definitions] == ["pets_get", "post_pets_petId"]
    assert get.tool.description == "One pet"
    schema: Any = get.tool.parameters
    assert schema["properties"]["petId"] == {"type": "string", "description": "Which"}
    assert schema["properties"]["X-Trace"]["type"] == ["string", "null"]
    assert schema["required"] == ["petId"]
    assert {r.path for r in parsed.remarks} >= {"paths./pets/{petId}.get.parameters.session"}
    assert get.http is not None and post.http is not None
    call = fill(get.http, {"petId": "../a b", "tags": ["x", "y&z"]})
    assert call.url == "https://api.pets.test/v1/pets/..%2Fa%20b?tags=x&tags=y%26z"
    body: Any = post.tool.parameters
    assert body["properties"]["nullable"] == {"type": "string", "examples": ["Rex"]}
    assert body["properties"]["age"] == {"type": "integer", "exclusiveMinimum": 0}
    assert body["required"] == ["petId", "nullable"]
    assert set(body["$defs"]) == {"Pet", "Owner"}
    Draft202012Validator.check_schema(body)
    call = fill(post.http, {"petId": "7", "nullable": "Rex", "age": 3})
    assert (call.method, call.url) == ("POST", "https://api.pets.test/v1/pets/7")
    assert call.content == b'{"nullable":"Rex","age":3}'


def test_a_curl_command_becomes_a_tool_without_its_keys() -> None:
    parsed = parse_any(
        "curl -sS -X PUT 'https://me:pw@api.test/v2/items/list?lang=en&api_key=s3cret' \\\n"
        "  -H 'Authorization: Bearer s3cret' -H 'X-Mode: {fast}' -u me:s3cret \\\n"
        '  --data-raw \'{"q": "hi", "n": 3, "deep": {"on": true}, "token": "s3cret"}\' | jq .'
    )
    (definition,) = parsed.definitions
    assert "s3cret" not in str(parsed) and "pw@" not in str(parsed)
    assert {"Authorization", "api_key", "-u", "token"} <= {r.path for r in parsed.remarks}
    schema: Any = definition.tool.parameters
    assert list(schema["properties"]) == ["lang", "q", "n", "deep"]
    assert schema["properties"]["n"] == {"type": "integer", "examples": [3]}
    assert definition.http is not None
    call = fill(definition.http, {"lang": "zh", "q": "x", "n": 1, "deep": {"on": False}})
    assert call.url == "https://api.test/v2/items/list?lang=zh"
    assert call.content == b'{"q":"x","n":1,"deep":{"on":false}}'
    assert dict(call.headers) == {"X-Mode": "{fast}", "Content-Type": "application/json"}


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


@settings(deadline=None, max_examples=60)
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
