"""Which events of an OpenAI stream take the short way. That both ways say the same is a law."""

from __future__ import annotations

import json
from typing import Any
from unittest import mock

import pytest

from core.translation.dialects.openai.chat_stream import StreamDecoder
from core.translation.stamp import Stamp
from core.translation.translate import StreamTranslator

STAMP = Stamp(id="1", created=1_700_000_000_000_000_000, model="m")


def chunk(text: str | None, *, created: int = 1, spaces: bool = False, **more: Any) -> bytes:
    choice = {"index": 0, "delta": {} if text is None else {"content": text},
              "finish_reason": "stop" if text is None else None}  # fmt: skip
    body = {"id": "c", "object": "chat.completion.chunk", "created": created, "model": "m",
            "choices": [choice], **more}  # fmt: skip
    written = json.dumps(body, ensure_ascii=False, separators=None if spaces else (",", ":"))
    return b"data: " + written.encode() + b"\n\n"


def read_the_long_way(reads: list[bytes], target: str = "ollama") -> int:
    """Return how many events were decoded."""
    stream = StreamTranslator("openai", target, STAMP)
    with mock.patch.object(
        StreamDecoder, "read", autospec=True, side_effect=StreamDecoder.read
    ) as read:
        for data in reads:
            stream.feed(data, now=STAMP.created)
    return read.call_count


END = [chunk(None), b"data: [DONE]\n\n"]
WORDS = ["it", " is", " 你好", "\n", ' "quoted"', " a\\b"]


@pytest.mark.parametrize("target", ["ollama", "generate", "anthropic"])
@pytest.mark.parametrize("spaces", [False, True])
@pytest.mark.parametrize("at_once", [False, True])
def test_events_that_are_alike_are_not_decoded(target: str, spaces: bool, at_once: bool) -> None:
    reads = [chunk(word, spaces=spaces) for word in WORDS * 9] + END
    decoded = read_the_long_way([b"".join(reads)] if at_once else reads, target)
    assert decoded == 3  # the form that the others have, and the end


@pytest.mark.parametrize(
    ("odd", "more"),
    [
        (chunk("later", created=2), 2),  # a new form, and back to the old one
        (chunk("", spaces=False), 1),
        (chunk("noise", obfuscation="x1"), 2),
        (b": a comment\n\n", 0),
    ],
)
def test_an_odd_event_goes_the_long_way_and_the_next_do_not(odd: bytes, more: int) -> None:
    plain = [chunk(word) for word in WORDS]
    assert read_the_long_way([*plain, odd, *plain, *END]) == 3 + more
