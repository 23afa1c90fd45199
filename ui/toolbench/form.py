"""A form made from a JSON Schema: nested objects, lists, choices, defaults, one of several."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from ui.text import plain
from ui.words import t

__all__ = ["ABSENT", "show_form"]

ABSENT = object()
"""What an optional field holds that nobody has filled in."""

_DEEPEST = 6
_SAFE = 2**53 - 1
_LONG = 120


def show_form(schema: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Draw the parameters of a tool and return the arguments that they hold."""
    value = _object(schema, schema, key, _DEEPEST)
    return value if isinstance(value, dict) else {}


def _object(
    schema: Mapping[str, Any], root: Mapping[str, Any], key: str, depth: int
) -> dict[str, Any]:
    properties = schema.get("properties")
    value: dict[str, Any] = {}
    for name, inner in properties.items() if isinstance(properties, Mapping) else ():
        needed = name in (schema.get("required") or ())
        found = _field(name, inner, root, f"{key}_{name}", needed=needed, depth=depth - 1)
        if found is not ABSENT:
            value[name] = found
    return value


def _field(
    name: str, schema: Any, root: Mapping[str, Any], key: str, *, needed: bool, depth: int
) -> Any:
    """Draw one field and return its value, or ABSENT."""
    schema = _resolved(schema, root)
    label = f"{plain(name)} \\*" if needed else plain(name)
    told = schema.get("description") if isinstance(schema.get("description"), str) else None
    if depth <= 0:
        return _json(label, schema, key, told, needed=needed)
    if "const" in schema:
        return schema["const"] if needed or st.checkbox(label, key=key, help=told) else ABSENT
    if isinstance(schema.get("enum"), list):
        return _choice(label, schema["enum"], schema, key, told, needed=needed)
    ways = _ways(schema)
    if ways:
        return _one_of(name, label, ways, root, key, told, needed=needed, depth=depth)
    match schema.get("type"):
        case "boolean":
            return _boolean(label, schema, key, told, needed=needed)
        case "integer" | "number" as kind:
            return _number(label, schema, key, told, whole=kind == "integer")
        case "string":
            return _string(label, schema, key, told, needed=needed)
        case "array":
            return _array(name, label, schema, root, key, told, needed=needed, depth=depth)
        case "object" if isinstance(schema.get("properties"), Mapping):
            return _section(label, schema, root, key, told, needed=needed, depth=depth)
        case "null":
            return None if needed else ABSENT
    return _json(label, schema, key, told, needed=needed)


