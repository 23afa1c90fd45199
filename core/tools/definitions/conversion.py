"""Shows how a target changes a definition: values are kept, changed, dropped, added or refused.

Each target is a function here, written after its source. Tests compare it with the real thing:
Ollama's server (what it gives to a model's template), its Python package, OpenAI's SDK.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct

from core.note import Note
from core.tools.definitions.conversion_notes import REASONS, Target
from core.tools.definitions.json_forms import dump_form
from core.tools.definitions.values import Definition
from core.translation.messages import Tool

Fate = Literal["kept", "changed", "dropped", "added", "refused"]


class Row(Struct, frozen=True):
    """The fate of the value at a path of the definition, and the reason if it is not the same."""

    path: str
    fate: Fate
    note: Note | None = None


class Conversion(Struct, frozen=True, kw_only=True):
    """The definition after the conversion, None where it is refused, and a row for each value."""

    target: Target
    result: dict[str, Any] | None
    rows: tuple[Row, ...]

    @property
    def lost(self) -> tuple[Row, ...]:
        """The rows of values that are not kept."""
        return tuple(row for row in self.rows if row.fate != "kept")


class _Refusal(Exception):
    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path)
        self.path = path
        self.reason = reason


def convert(tool: Tool, target: Target) -> Conversion:
    """Return the definition of a tool as a target understands it."""
    before = _written(tool)
    try:
        after = _READERS[target](before)
    except _Refusal as exc:
        row = Row(exc.path, "refused", REASONS[exc.reason])
        return Conversion(target=target, result=None, rows=(row,))
    return Conversion(target=target, result=after, rows=tuple(_rows(before, after, "", target)))


def _written(tool: Tool) -> dict[str, Any]:
    return dict(dump_form(Definition(tool=tool), "openai")["function"])


def _ollama(before: dict[str, Any], *, nested_required: bool) -> dict[str, Any]:
    """Read as Go's ``api.ToolFunction`` does, a closed struct: unknown keys are dropped."""
    given = before.get("parameters") or {}
    # The structure that templates see always has a description.
    after: dict[str, Any] = {"name": before["name"], "description": before.get("description", "")}
    kind = given.get("type", "")
    if not isinstance(kind, str):
        raise _Refusal("parameters.type", "go_type")
    schema: dict[str, Any] = {"type": kind}
    schema |= {k: given[k] for k in ("$defs", "items") if given.get(k) is not None}
    schema |= _required(given, "parameters")
    named = _property_map(given, "parameters", nested_required=nested_required)
    after["parameters"] = {**schema, "properties": named}
    return after


def _property_map(
    schema: Mapping[str, Any], path: str, *, nested_required: bool
) -> dict[str, Any] | None:
    named = schema.get("properties")
    if named is None:
        return None
    if not isinstance(named, Mapping):
        raise _Refusal(f"{path}.properties", "go_property")
    return {
        name: _ollama_property(inner, f"{path}.properties.{name}", nested_required=nested_required)
        for name, inner in named.items()
    }


def _ollama_property(value: Any, path: str, *, nested_required: bool) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise _Refusal(path, "go_property")
    after: dict[str, Any] = {}
    options = value.get("anyOf")
    if isinstance(options, list) and options:
        after["anyOf"] = [
            _ollama_property(inner, f"{path}.anyOf[{i}]", nested_required=nested_required)
            for i, inner in enumerate(options)
        ]
    kind = value.get("type")
    if isinstance(kind, str) or (
        isinstance(kind, list) and kind and all(isinstance(k, str) for k in kind)
    ):
        after["type"] = kind[0] if isinstance(kind, list) and len(kind) == 1 else kind
    elif kind not in (None, []):
        raise _Refusal(f"{path}.type", "go_type")
    if value.get("items") is not None:
        after["items"] = value["items"]
    description = value.get("description")
    if description is not None and not isinstance(description, str):
        raise _Refusal(f"{path}.description", "go_type")
    after |= {"description": description} if description else {}
    enum = value.get("enum")
    if enum is not None and not isinstance(enum, list):
        raise _Refusal(f"{path}.enum", "go_type")
    after |= {"enum": enum} if enum else {}
    named = _property_map(value, path, nested_required=nested_required)
    after |= {} if named is None else {"properties": named}
    return {**after, **(_required(value, path) if nested_required else {})}


def _required(schema: Mapping[str, Any], path: str) -> dict[str, Any]:
    names = schema.get("required")
    if names is None or names == []:
        return {}
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _Refusal(f"{path}.required", "go_type")
    return {"required": names}


def _ollama_python(before: dict[str, Any]) -> dict[str, Any]:
    """Read as pydantic's model ``ollama.Tool`` does, which the client makes of every tool."""
    after: dict[str, Any] = {k: before[k] for k in ("name", "description") if k in before}
    given = before.get("parameters")
    if given is None:
        return after
    if given.get("type", "object") not in ("object", None):
        raise _Refusal("parameters.type", "python_type")
    schema: dict[str, Any] = {} if "type" in given and given["type"] is None else {"type": "object"}
    schema |= {
        k: given[k] for k in ("$defs", "items", "required") if given.get(k) is not None
    }  # fmt: skip
    if given.get("properties") is not None:
        if not isinstance(given["properties"], Mapping):
            raise _Refusal("parameters.properties", "python_property")
        schema["properties"] = {}
        for name, inner in given["properties"].items():
            if not isinstance(inner, Mapping):
                raise _Refusal(f"parameters.properties.{name}", "python_property")
            schema["properties"][name] = {
                k: inner[k]
                for k in ("type", "items", "description", "enum")
                if inner.get(k) is not None
            }
    return {**after, "parameters": schema}


