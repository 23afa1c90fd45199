"""A grammar for the arguments of a call, which leaves a small model few wrong choices.

Plain strings are limited to phrases of the question, numbers to its numbers, enums to the values
that it names; optional parameters are left out unless the question has a value for them. If there
are few ways to assign the values to parameters, the grammar lists them all, so that no phrase is
used twice, without those that contradict the wording of the question (``assign_phrases``). The call
is checked against the schema of the tool afterwards; a model that has learnt to call tools is bound
by that schema only (``own_schema``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from core.tools.arguments import fits
from core.tools.emulation.assign_phrases import likely
from core.tools.emulation.question_phrases import Phrases, find_phrases
from core.tools.emulation.spans import spans
from core.translation.codec.json import encode_json
from core.translation.messages import Tool, ToolCall

_MOST_WAYS = 48
_MOST_PRODUCTS = 2000
_MOST_PHRASES = 8
_DEPTH = 6


def properties_of(tool: Tool) -> dict[str, Any]:
    """Return the tool's parameters by name."""
    properties = (tool.parameters or {}).get("properties")
    return properties if isinstance(properties, dict) else {}


def subject_of(tool: Tool) -> str:
    """Return all the words of a tool's definition: names and descriptions."""
    words = [tool.name, tool.description]
    for name, value in properties_of(tool).items():
        described = value.get("description") if isinstance(value, dict) else None
        words += [name, described if isinstance(described, str) else ""]
    return " ".join(words)


def calculates(schema: Any) -> bool:
    """Tell whether a string parameter is for arithmetic, by its description."""
    described = str(schema.get("description") or "") if isinstance(schema, dict) else ""
    return any(
        word in described.casefold()
        for word in ("expression", "formula", "算式", "表达式", " * ", " + ")
    )


class _Question:
    """The values in a question that one tool could use."""

    def __init__(self, text: str, tool: Tool, earlier: Sequence[str]) -> None:
        self.text = text
        self.found: Phrases = find_phrases(text, subject_of(tool))
        required = (tool.parameters or {}).get("required") or ()
        strings = [n for n in required if _is_text(properties_of(tool).get(n))]
        words = self.found.best(max(1, len(strings)))
        for said in reversed(earlier):
            # "And tomorrow?" refers to what was named before.
            if len(words) >= len(strings):
                break
            words += [w for w in find_phrases(said, subject_of(tool)).best(1) if w not in words]
        self.words = (words or spans(text))[:_MOST_PHRASES]


def own_schema(tool: Tool) -> dict[str, Any]:
    """Return the schema of the tool for its arguments, reduced to what a grammar can express."""
    parameters = tool.parameters or {}
    nothing_said = _Question("", tool, ())
    plain = {"type": "object", "properties": {}, **parameters}
    return _shape(plain, parameters.get("$defs") or {}, nothing_said, depth=_DEPTH)


