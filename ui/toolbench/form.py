"""A form made from a JSON Schema: nested objects, lists, choices, defaults, one of several."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st
from msgspec import Struct
from msgspec.structs import replace

from ui.widgets.text import plain
from ui.words import t

ABSENT = object()
"""What an optional field holds that nobody has filled in."""

_DEEPEST = 6
_SAFE = 2**53 - 1
_LONG = 120


class _Field(Struct, frozen=True, kw_only=True):
    """One field: its schema and its place. References resolve in ``root``; ``depth`` is how many
    more levels may be drawn.
    """

    name: str
    schema: Mapping[str, Any]
    root: Mapping[str, Any]
    key: str
    needed: bool
    depth: int

    @property
    def label(self) -> str:
        return f"{plain(self.name)} \\*" if self.needed else plain(self.name)

    @property
    def told(self) -> str | None:
        told = self.schema.get("description")
        return plain(told) if isinstance(told, str) else None

    def resolved(self, schema: Any) -> Mapping[str, Any]:
        """Return a schema with its reference resolved and merged with its other keywords."""
        known: Mapping[str, Any] = schema if isinstance(schema, Mapping) else {}
        for _ in range(_DEEPEST):
            if not isinstance(known.get("$ref"), str):
                break
            found: Any = self.root
            for part in known["$ref"].removeprefix("#/").split("/"):
                found = found.get(part) if isinstance(found, Mapping) else None
            beside = {name: value for name, value in known.items() if name != "$ref"}
            known = {**(found if isinstance(found, Mapping) else {}), **beside}
        return known


def show_form(schema: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Draw a tool's parameters and return the arguments entered."""
    return _object(
        _Field(name="", schema=schema, root=schema, key=key, needed=True, depth=_DEEPEST)
    )


def _object(field: _Field) -> dict[str, Any]:
    properties = field.schema.get("properties")
    required = field.schema.get("required") or ()
    value: dict[str, Any] = {}
    for name, inner in properties.items() if isinstance(properties, Mapping) else ():
        found = _value(
            replace(
                field,
                name=name,
                schema=field.resolved(inner),
                key=f"{field.key}_{name}",
                needed=name in required,
                depth=field.depth - 1,
            )
        )
        if found is not ABSENT:
            value[name] = found
    return value


def _value(field: _Field) -> Any:
    """Draw one field and return its value, or ABSENT."""
    schema = field.schema
    if field.depth <= 0:
        return _json(field)
    if "const" in schema:
        given = field.needed or st.checkbox(field.label, key=field.key, help=field.told)
        return schema["const"] if given else ABSENT
    if isinstance(schema.get("enum"), list):
        return _choice(field, schema["enum"])
    ways = _ways(schema)
    if ways:
        return _one_of(field, ways)
    return _DRAWN.get(str(schema.get("type")), _json)(field)


def _ways(schema: Mapping[str, Any]) -> list[Any]:
    for name in ("anyOf", "oneOf"):
        if isinstance(schema.get(name), list) and schema[name]:
            return list(schema[name])
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return [{**schema, "type": kind} for kind in kinds]
    return []


def _one_of(field: _Field, ways: Sequence[Any]) -> Any:
    shapes = [field.resolved(way) for way in ways]
    solid = [shape for shape in shapes if shape.get("type") != "null"]
    if len(solid) == 1 and not field.needed:
        return _value(replace(field, schema=solid[0]))
    with st.container(border=True):
        places: list[int] = list(range(len(shapes)))
        place = st.selectbox(
            field.label,
            places,
            index=0 if field.needed else None,
            format_func=lambda one: _way_name(shapes[one]),
            key=f"{field.key}_way",
            help=field.told,
            placeholder=t("tools.form_none"),
        )
        if place is None:
            return ABSENT
        key = f"{field.key}_{place}"
        return _value(replace(field, schema=shapes[place], key=key, needed=True))


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


