"""OllamaLines: the lines of Ollama's stream, in the very form in which it writes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from core.translation.events import Event
from core.translation.splicing.line_forms import LineForms, line_forms
from core.translation.splicing.plain_text import is_utf8
from core.translation.splicing.splicer import SplicedDecoder, SplicedEncoder, Splicer


class LineDecoder(SplicedDecoder, Protocol):
    """``begin`` notes that a line was read elsewhere, and tells whether it was the first."""

    def begin(self) -> bool: ...


class OllamaLines(Splicer):
    """Splices the lines that name the model which the first line named."""

    source = "ollama"
    targets = ("openai", "anthropic")

    def __init__(self, decoder: LineDecoder, encoder: SplicedEncoder) -> None:
        super().__init__(decoder, encoder)
        self._begin = decoder.begin
        self._forms: LineForms | None = None
        # Known to stand between two lines, as the last call left it.
        self._between = False

    def take(self, data: bytes, *, now: int) -> tuple[bytes, bytes]:
        """Return what ``data`` says as far as it is plain, and the rest."""
        if self._between and self._forms is not None:
            line = self._forms.line.fullmatch(data)
            if line is not None and is_utf8(data):
                return self._encoder.splice_one(line[1], now=now), b""
        elif not (self._decoder.is_between and self._encoder.may_splice):
            return b"", data
        self._between = False
        if self._forms is None:
            self._forms = line_forms(data)
            if self._forms is None:
                return b"", data
        texts, rest = self._forms.split(data)
        if not texts:
            return b"", data
        self._between = not rest
        return self._encoder.splice(texts, first=self._begin(), now=now), rest

    def note(self, part: bytes, events: Sequence[Event]) -> None:
        """Note nothing: the first line tells the form of all."""