def _resolved(schema: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    known: Mapping[str, Any] = schema if isinstance(schema, Mapping) else {}
    for _ in range(_DEEPEST):
        if not isinstance(known.get("$ref"), str):
            break
        found: Any = root
        for part in known["$ref"].removeprefix("#/").split("/"):
            found = found.get(part) if isinstance(found, Mapping) else None
        beside = {name: value for name, value in known.items() if name != "$ref"}
        # What stands beside a reference counts too.
        known = {**(found if isinstance(found, Mapping) else {}), **beside}
    return known


def _ways(schema: Mapping[str, Any]) -> list[Any]:
    for name in ("anyOf", "oneOf"):
        if isinstance(schema.get(name), list) and schema[name]:
            return list(schema[name])
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return [{**schema, "type": kind} for kind in kinds]
    return []


def _one_of(
    name: str,
    label: str,
    ways: Sequence[Any],
    root: Mapping[str, Any],
    key: str,
    told: str | None,
    *,
    needed: bool,
    depth: int,
) -> Any:
    shapes = [_resolved(way, root) for way in ways]
    solid = [number for number, shape in enumerate(shapes) if shape.get("type") != "null"]
    if len(solid) == 1 and not needed:
        return _field(name, shapes[solid[0]], root, key, needed=False, depth=depth)
    with st.container(border=True):
        places: list[int] = list(range(len(shapes)))
        place = st.selectbox(
            label,
            places,
            index=0 if needed else None,
            format_func=lambda one: _way_name(shapes[one]),
            key=f"{key}_way",
            help=told,
            placeholder=t("tools.form_none"),
        )
        if place is None:
            return ABSENT
        if shapes[place].get("type") == "null":
            return None
        return _field(name, shapes[place], root, f"{key}_{place}", needed=True, depth=depth)


def _way_name(shape: Mapping[str, Any]) -> str:
    if "const" in shape:
        return json.dumps(shape["const"], ensure_ascii=False)
    kind = shape.get("type")
    named = shape.get("title") or (kind if isinstance(kind, str) else None)
    if isinstance(shape.get("enum"), list):
        return ", ".join(json.dumps(one, ensure_ascii=False) for one in shape["enum"][:4])
    if kind == "object" and isinstance(shape.get("properties"), Mapping):
        return f"{named}: {', '.join(list(shape['properties'])[:4])}"
    return str(named or t("tools.form_any"))


def _choice(
    label: str,
    values: Sequence[Any],
    schema: Mapping[str, Any],
    key: str,
    told: str | None,
    *,
    needed: bool,
) -> Any:
    default = schema.get("default", ABSENT)
    index = list(values).index(default) if default in values else 0 if needed else None
    places = list(range(len(values)))
    place = st.selectbox(
        label,
        places,
        index=index,
        format_func=lambda one: _plain_value(values[one]),
        key=key,
        help=told,
        placeholder=t("tools.form_none"),
    )
    return ABSENT if place is None else values[place]


def _boolean(
    label: str, schema: Mapping[str, Any], key: str, told: str | None, *, needed: bool
) -> Any:
    default = schema.get("default")
    if needed or isinstance(default, bool):
        return st.checkbox(label, value=default is True, key=key, help=told)
    return _choice(label, [True, False], schema, key, told, needed=False)


def _number(
    label: str, schema: Mapping[str, Any], key: str, told: str | None, *, whole: bool
) -> Any:
    default = schema.get("default")
    start = default if _is_number(default) else None
    least, most = (_bound(schema.get(name)) for name in ("minimum", "maximum"))
    if whole:
        value: Any = st.number_input(
            label, value=None if start is None else int(start), step=1, key=key, help=told,
            min_value=None if least is None else int(least),
            max_value=None if most is None else int(most),
        )  # fmt: skip
    else:
        value = st.number_input(
            label, value=None if start is None else float(start), key=key, help=told,
            min_value=least, max_value=most, format="%g",
        )  # fmt: skip
    return ABSENT if value is None else value


def _string(
    label: str, schema: Mapping[str, Any], key: str, told: str | None, *, needed: bool
) -> Any:
    default = schema.get("default")
    start = default if isinstance(default, str) else ""
    hint = schema.get("format") or next(iter(schema.get("examples") or ()), None)
    draw = (
        st.text_area if (schema.get("maxLength") or 0) > _LONG or "\n" in start else st.text_input
    )
    text = draw(label, start, key=key, help=told, placeholder=str(hint) if hint else None)
    return text if text or needed else ABSENT


def _array(
    name: str,
    label: str,
    schema: Mapping[str, Any],
    root: Mapping[str, Any],
    key: str,
    told: str | None,
    *,
    needed: bool,
    depth: int,
) -> Any:
    items = _resolved(schema.get("items"), root)
    default = schema.get("default")
    if isinstance(items.get("enum"), list) and all(isinstance(v, str) for v in items["enum"]):
        start = [v for v in default if v in items["enum"]] if isinstance(default, list) else []
        chosen = st.multiselect(
            label, items["enum"], start, key=key, help=told, placeholder=t("tools.form_none")
        )
        return chosen if chosen or needed else ABSENT
    if not items:
        return _json(label, schema, key, told, needed=needed)
    with st.container(border=True):
        least = schema.get("minItems") if isinstance(schema.get("minItems"), int) else 0
        count = st.number_input(
            t("tools.form_count", name=label), 0, 50, int(least or 0), key=f"{key}_count", help=told
        )
        values = []
        for number in range(int(count)):
            inner = f"{name}[{number}]"
            found = _field(inner, items, root, f"{key}_{number}", needed=True, depth=depth - 1)
            if found is not ABSENT:
                values.append(found)
    return values if values or needed else ABSENT


def _section(
    label: str,
    schema: Mapping[str, Any],
    root: Mapping[str, Any],
    key: str,
    told: str | None,
    *,
    needed: bool,
    depth: int,
) -> Any:
    with st.container(border=True):
        if needed:
            st.markdown(f"**{label}**", help=told)
        elif not st.checkbox(label, key=f"{key}_given", help=told):
            return ABSENT
        return _object(schema, root, key, depth)


def _json(
    label: str, schema: Mapping[str, Any], key: str, told: str | None, *, needed: bool
) -> Any:
    start = json.dumps(schema["default"], ensure_ascii=False) if "default" in schema else ""
    text = st.text_input(t("tools.form_json", name=label), start, key=key, help=told)
    if not text.strip():
        return None if needed else ABSENT
    try:
        return json.loads(text)
    except ValueError:
        # What is no JSON is meant as text.
        return text


def _plain_value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _SAFE


def _bound(value: Any) -> float | None:
    return float(value) if _is_number(value) else None
