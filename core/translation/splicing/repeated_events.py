"""RepeatedEvents: the events of an OpenAI stream that are alike but for their text.

The first event that says a text and nothing else is taken for the form of those that follow; one
that differs goes the long way, and is the next form.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.translation.codec.json import encode_json
from core.translation.events import Event, MessageStart, TextDelta
from core.translation.splicing.event_form import EventForm, event_form
from core.translation.splicing.splicer import SplicedDecoder, SplicedEncoder, Splicer

_END = b"\n\n"
# Events of one read that go the long way alone, so that what follows may be taken.
_TRIES = 3


class RepeatedEvents(Splicer):
    """Splices the events that begin and end as one did that went the long way."""

    source = "openai"
    targets = ("ollama", "generate", "anthropic")

    def __init__(self, decoder: SplicedDecoder, encoder: SplicedEncoder) -> None:
        super().__init__(decoder, encoder)
        self._form: EventForm | None = None
        self._tries = 0

    def take(self, data: bytes, *, now: int) -> tuple[bytes, bytes]:
        """Return what ``data`` says as far as it is plain, and the rest."""
        self._tries = 0
        return self.again(data, now=now)

    def again(self, rest: bytes, *, now: int) -> tuple[bytes, bytes]:
        """Take up what follows an event that went the long way."""
        form = self._form
        if form is None or not (self._decoder.is_between and self._encoder.may_splice):
            return b"", rest
        texts, rest = form.split(rest)
        if not texts:
            return b"", rest
        return self._encoder.splice(texts, first=False, now=now), rest

    def part(self, rest: bytes) -> tuple[bytes, bytes]:
        """Return the next event, or all where several tries did not help."""
        super().part(rest)
        self._tries += 1
        at = rest.find(_END) + len(_END)
        if self._tries > _TRIES or at < len(_END) or not self._was_between:
            return rest, b""
        return rest[:at], rest[at:]

    def note(self, part: bytes, events: Sequence[Event]) -> None:
        """Note what went the long way, and take the form of an event that said a text alone."""
        said = _only_text(events)
        if said is None or not (self._was_between and self._decoder.is_between):
            return
        found = event_form(part)
        if found is not None and found[1] == encode_json(said)[1:-1]:
            self._form = found[0]


def _only_text(events: Sequence[Event]) -> str | None:
    """Return what is said, where that is one text alone; it may be the first of the stream."""
    if len(events) == 2 and isinstance(events[0], MessageStart):
        events = events[1:]
    if len(events) != 1 or not isinstance(events[0], TextDelta) or events[0].logprobs:
        return None
    return events[0].text
