"""Problems in the schema of one tool."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from core.tools.definitions.bfcl import STANDARD_TYPES
from core.tools.json_schema import problems, schema_fault
from core.tools.lint.finding import Finding, Severity, finding, schema_fix, walk_schemas
from core.translation.messages import Tool

_TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})
_DEEP = 3
_MANY = 10
_SWITCHES = ({"true", "false"}, {"yes", "no"}, {"on", "off"})

# "one of a, b or c", "options: a/b", "可选值：a、b", and values in quotes one after another.
_LISTED = re.compile(
    r"(?:(?:one of|either|可选值?|取值|只能是)(?:为|有|是)?\s*[:：]?|"
    r"(?:can be|must be|allowed values?(?: are)?|possible values?(?: are)?|options?|units?|单位|"
    r"可以是|必须是)\s*[:：])\s*"
    r"((?:[\"'“`]?[\w./°%-]{1,30}[\"'”`]?\s*(?:,|、|/|\||，|\bor\b|或者?)\s*(?:or\s+|或)?){1,20}"
    r"[\"'“`]?[\w./°%-]{1,30}[\"'”`]?)",
    re.I,
)
_EXAMPLES = re.compile(
    r"e\.g|for example|for instance|such as|\blike\b|例如|比如|譬如|如[:：“]", re.I
)
_LONGEST = 500
_QUOTED = re.compile(r"[\"'“`]([\w./°% -]{1,30})[\"'”`]\s*(?:,|、|/|\||，|\bor\b|或者?|and)?\s*")
_BETWEEN = re.compile(r"\s*(?:,|、|/|\||，|\bor\b|或者?)\s*(?:or\s+|或)?", re.I)


def check_schema(index: int, tool: Tool) -> Iterator[Finding]:
    """Yield problems in the description and schema of one tool."""
    if not tool.description.strip():
        yield finding("no_description", "warning", index, "description")
    schema = tool.parameters
    if schema is None:
        return
    words = [s.get("type") for _, s, _ in walk_schemas(schema)]
    if all(not isinstance(word, str) or word in _TYPES for word in words):
        yield from _check_valid(index, schema)
    if schema.get("type") != "object":
        yield finding("not_an_object", "error", index, "parameters.type",
                      fix=schema_fix("parameters", lambda s: {**s, "type": "object"}))  # fmt: skip
    named = schema.get("properties")
    if isinstance(named, Mapping) and len(named) > _MANY:
        yield finding("many_parameters", "hint", index, "parameters.properties", count=len(named))
    for path, inner, depth in walk_schemas(schema):
        yield from _check_one(index, path, inner, depth)


def _check_valid(index: int, schema: Mapping[str, Any]) -> Iterator[Finding]:
    fault = schema_fault(dict(schema))
    if fault is not None:
        place = ".".join(map(str, ("parameters", *fault.path)))
        yield finding("invalid_schema", "error", index, place, why=fault.message[:200])


def _check_one(index: int, path: str, schema: dict[str, Any], depth: int) -> Iterator[Finding]:
    is_parameter = re.search(r"\.properties\.[^.]+$", path) is not None
    if is_parameter and not str(schema.get("description") or "").strip() and "$ref" not in schema:
        yield finding("no_parameter_description", "warning" if depth == 1 else "hint", index, path)
    if depth == _DEEP + 1 and is_parameter:
        yield finding("deep", "warning", index, path, limit=_DEEP)
    yield from _check_type(index, path, schema, is_parameter=is_parameter)
    yield from _check_values(index, path, schema)
    yield from _check_required(index, path, schema)


def _check_type(
    index: int, path: str, schema: dict[str, Any], *, is_parameter: bool
) -> Iterator[Finding]:
    kind = schema.get("type")
    if isinstance(kind, str) and kind not in _TYPES:
        known = STANDARD_TYPES.get(kind.lower())
        instead = f"{known}" if known else "string, number, integer, boolean, array, object"
        yield finding("unknown_type", "error", index, f"{path}.type",
                      fix=schema_fix(path, lambda s: {**s, "type": known}) if known else None,
                      kind=kind, instead=instead)  # fmt: skip
    telling = ("properties", "additionalProperties", "patternProperties", "$ref", "anyOf", "oneOf",
               "allOf")  # fmt: skip
    if kind == "object" and is_parameter and not any(key in schema for key in telling):
        yield finding("free_object", "warning", index, path)
    if kind == "array" and "items" not in schema and "prefixItems" not in schema:
        yield finding("free_array", "warning", index, path)
    if is_parameter and not schema.keys() - {"description", "title", "default"}:
        yield finding("no_type", "warning", index, path)


def _check_values(index: int, path: str, schema: dict[str, Any]) -> Iterator[Finding]:
    enum = schema.get("enum")
    spelled = {str(v).lower() for v in enum} if isinstance(enum, list) else set()
    if schema.get("type") == "string" and spelled in _SWITCHES:
        yield finding(
            "boolean_as_string", "warning", index, path, fix=schema_fix(path, _as_boolean)
        )
    if "enum" not in schema and schema.get("type") == "string":
        values = _values_in(str(schema.get("description") or ""))
        if values:
            fix = schema_fix(path, lambda s: {**s, "enum": values})
            yield finding("enum_missing", "warning", index, path, fix=fix, values=values)
    if "default" in schema and _misfit(schema):
        fix = schema_fix(path, lambda s: {k: v for k, v in s.items() if k != "default"})
        yield finding("bad_default", "error", index, f"{path}.default", fix=fix)


def _as_boolean(schema: dict[str, Any]) -> dict[str, Any]:
    new = {k: v for k, v in schema.items() if k not in ("enum", "default")}
    if "default" in schema:
        new["default"] = str(schema["default"]).lower() in ("true", "yes", "on")
    return {**new, "type": "boolean"}


def _misfit(schema: dict[str, Any]) -> bool:
    rest = {k: v for k, v in schema.items() if k != "default"}
    # None often stands for a parameter that may be left out.
    if schema["default"] is None or any("$ref" in s for _, s, _ in walk_schemas(rest)):
        return False
    return schema_fault(rest) is None and bool(problems(rest, schema["default"]))


def _values_in(description: str) -> list[str]:
    """Return the values that a description lists, if it lists some."""
    description = description[:_LONGEST]
    if _EXAMPLES.search(description):
        return []
    quoted = _QUOTED.findall(description)
    found = _LISTED.search(description)
    if len(quoted) >= 2:
        values = quoted
    elif found:
        values = [v.strip("\"'“”`.。 ") for v in _BETWEEN.split(found[1])]
    else:
        return []
    values = list(dict.fromkeys(v for v in values if v))
    return values if 2 <= len(values) <= 20 else []


def _check_required(index: int, path: str, schema: dict[str, Any]) -> Iterator[Finding]:
    named, required = schema.get("properties"), schema.get("required")
    if not isinstance(named, Mapping):
        return
    names = required if isinstance(required, list) else []
    strangers = [n for n in names if not isinstance(n, str) or n not in named]
    if strangers:
        left = [n for n in names if n not in strangers]
        fix = schema_fix(path, lambda s: {**s, "required": left})
        shown = list(map(str, strangers))
        yield finding("unknown_required", "error", index, f"{path}.required", fix=fix, names=shown)
    if named and "required" not in schema:
        needed = [n for n, s in named.items() if isinstance(s, Mapping) and "default" not in s]
        closed = schema_fix(path, lambda s: {**s, "required": needed}) if needed else None
        severity: Severity = "warning" if path == "parameters" else "hint"
        yield finding("no_required", severity, index, path, fix=closed)
