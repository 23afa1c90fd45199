"""EventForm: how the server-sent events of a stream are alike but for their text.

Each server writes OpenAI's events in its own way, with fields of its own, and nearly all write the
same in each event of a stream.
"""

from __future__ import annotations

import re

from msgspec import Struct

from core.translation.codec.framing import MAX_RECORD, enclosed
from core.translation.splicing.plain_text import TEXT, is_utf8

_TEXT = re.compile(TEXT)
_TEXTS = re.compile(rb"%b(?:\0%b)*+" % (TEXT, TEXT))
_NAME = re.compile(rb'"content":\s?"')
_END = b"\n\n"


class EventForm(Struct, frozen=True):
    """What stands before and after a text, the inside of a JSON string."""

    begin: bytes
    end: bytes

    def split(self, data: bytes) -> tuple[list[bytes], bytes]:
        """Return the texts of the events that ``data`` begins with, and the rest."""
        if len(data) > MAX_RECORD or not data.startswith(self.begin):
            return [], data
        whole = data.rfind(self.end) + len(self.end)
        texts = self._texts(data, whole)
        return (texts, data[whole:]) if texts else self._one_by_one(data)

    def _texts(self, data: bytes, whole: int) -> list[bytes] | None:
        """Return the texts of ``data`` up to ``whole``, if all events in it are of this form."""
        begin, end = self.begin, self.end
        # To split at both at once takes four times as long.
        texts = [event.removeprefix(begin) for event in data[: whole - len(end)].split(end)]
        joined = b"\0".join(texts)
        around = len(begin) + len(end)
        if len(joined) - (len(texts) - 1) + len(texts) * around != whole or not all(texts):
            return None
        plain = data.find(b"\0") < 0 and _TEXTS.fullmatch(joined) is not None
        return texts if plain and is_utf8(data) else None

    def _one_by_one(self, data: bytes) -> tuple[list[bytes], bytes]:
        begin, end, match = self.begin, self.end, _TEXT.match
        texts: list[bytes] = []
        at, size = 0, len(begin)
        while data.startswith(begin, at):
            text = match(data, at + size)
            if text is None or not data.startswith(end, text.end()) or not is_utf8(text[0]):
                break
            texts.append(text[0])
            at = text.end() + len(end)
        return texts, data[at:] if at else data

    def written(self, texts: list[bytes]) -> bytes:
        """Return the events that say some texts."""
        return enclosed(texts, self.begin, self.end)


def event_form(event: bytes) -> tuple[EventForm, bytes] | None:
    """Return the form of one event and its text; None where it is more, or its text not plain."""
    if event.count(_END) != 1 or not event.endswith(_END) or event.find(b"\r") >= 0:
        return None
    names = [match.end() for match in _NAME.finditer(event)]
    text = _TEXT.match(event, names[0]) if len(names) == 1 else None
    if text is None or not event.startswith(b'"', text.end()):
        return None
    return EventForm(event[: text.start()], event[text.end() :]), text[0]
