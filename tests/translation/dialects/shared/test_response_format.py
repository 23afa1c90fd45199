"""A format is found wherever clients ask for one; the first place that asks counts."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import InvalidRequest
from core.translation.dialects.shared.response_format import parse_format, read_format
from core.translation.messages import ResponseFormat

SCHEMA = {"type": "object"}
OTHER = {"type": "array"}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}}}, SCHEMA),
        ({"response_format": {"type": "json_schema", "schema": SCHEMA}}, SCHEMA),
        ({"response_format": {"type": "json_object", "schema": SCHEMA}}, SCHEMA),
        ({"format": SCHEMA}, SCHEMA),
        ({"guided_json": SCHEMA}, SCHEMA),
        ({"structured_outputs": {"json": SCHEMA}}, SCHEMA),
        ({"json_schema": SCHEMA}, SCHEMA),
        ({"response_format": {"type": "json_object"}, "format": OTHER}, None),
        ({"response_format": {"type": "text"}, "format": OTHER}, OTHER),
    ],
)
def test_a_schema_is_found_wherever_it_is_asked_for(
    body: dict[str, Any], found: dict[str, Any] | None
) -> None:
    said = read_format(body)
    assert said is not None
    assert said.schema == found


@pytest.mark.parametrize("asked", [{"type": "json_schema"}, {"type": "json_object"}])
def test_without_a_schema_it_is_json(asked: dict[str, Any]) -> None:
    assert read_format({"response_format": asked}) == ResponseFormat()
    assert read_format({"format": "json"}) == ResponseFormat()


@pytest.mark.parametrize("body", [{}, {"format": ""}, {"guided_json": 7}, {"format": "yaml"}])
def test_what_asks_for_nothing_is_none(body: dict[str, Any]) -> None:
    assert read_format(body) is None


def test_a_schema_that_is_none_names_its_place() -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_format({"type": "json_schema", "json_schema": {"schema": 7}}, "response_format")
    assert caught.value.path == "response_format.json_schema.schema"
