"""Functions as tools: their schemas say what the functions say."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest
from jsonschema import Draft202012Validator
from pydantic import Field
from typing_extensions import TypedDict  # pydantic refuses typing's own before Python 3.12

from core.errors import InvalidRequest
from core.tools.arguments import ToolArgumentError, parse_arguments, validate_arguments
from core.tools.schema import call_function, tool_from_function
from core.translation.messages import Tool


@dataclass
class Point:
    x: int
    y: float = 0.0


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Window(TypedDict):
    start: str
    end: str


def book(
    name: str,
    where: Point,
    colour: Colour,
    day: dt.date,
    window: Window,
    guests: list[str] = [],  # noqa: B006  # the schema must show this default
    mode: Literal["fast", "slow"] = "fast",
    limit: Annotated[int | None, Field(ge=1, description="At most so many")] = None,
) -> list[Any]:
    """Book a place.

    It can be cancelled.

    Args:
        name: Who it is for,
            in full.
        where: The place.
    """
    return [name, where, colour, day, window, guests, mode, limit]


def test_a_schema_says_all_that_the_signature_says() -> None:
    tool = tool_from_function(book)
    assert tool.name == "book"
    assert tool.description == "Book a place.\n\nIt can be cancelled."
    schema: Any = tool.parameters
    Draft202012Validator.check_schema(schema)
    properties = schema["properties"]
    assert list(properties) == [
        "name", "where", "colour", "day", "window", "guests", "mode", "limit",
    ]  # fmt: skip
    assert properties["name"] == {"type": "string", "description": "Who it is for, in full."}
    assert properties["day"] == {"type": "string", "format": "date"}
    assert properties["guests"] == {"type": "array", "items": {"type": "string"}, "default": []}
    assert properties["mode"]["enum"] == ["fast", "slow"]
    assert properties["limit"]["anyOf"] == [{"type": "integer", "minimum": 1}, {"type": "null"}]
    assert properties["limit"]["description"] == "At most so many"
    assert properties["where"]["$ref"] == "#/$defs/Point"
    assert schema["$defs"]["Colour"]["enum"] == ["red", "blue"]
    assert schema["required"] == ["name", "where", "colour", "day", "window"]
    assert schema["additionalProperties"] is False


def numpy_style(city: str) -> str:
    """Tell the weather.

    Parameters
    ----------
    city : str
        Name of the city.
    """
    return city


def sphinx_style(city: str) -> str:
    """Tell the weather.

    :param city: Name of the city.
    """
    return city


@pytest.mark.parametrize("function", [numpy_style, sphinx_style])
def test_docstrings_of_other_styles_are_read(function: Any) -> None:
    tool = tool_from_function(function)
    assert tool.description == "Tell the weather."
    assert tool.parameters is not None
    assert tool.parameters["properties"]["city"]["description"] == "Name of the city."


def test_a_property_that_is_called_title_stays() -> None:
    def publish(title: str) -> str:
        return title

    assert tool_from_function(publish).parameters == {
        "type": "object",
        "properties": {"title": {"type": "string"}},
        "required": ["title"],
        "additionalProperties": False,
    }


def anything(*things: str) -> None: ...


def options(**things: str) -> None: ...


def positional(thing: str, /) -> None: ...


@pytest.mark.parametrize("function", [anything, options, positional])
def test_parameters_without_a_name_of_their_own_are_refused(function: Any) -> None:
    with pytest.raises(InvalidRequest, match="name of its own"):
        tool_from_function(function)


def test_a_function_gets_the_types_it_declares() -> None:
    arguments = (
        '{"name":"Ada","where":{"x":1},"colour":"red","day":"2026-11-24",'
        '"window":{"start":"a","end":"b"},"limit":"3"}'
    )
    result = call_function(book, arguments)
    assert result[1:4] == [Point(1), Colour.RED, dt.date(2026, 11, 24)]
    assert result[-1] == 3


def test_what_does_not_fit_is_said_by_name() -> None:
    with pytest.raises(ToolArgumentError, match=r"where\.x: .*; colour"):
        call_function(
            book, '{"name":"Ada","where":{"x":"far"},"colour":"green","day":"2026-11-24"}'
        )


def test_an_error_inside_the_function_is_its_own() -> None:
    def fails(x: int) -> int:
        raise ValueError(f"no {x}")

    with pytest.raises(ValueError, match="no 1"):
        call_function(fails, '{"x": 1}')


@pytest.mark.parametrize("text", ["{", "[]", "1", '"x"', "{]"])
def test_arguments_that_are_no_object(text: str) -> None:
    with pytest.raises(ToolArgumentError):
        parse_arguments(text)


def test_no_arguments_are_an_empty_object() -> None:
    assert parse_arguments("") == {}


def test_arguments_are_checked_against_any_schema() -> None:
    tool = Tool(
        name="f",
        parameters={
            "type": "object",
            "properties": {"n": {"type": "integer", "minimum": 1}},
            "required": ["n"],
            "additionalProperties": False,
        },
    )
    assert validate_arguments(tool, '{"n": 2}') == {"n": 2}
    with pytest.raises(ToolArgumentError, match="n: 0 is less than the minimum of 1"):
        validate_arguments(tool, '{"n": 0}')
    with pytest.raises(ToolArgumentError, match="'n' is a required property"):
        validate_arguments(tool, "{}")