def _choice(field: _Field, values: Sequence[Any]) -> Any:
    default = field.schema.get("default", ABSENT)
    index = list(values).index(default) if default in values else 0 if field.needed else None
    places = list(range(len(values)))
    place = st.selectbox(
        field.label,
        places,
        index=index,
        format_func=lambda one: _plain_value(values[one]),
        key=field.key,
        help=field.told,
        placeholder=t("tools.form_none"),
    )
    return ABSENT if place is None else values[place]


def _boolean(field: _Field) -> Any:
    default = field.schema.get("default")
    if field.needed or isinstance(default, bool):
        return st.checkbox(field.label, value=default is True, key=field.key, help=field.told)
    return _choice(field, [True, False])


def _number(field: _Field) -> Any:
    default = field.schema.get("default")
    start = default if _is_number(default) else None
    least, most = (_bound(field.schema.get(name)) for name in ("minimum", "maximum"))
    if field.schema["type"] == "integer":
        value: Any = st.number_input(
            field.label, value=None if start is None else int(start), step=1, key=field.key,
            help=field.told, min_value=None if least is None else int(least),
            max_value=None if most is None else int(most),
        )  # fmt: skip
    else:
        value = st.number_input(
            field.label, value=None if start is None else float(start), key=field.key,
            help=field.told, min_value=least, max_value=most, format="%g",
        )  # fmt: skip
    return ABSENT if value is None else value


def _string(field: _Field) -> Any:
    schema = field.schema
    default = schema.get("default")
    start = default if isinstance(default, str) else ""
    hint = schema.get("format") or next(iter(schema.get("examples") or ()), None)
    draw = (
        st.text_area if (schema.get("maxLength") or 0) > _LONG or "\n" in start else st.text_input
    )
    text = draw(
        field.label, start, key=field.key, help=field.told, placeholder=str(hint) if hint else None
    )
    return text if text or field.needed else ABSENT


def _array(field: _Field) -> Any:
    items = field.resolved(field.schema.get("items"))
    default, needed = field.schema.get("default"), field.needed
    if isinstance(items.get("enum"), list) and all(isinstance(v, str) for v in items["enum"]):
        start = [v for v in default if v in items["enum"]] if isinstance(default, list) else []
        chosen = st.multiselect(
            field.label, items["enum"], start, key=field.key, help=field.told,
            placeholder=t("tools.form_none"),
        )  # fmt: skip
        return chosen if chosen or needed else ABSENT
    if not items:
        return _json(field)
    with st.container(border=True):
        least = field.schema.get("minItems")
        count = st.number_input(
            t("tools.form_count", name=field.label), 0, 50,
            least if isinstance(least, int) else 0, key=f"{field.key}_count", help=field.told,
        )  # fmt: skip
        values = []
        for number in range(int(count)):
            inner = replace(
                field,
                name=f"{field.name}[{number}]",
                schema=items,
                key=f"{field.key}_{number}",
                needed=True,
                depth=field.depth - 1,
            )
            found = _value(inner)
            if found is not ABSENT:
                values.append(found)
    return values if values or needed else ABSENT


def _section(field: _Field) -> Any:
    if not isinstance(field.schema.get("properties"), Mapping):
        return _json(field)
    with st.container(border=True):
        if field.needed:
            st.markdown(f"**{field.label}**", help=field.told)
        elif not st.checkbox(field.label, key=f"{field.key}_given", help=field.told):
            return ABSENT
        return _object(field)


def _null(field: _Field) -> Any:
    return None if field.needed else ABSENT


def _json(field: _Field) -> Any:
    schema = field.schema
    start = json.dumps(schema["default"], ensure_ascii=False) if "default" in schema else ""
    label = t("tools.form_json", name=field.label)
    text = st.text_input(label, start, key=field.key, help=field.told)
    if not text.strip():
        return None if field.needed else ABSENT
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        # Anything other than JSON is taken as text.
        return text


_DRAWN: Mapping[str, Callable[[_Field], Any]] = {
    "boolean": _boolean,
    "integer": _number,
    "number": _number,
    "string": _string,
    "array": _array,
    "object": _section,
    "null": _null,
}
"""What draws a field of each type."""


def _plain_value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _SAFE


def _bound(value: Any) -> float | None:
    return float(value) if _is_number(value) else None
