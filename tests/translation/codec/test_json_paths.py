"""JSON paths: written, followed, and cut out of a body."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.translation.codec.json_paths import join, value_at, without

KEYS = st.text(max_size=8)
BODY: dict[str, Any] = {"messages": [{"content": "hi"}, {"content": ["a", "b"]}], "odd.key": 1}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("", BODY),
        ("messages[0].content", "hi"),
        ("messages[1].content[1]", "b"),
        ('["odd.key"]', 1),
    ],
)
def test_a_path_leads_to_its_value(path: str, value: Any) -> None:
    assert value_at(BODY, path) == value


@pytest.mark.parametrize(
    "path",
    ["nothing", "messages[2]", "messages.content", "messages[0][0]", "messages[0].content.x"],
)
def test_a_path_that_leads_nowhere_is_a_key_error(path: str) -> None:
    with pytest.raises(KeyError):
        value_at(BODY, path)


def test_keys_that_look_like_a_path_are_quoted() -> None:
    assert join("", "a") == "a"
    assert join("a", "b") == "a.b"
    assert join("a", "b.c") == 'a["b.c"]'
    assert join("a", "键") == "a.键"


@given(key=KEYS, inner=KEYS)
def test_what_is_joined_is_found_again(key: str, inner: str) -> None:
    assert value_at({key: {inner: 7}}, join(join("", key), inner)) == 7


@pytest.mark.parametrize(
    ("paths", "left"),
    [
        (["a"], {"list": [{"x": 1, "y": 2}, {"x": 3}]}),
        (["list[*].x"], {"a": 1, "list": [{"y": 2}, {}]}),
        (["list[0]"], {"a": 1, "list": [{"x": 3}]}),
        (["list[1].x", "a"], {"list": [{"x": 1, "y": 2}, {}]}),
        (["list[*]"], {"a": 1, "list": []}),
        (["gone", "a.b.c", "list[7].x"], {"a": 1, "list": [{"x": 1, "y": 2}, {"x": 3}]}),
    ],
)
def test_a_body_without_some_paths(paths: list[str], left: dict[str, Any]) -> None:
    body = {"a": 1, "list": [{"x": 1, "y": 2}, {"x": 3}]}
    assert without(body, paths) == left
    assert body == {"a": 1, "list": [{"x": 1, "y": 2}, {"x": 3}]}, "the body itself stays"
