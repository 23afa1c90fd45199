"""The format of the Berkeley function calling leaderboard (BFCL).

A definition is OpenAI's inner object with type names of Python, Java or JavaScript: ``dict``,
``float``, ``tuple``, ``any``, ``HashMap``, ``ArrayList``... The schema is read into plain JSON
Schema, which models and servers understand; the type names are kept in the original and written
back where the schema still means the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.tools.definitions.values import Definition
from core.translation.codec.json import read_name, read_object, read_text
from core.translation.messages import Tool

STANDARD_TYPES: Mapping[str, str] = {
    "dict": "object", "hashmap": "object", "hashtable": "object", "map": "object",
    "float": "number", "double": "number",
    "tuple": "array", "arraylist": "array", "list": "array", "set": "array",
    "queue": "array", "stack": "array", "vector": "array",
    "long": "integer", "short": "integer", "byte": "integer", "bigint": "integer", "int": "integer",
    "char": "string", "str": "string", "bool": "boolean",
    "string": "string", "boolean": "boolean", "integer": "integer", "number": "number",
    "array": "array", "object": "object", "null": "null",
}  # fmt: skip
_STANDARD = frozenset({"string", "boolean", "integer", "number", "array", "object", "null"})
_ANY = "any"
_SPELLED = {"object": "dict", "number": "float"}

# Keywords that contain schemas: one, a list, or some by name.
_ONE = ("items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else")
_MANY = ("anyOf", "oneOf", "allOf", "prefixItems")
_NAMED = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")


def is_bfcl(value: Any) -> bool:
    """Tell whether a bare function definition uses the type names of this format."""
    schema = value.get("parameters") if isinstance(value, dict) else None
    return isinstance(schema, dict) and (schema.get("type") == "dict" or _has_words(schema))


def parse_bfcl(value: Any, path: str) -> Definition:
    """Read one definition. Raises InvalidRequest that names ``path``."""
    item = read_object(value, path)
    name = read_name(item, path)
    schema = item.get("parameters")
    if schema is not None:
        schema = _walk(read_object(schema, f"{path}.parameters"), _standard)
    description = read_text(item.get("description"), f"{path}.description")
    return Definition(
        tool=Tool(name=name, description=description, parameters=schema), original={"bfcl": item}
    )


def dump_bfcl(definition: Definition) -> dict[str, Any]:
    """Write one definition, with the original type names where they still mean the same."""
    tool, original = definition.tool, definition.original.get("bfcl") or {}
    if original and parse_bfcl(original, "$").tool == tool:
        return dict(original)
    schema = _walk(tool.parameters or {"type": "object", "properties": {}}, _bfcl)
    body = {"name": tool.name, "description": tool.description}
    body["parameters"] = _rewritten(schema, original.get("parameters"))
    return {**body, **{key: item for key, item in original.items() if key not in body}}


def _walk(schema: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    if not isinstance(schema, Mapping):
        return schema
    new: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _NAMED and isinstance(value, Mapping):
            new[key] = {name: _walk(inner, change) for name, inner in value.items()}
        elif key in _MANY and isinstance(value, list):
            new[key] = [_walk(inner, change) for inner in value]
        elif key in _ONE:
            new[key] = _walk(value, change)
        else:
            new[key] = value
    return change(new)


def _standard(schema: dict[str, Any]) -> dict[str, Any]:
    word = schema.get("type")
    if isinstance(word, list):
        known = [STANDARD_TYPES.get(w.lower(), w) if isinstance(w, str) else w for w in word]
        # A list with "any" in it allows everything.
        return _without_type(schema) if _ANY in known else {**schema, "type": known}
    if not isinstance(word, str):
        return schema
    if word.lower() == _ANY or word.lower() not in STANDARD_TYPES:
        # Any type: in JSON Schema, no type at all.
        return _without_type(schema)
    return {**schema, "type": STANDARD_TYPES[word.lower()]}


def _bfcl(schema: dict[str, Any]) -> dict[str, Any]:
    word = schema.get("type")
    if isinstance(word, list):
        return {**schema, "type": [_SPELLED.get(str(w), w) for w in word]}
    if isinstance(word, str) and word in _SPELLED:
        return {**schema, "type": _SPELLED[word]}
    return schema


def _without_type(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key != "type"}


def _rewritten(schema: Any, original: Any) -> Any:
    """Return ``schema`` with the original type names where both mean the same."""
    if not isinstance(schema, dict) or not isinstance(original, dict):
        return schema
    new = dict(schema)
    meant = _standard(original).get("type"), _standard(schema).get("type")
    if meant[0] == meant[1] and "type" in original:
        new["type"] = original["type"]
    for key in (*_ONE, *_NAMED):
        inner, before = new.get(key), original.get(key)
        if key in _NAMED and isinstance(inner, dict) and isinstance(before, dict):
            new[key] = {n: _rewritten(s, before.get(n)) for n, s in inner.items()}
        elif isinstance(inner, dict):
            new[key] = _rewritten(inner, before)
    for key in _MANY:
        inner, before = new.get(key), original.get(key)
        if isinstance(inner, list) and isinstance(before, list) and len(inner) == len(before):
            new[key] = [_rewritten(a, b) for a, b in zip(inner, before, strict=True)]
    return new


def _has_words(schema: Any) -> bool:
    found: list[bool] = []

    def look(inner: dict[str, Any]) -> dict[str, Any]:
        word = inner.get("type")
        if isinstance(word, str) and word not in _STANDARD:
            found.append(word.lower() in STANDARD_TYPES or word.lower() == _ANY)
        return inner

    _walk(schema, look)
    return any(found)
