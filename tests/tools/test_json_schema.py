"""Schemas of strangers are checked in bounded time, and nobody is asked for a part of them."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from core.tools.arguments import ToolArgumentError, fits, validate_arguments
from core.tools.json_schema import problems, schema_fault
from core.translation.messages import Tool


@pytest.fixture
def bait() -> Iterator[tuple[str, list[str]]]:
    seen: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"type": "integer"}')

        def log_message(self, *args: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("draft", ["", "http://json-schema.org/draft-07/schema#",
                                   "https://json-schema.org/draft/2020-12/schema"])  # fmt: skip
@pytest.mark.parametrize("keyword", ["$ref", "$dynamicRef", "$schema", "$id"])
def test_no_address_in_a_schema_is_asked(
    bait: tuple[str, list[str]], keyword: str, draft: str
) -> None:
    url, seen = bait
    inner = {keyword: f"{url}/x", **({"$schema": draft} if draft else {})}
    for schema in (inner, {"properties": {"a": inner}}, {"allOf": [inner]},
                   {"$id": f"{url}/root", "properties": {"a": {"$ref": "other#/a"}}}):  # fmt: skip
        assert fits(Tool(name="t", parameters=schema), '{"a": "x"}')
        schema_fault(schema)
    assert seen == []
    assert fits(Tool(name="t", parameters={"$ref": "file:///etc/hostname"}), "{}")


BRANCHES = {f"d{i}": {"anyOf": [{"$ref": f"#/$defs/d{i + 1}"}] * 6} for i in range(9)}
DEEP: dict[str, Any] = {"type": "string"}
for _ in range(150):
    DEEP = {"type": "object", "properties": {"a": DEEP}}
HARD: dict[str, tuple[Any, Any]] = {
    "itself": ({"$ref": "#"}, {"a": 1}),
    "itself twice": ({"allOf": [{"$ref": "#"}, {"$ref": "#"}]}, {"a": 1}),
    "in turns": ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"},
                                                 "b": {"$ref": "#/$defs/a"}}}, {"a": 1}),
    "branches": ({"properties": {"x": {"$ref": "#/$defs/d0"}},
                  "$defs": {**BRANCHES, "d9": {"type": "string"}}}, {"x": 5}),
    "pattern": ({"properties": {"a": {"pattern": "(a+)+$"}}}, {"a": "a" * 40 + "!"}),
    "pattern of an older draft": ({"$schema": "http://json-schema.org/draft-07/schema#",
        "properties": {"a": {"$schema": "http://json-schema.org/draft-04/schema#",
                             "pattern": "(a|a)*$"}}}, {"a": "a" * 40 + "!"}),
    "pattern of many repeats": ({"properties": {"a": {"pattern": "a*a*a*a*a*a*a*b"}}},
                                {"a": "a" * 3000}),
    "pattern of names": ({"patternProperties": {"(a+)+$": {}}}, {"a" * 40 + "!": 1}),
    "unlike items": ({"properties": {"a": {"uniqueItems": True}}},
                     {"a": [{"x": i} for i in range(20_000)]}),
    "many values": ({"properties": {"a": {"items": {"type": "integer"}}}},
                    {"a": list(range(200_000))}),
    "many faults": ({"properties": {"a": {"items": {"type": "string"}}}},
                    {"a": list(range(5000))}),
    "deep": (DEEP, json.loads('{"a":' * 150 + "1" + "}" * 150)),
}  # fmt: skip


@pytest.mark.parametrize("case", HARD)
def test_no_schema_takes_long(case: str) -> None:
    schema, value = HARD[case]
    began = time.process_time()
    problems(schema, value)
    fits(Tool(name="t", parameters=schema), json.dumps(value))
    schema_fault(schema)
    assert time.process_time() - began < 3


@pytest.mark.parametrize("schema", [
    {"type": "nonsense"}, {"type": 7}, {"$ref": 5}, {"$ref": "#/$defs/none"}, {"properties": [1]},
    {"properties": {"a": 7}}, {"properties": {"a": {"pattern": "("}}}, {"required": 3},
    {"properties": {"a": {"minLength": "x"}}}, {"properties": {"a": {"enum": 5}}}, [], 5,
    {"$dynamicRef": "#none"}, {"properties": {"n": {"multipleOf": 0}}},
])  # fmt: skip
def test_a_call_is_not_refused_for_a_broken_schema(schema: Any) -> None:
    assert problems(schema, {"a": "x", "n": 3}) == []


def test_what_does_not_fit_is_said() -> None:
    schema = {
        "type": "object",
        "properties": {"day": {"type": "string", "pattern": r"^\d{4}-\d\d$"},
                       "names": {"uniqueItems": True, "items": {"type": "string"}}},
        "patternProperties": {"^x-": {"type": "integer"}}, "required": ["day"],
    }  # fmt: skip
    assert problems(schema, {"day": "2026-01", "names": ["a", "b"], "x-a": 1}) == []
    found = problems(schema, {"day": "soon", "names": ["a", "a"], "x-a": "b"})
    assert [one.path for one in found] == [["day"], ["names"], ["x-a"]]
    with pytest.raises(ToolArgumentError, match="day' is a required"):
        validate_arguments(Tool(name="t", parameters=schema), "{}")
    assert problems({"uniqueItems": True}, [1, 1.0]) != []
    assert problems({"uniqueItems": True}, [1, True, "1", [1], {"a": 1}]) == []
    fault = schema_fault({"type": "nonsense"})
    assert fault is not None and fault.path == ["type"]
    assert schema_fault(schema) is None
