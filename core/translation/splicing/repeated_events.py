"""RepeatedEvents: the events of an OpenAI stream that are alike but for their text.

Each server writes them in its own way, with fields of its own, and nearly all of them write the
same in each event of a stream. So the first event that says a text and nothing else is taken for
the form of those that follow; one that differs goes the long way, and is the next form.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.translation.codec.framing import MAX_RECORD
from core.translation.codec.json import encode_json
from core.translation.events import Event, MessageStart, TextDelta
from core.translation.splicing.splicer import TEXT, SplicedDecoder, SplicedEncoder, Splicer, is_utf8

_TEXT = re.compile(TEXT)
_NAME = re.compile(rb'"content":\s?"')
_END = b"\n\n"
# Events of one read that go the long way alone, so that what follows may be taken.
_TRIES = 3


class RepeatedEvents(Splicer):
    """Splices the events that begin and end as one did that went the long way."""

    source = "openai"
    targets = ("ollama", "generate", "anthropic")

    def __init__(self, decoder: SplicedDecoder, encoder: SplicedEncoder) -> None:
        super().__init__(decoder, encoder)
        self._begin = self._end = b""
        self._tries = 0

    def take(self, data: bytes, *, now: int) -> tuple[bytes, bytes]:
        """Return what ``data`` says as far as it is plain, and the rest."""
        self._tries = 0
        return self._take(data, now)

    def _take(self, data: bytes, now: int) -> tuple[bytes, bytes]:
        begin, end = self._begin, self._end
        if not (begin and data.startswith(begin)) or len(data) > MAX_RECORD:
            return b"", data
        if not (self._decoder.is_between and self._encoder.may_splice):
            return b"", data
        texts: list[bytes] = []
        at, size, match = 0, len(begin), _TEXT.match
        while data.startswith(begin, at):
            text = match(data, at + size)
            if text is None or not data.startswith(end, text.end()) or not is_utf8(text[0]):
                break
            texts.append(text[0])
            at = text.end() + len(end)
        if not texts:
            return b"", data
        if self._words is not None:
            self._words += texts
        return self._encoder.splice(texts, first=False, now=now), data[at:]

    def part(self, rest: bytes) -> tuple[bytes, bytes]:
        """Return the next event, or all where several tries did not help."""
        super().part(rest)
        self._tries += 1
        at = rest.find(_END) + len(_END)
        if self._tries > _TRIES or at < len(_END) or not self._was_between:
            return rest, b""
        return rest[:at], rest[at:]

    def again(self, rest: bytes, *, now: int) -> tuple[bytes, bytes]:
        """Take up what follows an event that went the long way."""
        return self._take(rest, now)

    def note(self, part: bytes, events: Sequence[Event]) -> None:
        """Note what went the long way, and take the form of an event that said a text alone."""
        super().note(part, events)
        said = _only_text(events)
        if said is None:
            return
        names = _NAME.findall(part)
        text = names[0] + encode_json(said)[1:] if len(names) == 1 else b""
        usual = self._was_between and self._decoder.is_between and part.count(_END) == 1
        if text and usual and b"\r" not in part and part.count(text) == 1 and part.endswith(_END):
            at = part.index(text)
            self._begin, self._end = part[: at + len(names[0])], part[at + len(text) - 1 :]


def _only_text(events: Sequence[Event]) -> str | None:
    """Return what is said, where that is one text alone; it may be the first of the stream."""
    if len(events) == 2 and isinstance(events[0], MessageStart):
        events = events[1:]
    if len(events) != 1 or not isinstance(events[0], TextDelta) or events[0].logprobs:
        return None
    return events[0].text
