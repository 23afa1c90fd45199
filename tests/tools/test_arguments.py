"""A call's arguments, checked against its tool's schema."""

from __future__ import annotations

import pytest

from core.tools.arguments import ToolArgumentError, parse_arguments, spell_path, validate_arguments
from core.translation.messages import Tool

TOOL = Tool(
    name="tide",
    parameters={
        "type": "object",
        "properties": {
            "harbour": {"type": "string"},
            "days": {"type": "array", "items": {"type": "integer", "minimum": 1}},
        },
        "required": ["harbour"],
    },
)


@pytest.mark.parametrize(("text", "value"), [("", {}), ("{}", {}), ('{"a": [1]}', {"a": [1]})])
def test_arguments_are_an_object(text: str, value: dict[str, object]) -> None:
    assert parse_arguments(text) == value


@pytest.mark.parametrize(
    ("text", "said"), [("[1]", "must be a JSON object"), ("{", "not valid JSON"), ("7", "object")]
)
def test_what_is_no_object_is_refused_with_words_for_the_model(text: str, said: str) -> None:
    with pytest.raises(ToolArgumentError, match=said):
        parse_arguments(text)


def test_arguments_that_fit_come_back() -> None:
    assert validate_arguments(TOOL, '{"harbour": "Dover", "days": [1]}')["days"] == [1]
    assert validate_arguments(Tool(name="free", parameters=None), '{"x": 1}') == {"x": 1}


def test_every_fault_is_named_by_its_place() -> None:
    with pytest.raises(ToolArgumentError) as caught:
        validate_arguments(TOOL, '{"days": [0, "x"]}')
    said = str(caught.value)
    assert "arguments: 'harbour' is a required property" in said
    assert "days.0: " in said and "days.1: " in said


def test_no_more_than_five_faults_are_told() -> None:
    with pytest.raises(ToolArgumentError) as caught:
        validate_arguments(TOOL, '{"harbour": "x", "days": [0, 0, 0, 0, 0, 0, 0, 0]}')
    assert str(caught.value).count("days.") == 5


def test_the_place_of_all_arguments_has_a_name() -> None:
    assert spell_path([]) == "arguments"
    assert spell_path(["a", 0, "b"]) == "a.0.b"
