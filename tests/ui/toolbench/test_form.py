"""The form made from a schema, and the mends of the check, without a browser."""

from __future__ import annotations

import json
from typing import Any

from streamlit.testing.v1 import AppTest

SCHEMA: dict[str, Any] = {
    "type": "object",
    "$defs": {
        "Place": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "zip": {"type": "integer"}},
            "required": ["city"],
        }
    },
    "properties": {
        "place": {"$ref": "#/$defs/Place"},
        "unit": {"enum": ["C", "F"], "default": "F"},
        "kind": {"enum": ["a", "b"]},
        "days": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3},
        "exact": {"type": "boolean"},
        "loud": {"type": "boolean", "default": True},
        "who": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "when": {
            "oneOf": [
                {"title": "moment", "type": "string"},
                {"title": "span", "type": "object", "properties": {"from": {"type": "number"}}},
            ]
        },
        "tags": {"type": "array", "items": {"enum": ["x", "y"], "type": "string"}},
        "points": {"type": "array", "items": {"$ref": "#/$defs/Place"}, "minItems": 1},
        "free": {"type": "object"},
        "fixed": {"const": 7},
        "count": {"type": ["integer", "null"]},
    },
    "required": ["place", "when", "points", "fixed"],
}


def _form(schema: dict) -> None:  # type: ignore[type-arg]  # its source runs alone
    import json

    import streamlit as st

    from ui.toolbench.form import show_form

    st.code(json.dumps(show_form(schema, "f")))


def drawn(schema: dict[str, Any]) -> AppTest:
    page = AppTest.from_function(_form, default_timeout=30, args=(schema,)).run()
    assert not page.exception, page.exception
    return page


def value(page: AppTest) -> Any:
    assert not page.exception, page.exception
    return json.loads(page.code[0].value)


def test_a_form_begins_with_defaults_and_what_must_be_there() -> None:
    assert value(drawn(SCHEMA)) == {
        "place": {"city": ""},
        "unit": "F",
        "days": 3,
        "loud": True,
        "when": "",
        "points": [{"city": ""}],
        "fixed": 7,
    }


def test_a_form_holds_every_kind_of_value() -> None:
    page = drawn(SCHEMA)
    page.text_input(key="f_place_city").set_value("上海")
    page.number_input(key="f_place_zip").set_value(200000)
    page.selectbox(key="f_kind").set_value(1)
    page.selectbox(key="f_exact").set_value(1)
    page.text_input(key="f_who").set_value("me")
    page.selectbox(key="f_when_way").set_value(1)
    page.multiselect(key="f_tags").set_value(["y"])
    page.number_input(key="f_points_count").set_value(2)
    page.text_input(key="f_free").set_value('{"a": [1]}')
    page.number_input(key="f_count").set_value(4)
    page.run()
    page.number_input(key="f_when_1_from").set_value(0.5)
    page.text_input(key="f_points_1_city").set_value("Lima").run()
    assert value(page) == {
        "place": {"city": "上海", "zip": 200000},
        "unit": "F",
        "kind": "b",
        "days": 3,
        "exact": False,
        "loud": True,
        "who": "me",
        "when": {"from": 0.5},
        "tags": ["y"],
        "points": [{"city": ""}, {"city": "Lima"}],
        "free": {"a": [1]},
        "fixed": 7,
        "count": 4,
    }


def test_odd_schemas_are_drawn_all_the_same() -> None:
    endless: dict[str, Any] = {
        "$defs": {"Node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}},
        "properties": {"node": {"$ref": "#/$defs/Node"}},
        "required": ["node"],
    }
    assert value(drawn(endless)) == {"node": {}}
    odd: dict[str, Any] = {
        "properties": {
            "a": True, "b": {}, "c": {"$ref": "#/nowhere"}, "d": {"type": "integer",
            "maximum": 10**30, "default": 10**30}, "e": {"type": "array"}, "f": {"enum": []},
        }
    }  # fmt: skip
    assert value(drawn(odd)) == {}
    assert value(drawn({})) == {}
