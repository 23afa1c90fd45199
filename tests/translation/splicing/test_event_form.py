"""All events of a read are split as one after another is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.translation.splicing.event_form import EventForm, event_form

FORM = EventForm(b'a"', b'"b\n\n')
PARTS = st.sampled_from(
    [b'a"', b'a"', b'"b\n\n', b'"b\n\n', b"x", b"\xc3\xa9", b"\xc3", b'"', b"\\n", b"\\", b"\0",
     b"b\n\n", b"\r"]
)  # fmt: skip
TEXTS = st.sampled_from([b"x", b"y\\n", b"\xc3\xa9", b"\\\\", b"z z"])


@given(st.lists(TEXTS, max_size=5), st.lists(PARTS, max_size=12))
def test_what_is_split_at_once_is_what_is_split_one_by_one(
    texts: list[bytes], rest: list[bytes]
) -> None:
    data = (FORM.written(texts) if texts else b"") + b"".join(rest)
    found, left = FORM.split(data)
    assert found[: len(texts)] == texts
    assert (FORM.written(found) if found else b"") + left == data
    expected = FORM._one_by_one(data) if data.startswith(FORM.begin) else ([], data)  # noqa: SLF001
    assert (found, left) == expected


def test_the_form_of_an_event_is_all_but_its_text() -> None:
    found = event_form(b'data: {"a":1,"content":"it is","b":2}\n\n')
    assert found == (EventForm(b'data: {"a":1,"content":"', b'","b":2}\n\n'), b"it is")
    others = [
        b'data: {"content":""}\n\n',
        b'data: {"content":"a","content":"b"}\n\n',
        b'data: {"content":"a"}\n\ndata: {}\n\n',
        b'data: {"content":"a"}\r\n\n',
    ]
    assert not any(map(event_form, others))