_STRICT_KEEPS = frozenset(
    "type properties required additionalProperties items enum const anyOf $ref $defs definitions "
    "description pattern format multipleOf minimum maximum exclusiveMinimum exclusiveMaximum "
    "minItems maxItems".split()
)


def _openai_strict(before: dict[str, Any]) -> dict[str, Any]:
    """Write the schema as OpenAI requires it for ``strict``: closed, everything required."""
    given = before.get("parameters") or {"type": "object", "properties": {}}
    if any(key in given for key in ("anyOf", "oneOf", "allOf", "enum", "not")):
        raise _Refusal("parameters", "strict_root")
    if given.get("type", "object") != "object":
        raise _Refusal("parameters.type", "strict_root")
    schema = _strict({"type": "object", "properties": {}, **given})
    return {**before, "parameters": schema, "strict": True}


def _strict(schema: Any) -> Any:
    if not isinstance(schema, Mapping):
        return {} if schema is True else schema
    after: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("$defs", "definitions") and isinstance(value, Mapping):
            after[key] = {name: _strict(inner) for name, inner in value.items()}
        elif key in ("anyOf", "oneOf", "allOf") and isinstance(value, list):
            if key == "allOf" and len(value) == 1 and isinstance(value[0], Mapping):
                after |= _strict(value[0])
            elif key != "allOf":
                after["anyOf"] = [_strict(inner) for inner in value]
        elif key == "items":
            after[key] = _strict(value)
        elif key in _STRICT_KEEPS:
            after[key] = value
    named = after.get("properties")
    if isinstance(named, Mapping) or after.get("type") == "object":
        named = named if isinstance(named, Mapping) else {}
        needed = schema.get("required")
        needed = needed if isinstance(needed, list) else ()
        after["properties"] = {
            name: _strict(inner) if name in needed else _nullable(_strict(inner))
            for name, inner in named.items()
        }
        after["required"] = list(named)
        after["additionalProperties"] = False
    return after


def _nullable(schema: Any) -> Any:
    """Return a schema that also allows null: in strict mode an optional value is null."""
    if not isinstance(schema, Mapping) or not schema:
        return schema
    kind = schema.get("type")
    if kind is None or "enum" in schema or "const" in schema:
        options = schema["anyOf"] if set(schema) <= {"anyOf", "description"} and "anyOf" in (
            schema) else None  # fmt: skip
        if options is not None:
            null = {"type": "null"}
            return schema if null in options else {**schema, "anyOf": [*options, null]}
        inner = {k: v for k, v in schema.items() if k != "description"}
        words = {k: v for k, v in schema.items() if k == "description"}
        return {**words, "anyOf": [inner, {"type": "null"}]}
    kinds = kind if isinstance(kind, list) else [kind]
    return dict(schema) if "null" in kinds else {**schema, "type": [*kinds, "null"]}


def _anthropic(before: dict[str, Any]) -> dict[str, Any]:
    given = before.get("parameters")
    if given is None:
        return {**before, "parameters": {"type": "object", "properties": {}}}
    if any(key in given for key in ("anyOf", "oneOf", "allOf")):
        raise _Refusal("parameters", "anthropic_root")
    if given.get("type") != "object":
        if "type" in given:
            raise _Refusal("parameters.type", "anthropic_root")
        return {**before, "parameters": {"type": "object", **given}}
    return before


_READERS: Mapping[Target, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "diglot": lambda before: before,
    "ollama": lambda before: _ollama(before, nested_required=False),
    "ollama_new": lambda before: _ollama(before, nested_required=True),
    "ollama_python": _ollama_python,
    "openai_strict": _openai_strict,
    "anthropic": _anthropic,
}


def _rows(before: Any, after: Any, path: str, target: Target) -> Iterator[Row]:
    """Yield a row for each value; one row for an object or list that is dropped as a whole."""
    if isinstance(before, Mapping) and isinstance(after, Mapping) and (before or after):
        for key in dict.fromkeys((*before, *after)):
            place = f"{path}.{key}" if path else str(key)
            if key not in after:
                yield Row(place, "dropped", _reason(target, "dropped", key))
            elif key not in before:
                yield Row(place, "added", _reason(target, "added", key))
            else:
                yield from _rows(before[key], after[key], place, target)
        return
    same_length = isinstance(before, list) and isinstance(after, list) and (
        len(before) == len(after) > 0)  # fmt: skip
    if same_length and isinstance(before[0], Mapping):
        for index, pair in enumerate(zip(before, after, strict=True)):
            yield from _rows(*pair, f"{path}[{index}]", target)
        return
    if before == after and type(before) is type(after):
        yield Row(path, "kept")
    else:
        yield Row(path, "changed", _reason(target, "changed", path.rpartition(".")[2]))


def _reason(target: Target, fate: str, key: str) -> Note:
    for name in (f"{target}.{fate}.{key}", f"{fate}.{key}", f"{target}.{fate}"):
        if name in REASONS:
            return REASONS[name]
    return REASONS[fate]
