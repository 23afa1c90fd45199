"""What no program writes is refused in words, whatever kinds of values stand in it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DiglotError
from core.inspector.paste.bodies import read_har
from core.inspector.paste.detect import read_paste
from core.inspector.paste.piece import Unreadable

WRONG = [None, 3, -1, True, "x", [], {}, [3], {"a": 1}, [[]], 1e300]
ENTRY = {
    "request": {"url": "http://h/v1/chat/completions", "method": "POST",
                "headers": [{"name": "a", "value": "b"}], "postData": {"text": '{"model":"m"}'}},
    "response": {"status": 200, "content": {"text": "{}", "mimeType": "application/json"}},
}  # fmt: skip


def read(text: str) -> None:
    try:
        read_paste(text)
    except DiglotError as exc:
        assert exc.message


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_a_har_file_of_other_kinds_is_refused(wrong: Any) -> None:
    for value in ({"log": wrong}, {"log": {"version": "1.2", "entries": wrong}},
                  {"log": {"entries": [wrong]}}):  # fmt: skip
        with pytest.raises(Unreadable):
            read_har(value)
        read(json.dumps(value))


def places(value: Any) -> list[tuple[Any, ...]]:
    if not isinstance(value, dict):
        return [()]
    return [(), *((key, *rest) for key, inner in value.items() for rest in places(inner))]


@pytest.mark.parametrize("place", [place for place in places(ENTRY) if place])
@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_an_entry_may_have_any_value_anywhere(place: tuple[str, ...], wrong: Any) -> None:
    entry = json.loads(json.dumps(ENTRY))
    inside = entry
    for key in place[:-1]:
        inside = inside[key]
    inside[place[-1]] = wrong
    read(json.dumps({"log": {"version": "1.2", "entries": [entry, ENTRY]}}))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from("""model messages role content log entries request response choices delta
        message tool_calls function arguments input output type data error status url headers
        postData text""".split()), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(JSON)
def test_no_json_breaks_the_reader(value: Any) -> None:
    text = json.dumps(value)
    for pasted in (text, f"data: {text}\n\ndata: {text}\n\n", f"{text}\n{text}",
                   f"HTTP/1.1 200 OK\ncontent-type: application/json\n\n{text}",
                   f"POST /v1/chat/completions HTTP/1.1\nhost: h\n\n{text}",
                   f"curl http://h/v1/chat/completions -d '{text}'",
                   f"requests.post('http://h/api/chat', json={value!r})",
                   f"fetch('http://h/api/chat', {{body: JSON.stringify({text})}})"):  # fmt: skip
        read(pasted)


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, pytest.param('{"a":' * 100_000, marks=pytest.mark.slow),
     pytest.param("9" * 1_000_000, marks=pytest.mark.slow), '{"model":"m","n":' + "9" * 5000 + "}",
     '{"model":"m","messages":[],"n":1e999999999}', "{'a':" * 5000, "((" * 50_000],
)  # fmt: skip
def test_what_is_deep_or_endless_is_refused(text: str) -> None:
    for pasted in (text, f"data: {text}\n\n", f"HTTP/1.1 200 OK\n\n{text}",
                   f"POST /v1/chat/completions HTTP/1.1\nhost: h\n\n{text}",
                   f"curl http://h/v1/chat/completions -d '{text}'",
                   f"requests.post('http://h/api/chat', json={text})",
                   f"fetch('http://h/api/chat', {{body: '{text}'}})"):  # fmt: skip
        read(pasted)
