"""Faults of schemas: of one tool, by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from core.note import Note
from core.tools.definitions.bfcl import STANDARD_TYPES
from core.tools.lint.finding import Finding, schema_fix, walk_schemas
from core.translation.messages import Tool

__all__ = ["check_schema"]

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
    """Yield what is wrong with one tool's words and schema."""
    if not tool.description.strip():
        yield Finding(
            code="no_description", severity="warning", tool=index, path="description",
            note=Note(
                "没有描述：模型只能从名字猜什么时候该用它。",
                "No description: a model can only guess from the name when to use it.",
            ),
        )  # fmt: skip
    schema = tool.parameters
    if schema is None:
        return
    words = [s.get("type") for _, s, _ in walk_schemas(schema)]
    if all(not isinstance(word, str) or word in _TYPES for word in words):
        yield from _check_valid(index, schema)
    if schema.get("type") != "object":
        yield Finding(
            code="not_an_object", severity="error", tool=index, path="parameters.type",
            note=Note(
                "最外层必须是 type: object,参数放在 properties 里。",
                "The top must be type: object, with the parameters under properties.",
            ),
            fix=schema_fix("parameters", lambda s: {**s, "type": "object"}),
        )  # fmt: skip
    named = schema.get("properties")
    if isinstance(named, Mapping) and len(named) > _MANY:
        yield Finding(
            code="many_parameters", severity="hint", tool=index, path="parameters.properties",
            note=Note(
                f"有 {len(named)} 个参数；可以拆成几个工具，或给多数参数默认值。",
                f"There are {len(named)} parameters: make several tools of it, or give most of "
                "them defaults.",
            ),
        )  # fmt: skip
    for path, inner, depth in walk_schemas(schema):
        yield from _check_one(index, path, inner, depth)


def _check_valid(index: int, schema: Mapping[str, Any]) -> Iterator[Finding]:
    try:
        Draft202012Validator.check_schema(dict(schema))
    except SchemaError as exc:
        place = ".".join(map(str, ("parameters", *exc.absolute_path)))
        yield Finding(
            code="invalid_schema", severity="error", tool=index, path=place,
            note=Note(
                f"不是合法的 JSON Schema:{exc.message[:200]}",
                f"This is no valid JSON Schema: {exc.message[:200]}",
            ),
        )  # fmt: skip


def _check_one(index: int, path: str, schema: dict[str, Any], depth: int) -> Iterator[Finding]:
    is_parameter = re.search(r"\.properties\.[^.]+$", path) is not None
    if is_parameter and not str(schema.get("description") or "").strip() and "$ref" not in schema:
        yield Finding(
            code="no_parameter_description", severity="warning" if depth == 1 else "hint",
            tool=index, path=path,
            note=Note("参数没有描述。", "The parameter has no description."),
        )  # fmt: skip
    if depth == _DEEP + 1 and is_parameter:
        yield Finding(
            code="deep", severity="warning", tool=index, path=path,
            note=Note(
                f"嵌套超过 {_DEEP} 层；小模型常把括号写错，把它摊平。",
                f"Nested more than {_DEEP} levels deep: small models lose count of the brackets. "
                "Make it flatter.",
            ),
        )  # fmt: skip
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
        yield Finding(
            code="unknown_type", severity="error", tool=index, path=f"{path}.type",
            note=Note(
                f"JSON Schema 没有类型“{kind}”，要写 {instead}。",
                f"JSON Schema has no type “{kind}”; write {instead}.",
            ),
            fix=schema_fix(path, lambda s: {**s, "type": known}) if known else None,
        )  # fmt: skip
    telling = ("properties", "additionalProperties", "patternProperties", "$ref", "anyOf", "oneOf",
               "allOf")  # fmt: skip
    if kind == "object" and is_parameter and not any(key in schema for key in telling):
        yield Finding(
            code="free_object", severity="warning", tool=index, path=path,
            note=Note(
                "这个 object 没有写 properties:模型不知道里面该放什么。",
                "This object has no properties: a model cannot know what to put into it.",
            ),
        )  # fmt: skip
    if kind == "array" and "items" not in schema and "prefixItems" not in schema:
        yield Finding(
            code="free_array", severity="warning", tool=index, path=path,
            note=Note(
                "这个 array 没有写 items:模型不知道每一项是什么，有的接口还会拒绝。",
                "This array has no items: a model cannot know what is in it, and some APIs refuse "
                "it.",
            ),
        )  # fmt: skip
    if is_parameter and not schema.keys() - {"description", "title", "default"}:
        yield Finding(
            code="no_type", severity="warning", tool=index, path=path,
            note=Note("参数没有类型。", "The parameter has no type."),
        )  # fmt: skip


def _check_values(index: int, path: str, schema: dict[str, Any]) -> Iterator[Finding]:
    enum = schema.get("enum")
    spelled = {str(v).lower() for v in enum} if isinstance(enum, list) else set()
    if schema.get("type") == "string" and spelled in _SWITCHES:
        yield Finding(
            code="boolean_as_string", severity="warning", tool=index, path=path,
            note=Note(
                "是和否写成了文字；用 type: boolean,模型不容易写错。",
                "Yes and no as text: with type boolean models make fewer mistakes.",
            ),
            fix=schema_fix(path, _as_boolean),
        )  # fmt: skip
    if "enum" not in schema and schema.get("type") == "string":
        values = _values_in(str(schema.get("description") or ""))
        if values:
            yield Finding(
                code="enum_missing", severity="warning", tool=index, path=path,
                note=Note(
                    f"描述里列出了可选值（{'、'.join(values)}），写成 enum 模型才不会乱写。",
                    f"The description lists the values ({', '.join(values)}): as an enum, a model "
                    "cannot write another.",
                ),
                fix=schema_fix(path, lambda s: {**s, "enum": values}),
            )  # fmt: skip
    if "default" in schema and _misfit(schema):
        yield Finding(
            code="bad_default", severity="error", tool=index, path=f"{path}.default",
            note=Note(
                "默认值不符合它自己的 schema。", "The default does not fit its own schema."
            ),
            fix=schema_fix(path, lambda s: {k: v for k, v in s.items() if k != "default"}),
        )  # fmt: skip


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
    try:
        Draft202012Validator.check_schema(rest)
        return not Draft202012Validator(rest).is_valid(schema["default"])
    except SchemaError:
        return False


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
        yield Finding(
            code="unknown_required", severity="error", tool=index, path=f"{path}.required",
            note=Note(
                f"required 里的 {'、'.join(map(str, strangers))} 不在 properties 里。",
                f"required names {', '.join(map(str, strangers))}, which properties does not have.",
            ),
            fix=schema_fix(
                path, lambda s: {**s, "required": [n for n in names if n not in strangers]}
            ),
        )  # fmt: skip
    if named and "required" not in schema:
        needed = [n for n, s in named.items() if isinstance(s, Mapping) and "default" not in s]
        yield Finding(
            code="no_required", severity="warning" if path == "parameters" else "hint",
            tool=index, path=path,
            note=Note(
                "没有写 required:模型可以什么都不填。",
                "There is no required: a model may leave everything out.",
            ),
            fix=schema_fix(path, lambda s: {**s, "required": needed}) if needed else None,
        )  # fmt: skip
