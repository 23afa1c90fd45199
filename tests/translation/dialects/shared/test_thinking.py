"""The levels of thinking that a model has, and which of them is nearest to what is wanted."""

from __future__ import annotations

from typing import Any

import pytest

from core.translation.dialects.shared.thinking import ThinkingLevels, nearest, parse_levels


@pytest.mark.parametrize(
    ("said", "values", "default"),
    [
        ({"values": ["low", "medium", "high"], "default": "medium"}, ("low", "medium", "high"),
         "medium"),
        ({"values": [True, False], "default": True}, (True, False), True),
        ({"values": ["on", "off"], "default": "off"}, (True, False), False),
        ({"values": ["none", "low"], "default": "none"}, (False, "low"), False),
        # What nobody could be offered is no default.
        ({"values": ["low"], "default": "high"}, ("low",), None),
        ({"values": ["low", 7, None]}, ("low",), None),
        ({"values": "low", "default": ["low"]}, (), None),
        (None, (), None),
        ([], (), None),
    ],
)  # fmt: skip
def test_the_levels_are_read_from_what_a_server_shows(
    said: Any, values: tuple[bool | str, ...], default: bool | str | None
) -> None:
    assert parse_levels(said) == ThinkingLevels(values, default)


@pytest.mark.parametrize(
    ("wanted", "values", "found"),
    [
        ("high", ("low", "medium", "high"), "high"),
        ("max", ("low", "medium", "high"), "high"),
        ("minimal", ("low", "medium", "high"), "low"),
        ("medium", ("low", "high"), "low"),
        ("xhigh", ("low", "max"), "max"),
        ("high", (True, False), True),
        (True, ("low", "medium", "high"), "medium"),
        (True, ("low", "high"), "low"),
        (True, (True, False), True),
        # Only the server can say that a no cannot be had.
        (False, ("low", "high"), False),
        ("none", ("low", "high"), "none"),
        ("high", (), "high"),
        ("high", ("of a newer kind",), "high"),
    ],
)
def test_the_nearest_level_is_taken(
    wanted: bool | str, values: tuple[bool | str, ...], found: bool | str
) -> None:
    assert nearest(wanted, values) is found or nearest(wanted, values) == found
