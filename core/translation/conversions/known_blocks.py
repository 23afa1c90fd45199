"""KnownBlocks: blocks of a passed stream that say a text and nothing else, in a known form.

Most blocks are of the same form as those before. They need not be looked at: no end and no error
is in them, and the client's name for the model stands in each at the same place.
"""

from __future__ import annotations

from core.translation.codec.json import encode_json
from core.translation.splicing.event_form import EventForm, event_form
from core.translation.splicing.line_forms import LineForms, line_forms


class KnownBlocks:
    """Takes the known blocks that a read begins with.

    ``sse``: blocks are server-sent events, of the form of one that was ``note``d; else they are
    Ollama's lines. ``model`` is the name that goes on in the place of the backend's; None where
    that one stays.
    """

    def __init__(self, *, sse: bool, model: str | None) -> None:
        self._sse = sse
        self._model = model
        self._lines: LineForms | None = None
        self._event: tuple[EventForm, EventForm] | None = None

    def take(self, data: bytes) -> tuple[bytes, bytes]:
        """Return what goes on for the known blocks that ``data`` begins with, and the rest."""
        return self._events(data) if self._sse else self._native(data)

    def _events(self, data: bytes) -> tuple[bytes, bytes]:
        if self._event is None:
            return b"", data
        form, written = self._event
        texts, rest = form.split(data)
        return written.written(texts) if texts else b"", rest

    def _native(self, data: bytes) -> tuple[bytes, bytes]:
        if self._lines is None:
            self._lines = line_forms(data)
            if self._lines is None:
                return b"", data
        _, rest = self._lines.split(data)
        said = data[: len(data) - len(rest)]
        if self._model is not None and said:
            # A text cannot hold this: its quotation marks are escaped.
            old = b'{"model":"%b","created_at":"' % self._lines.model
            said = said.replace(old, b'{"model":%b,"created_at":"' % encode_json(self._model))
        return said, rest

    def note(self, block: bytes, passed: bytes) -> None:
        """Note what was looked at, and what went on in its place.

        It is the form of those that follow, where it is one event that says a text.
        """
        found = event_form(block)
        if found is not None:
            written = event_form(passed)
            if written is not None and written[1] == found[1]:
                self._event = found[0], written[0]