def call_schema(tool: Tool, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a call: the tool's name, and arguments of this schema."""
    return {
        "type": "object",
        "properties": {"name": {"const": tool.name}, "arguments": arguments},
        "required": ["name", "arguments"],
    }


def read_call(value: Any, tools: Sequence[Tool]) -> ToolCall | None:
    """Return the call that a model wrote, if it names one of these tools and fits its schema."""
    value = value if isinstance(value, dict) else {}
    tool = next((tool for tool in tools if tool.name == value.get("name")), None)
    arguments = value.get("arguments")
    if tool is None or not isinstance(arguments, dict):
        return None
    spelled = encode_json(arguments).decode()
    return ToolCall(name=tool.name, arguments=spelled) if fits(tool, spelled) else None


def arguments_schema(tool: Tool, question: str, earlier: Sequence[str] = ()) -> dict[str, Any]:
    """Return the JSON Schema to which the model's arguments are constrained.

    ``earlier`` are the user's words before the question, oldest first.
    """
    parameters = tool.parameters or {}
    asked = _Question(question, tool, earlier)
    defs = parameters.get("$defs") or {}
    required = [str(name) for name in parameters.get("required") or ()]
    shapes: dict[str, Any] = {}
    for name, value in properties_of(tool).items():
        if name in required or _names_some(value, asked):
            shapes[name] = _shape(value, defs, asked, depth=_DEPTH)
    ways = _ways(shapes, required)
    if ways:
        ways = likely(ways, tool, question)[:_MOST_WAYS]
        return _object(ways[0]) if len(ways) == 1 else {"anyOf": [_object(way) for way in ways]}
    listed = [name for name in shapes if name in required]
    return {"type": "object", "properties": shapes, "required": listed}


def _object(way: Mapping[str, Any]) -> dict[str, Any]:
    properties = {name: {"const": value} for name, value in way.items()}
    return {"type": "object", "properties": properties, "required": [*way]}


def _is_text(schema: Any) -> bool:
    plain = isinstance(schema, dict) and schema.get("type") == "string"
    return plain and "enum" not in schema and "const" not in schema


def _names_some(schema: Any, asked: _Question) -> bool:
    """Tell whether the question names a value for an optional parameter."""
    if not isinstance(schema, dict):
        return False
    if isinstance(schema.get("enum"), list):
        return bool(_named(schema["enum"], asked.text))
    if schema.get("type") in ("integer", "number"):
        return bool(asked.found.numbers)
    return _is_text(schema) and len(asked.found.best(99)) > 1


def _named(values: Sequence[Any], text: str) -> list[str]:
    text = text.casefold()
    named = [v for v in values if isinstance(v, str) and v and v.casefold() in text]
    # Of "meter" and "kilometer" the longer one is meant.
    return [v for v in named if not any(v != w and v in w for w in named)]


def _shape(schema: Any, defs: Mapping[str, Any], asked: _Question, *, depth: int) -> dict[str, Any]:
    """Return the part of a schema that every backend accepts in a grammar."""
    if not isinstance(schema, dict) or depth == 0:
        return {}
    if "$ref" in schema:
        name = str(schema["$ref"]).rsplit("/", 1)[-1]
        return _shape(defs.get(name), defs, asked, depth=depth - 1)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return {"anyOf": [_shape(s, defs, asked, depth=depth - 1) for s in schema[key]]}
    shape: dict[str, Any] = {k: schema[k] for k in ("type", "enum", "const") if k in schema}
    kind = schema.get("type")
    if isinstance(shape.get("enum"), list):
        shape["enum"] = _named(shape["enum"], asked.text) or shape["enum"]
    elif _is_text(schema):
        sums = asked.found.sums if calculates(schema) else []
        if sums or asked.words:
            shape["enum"] = sums or asked.words
    elif kind in ("integer", "number"):
        fits = [n for n in asked.found.numbers if kind == "number" or isinstance(n, int)]
        if fits:
            shape["enum"] = list(dict.fromkeys(fits))
    if "items" in schema:
        shape["items"] = _shape(schema["items"], defs, asked, depth=depth - 1)
    if isinstance(schema.get("properties"), dict):
        shape["properties"] = {
            name: _shape(value, defs, asked, depth=depth - 1)
            for name, value in schema["properties"].items()
        }
        shape["required"] = list(schema.get("required") or ())
    return shape


def _ways(shapes: Mapping[str, Any], required: Sequence[str]) -> list[dict[str, Any]]:
    """Return all assignments of different values to the parameters; empty if there are too many."""
    choices: list[list[Any]] = []
    total = 1
    for name, shape in shapes.items():
        if shape.get("type") == "boolean":
            values: list[Any] = [True, False]
        elif isinstance(shape.get("enum"), list):
            values = list(shape["enum"])
        else:
            return []
        choices.append(values if name in required else [*values, None])
        total *= len(choices[-1])
    if not shapes or total > _MOST_PRODUCTS:
        return []
    ways = []
    for way in product(*choices):
        said = [value for value in way if isinstance(value, str)]
        if len(set(said)) == len(said):
            pairs = zip(shapes, way, strict=True)
            ways.append({name: value for name, value in pairs if value is not None})
    # Keep those that fill the most parameters: each phrase belongs somewhere.
    fullest = max((len(way) for way in ways), default=0)
    return [way for way in ways if len(way) == fullest]
