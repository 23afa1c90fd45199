"""A message that is known by its head says what the parser would find in it."""

from __future__ import annotations

from typing import Any

import httptools
from hypothesis import event, given, settings
from hypothesis import strategies as st

from core.http.known_head import known_head
from tests.support.examples import EXAMPLES


class Found:
    """What httptools finds in the bytes of one connection."""

    def __init__(self, make: Any) -> None:
        self.url = self.body = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.ended = 0
        self.keeps = False
        self.parser = make(self)

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.ended += 1
        self.keeps = self.parser.should_keep_alive()


def parsed(make: Any, data: bytes) -> Found | None:
    found = Found(make)
    try:
        found.parser.feed_data(data)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        return None
    return found


NAMES = st.sampled_from([
    *["host", "Accept", "content-type", "x-length", "date"] * 5,
    "host", "Accept", "content-type", "Content-Length", "content-length", "CONTENT-LENGTH",
    "connection", "Connection", "transfer-encoding", "expect", "upgrade", "x-length",
    "x-content-length", "date",
])  # fmt: skip
VALUES = st.sampled_from([
    "a", "", "keep-alive", "close", "Keep-Alive", "upgrade", "chunked", "100-continue", "h2c",
    "5", "0", " 5", "5 ", "05", "content-length: 5", "application/json",
])  # fmt: skip
LENGTH = [*["content-length: %d", "Content-Length: %d"] * 5,
          "content-length: %d", "Content-Length: %d", "content-length:%d", "CONTENT-LENGTH: %d",
          "content-length:  %d", "content-length: %d "]  # fmt: skip


@st.composite
def messages(draw: st.DrawFn, first: str) -> bytes:
    """A message whose framing is mostly right."""
    body = draw(st.binary(min_size=1, max_size=12))
    lines = [f"{draw(NAMES)}: {draw(VALUES)}" for _ in range(draw(st.integers(0, 3)))]
    length = draw(st.sampled_from(LENGTH)) % draw(
        st.sampled_from([len(body)] * 18 + [len(body) + 1, max(len(body) - 1, 0)])
    )
    lines.insert(draw(st.integers(0, len(lines))), length)
    return "\r\n".join([first, *lines, "", ""]).encode() + body


@st.composite
def others(draw: st.DrawFn, data: bytes) -> bytes:
    """Another message much like this one."""
    head, _, body = data.partition(b"\r\n\r\n")
    new = draw(st.one_of(st.just(body), st.binary(max_size=1200)))
    head = head.replace(b": %d" % len(body), b": %d" % draw(
        st.sampled_from([len(new)] * 6 + [len(new) + 1, max(len(new) - 1, 0)])
    ))  # fmt: skip
    made = bytearray(head + b"\r\n\r\n" + new)
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        at = draw(st.integers(0, len(made) - 1))
        made[at : at + draw(st.integers(0, 1))] = draw(st.sampled_from([
            b"0", b" ", b"\r\n", b"\n", b"-", b"x", b"\r\ncontent-length: 3", b"9",
        ]))  # fmt: skip
    return bytes(made)


FORMS = [
    *[("POST /v1/messages HTTP/1.1", httptools.HttpRequestParser)] * 4,
    *[("HTTP/1.1 201 Created", httptools.HttpResponseParser)] * 4,
    ("POST /v1/chat/completions?a=b HTTP/1.1", httptools.HttpRequestParser),
    ("POST / HTTP/1.0", httptools.HttpRequestParser),
    ("HTTP/1.1 200 OK", httptools.HttpResponseParser),
    ("HTTP/1.1 204 No Content", httptools.HttpResponseParser),
]


@settings(max_examples=10 * EXAMPLES)
@given(data=st.data(), form=st.sampled_from(FORMS))
def test_what_is_known_is_what_the_parser_finds(data: st.DataObject, form: tuple[str, Any]) -> None:
    first, make = form
    message = data.draw(messages(first))
    was = parsed(make, message)
    # Who uses it knows these of the first message from its parser.
    if was is None or was.ended != 1 or not was.keeps or not was.body:
        return
    known = known_head(message, was.headers)
    if known is None:
        return
    assert known.body_of(message) == was.body
    another = data.draw(others(message))
    body = known.body_of(another)
    if not body:
        return
    event("known again")
    now = parsed(make, another)
    assert now is not None and (now.ended, now.keeps, now.url) == (1, True, was.url)
    assert now.body == body
    changed = [(name, b"" if name == b"content-length" else value) for name, value in now.headers]
    assert changed == [
        (name, b"" if name == b"content-length" else value) for name, value in was.headers
    ]


def test_most_messages_are_known() -> None:
    for head in ("Host: a\r\nContent-Length: %d\r\nAccept: */*", "content-length:%d"):
        text = f"POST / HTTP/1.1\r\n{head}\r\n\r\n"
        message = (text % 5).encode() + b"hello"
        was = parsed(httptools.HttpRequestParser, message)
        assert was is not None
        known = known_head(message, was.headers)
        assert known is not None
        assert known.body_of((text % 100).encode() + b"x" * 100) == b"x" * 100
        assert known.body_of(message + b"POST") is None
        assert known.body_of(message[:-1]) is None
