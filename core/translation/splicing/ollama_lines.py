"""OllamaLines: the lines of Ollama's stream, in the very form in which it writes them."""

from __future__ import annotations

import re
from functools import lru_cache

from core.translation.codec.framing import MAX_RECORD
from core.translation.splicing.splicer import TEXT, SplicedDecoder, SplicedEncoder, Splicer, is_utf8

_MODEL = re.compile(rb'\{"model":"([^"\\\x00-\x1f]{1,200})",')
_LINE = (
    rb'\{"model":"%b","created_at":"[-+.:0-9TZ]{20,40}","message":'
    rb'\{"role":"assistant","content":"(%b)"\},"done":false\}\n'
)
_END = b'"},"done":false}\n'


class _Forms:
    """The lines that say a text, of one model: a pattern for one, and one for all of them."""

    __slots__ = ("line", "lines")

    def __init__(self, model: bytes) -> None:
        line = _LINE % (re.escape(model), TEXT)
        self.line = re.compile(line)
        self.lines = re.compile(b"^" + line, re.MULTILINE)


_forms = lru_cache(maxsize=64)(_Forms)


class OllamaLines(Splicer):
    """Splices the lines that name the model which the first line named."""

    source = "ollama"
    targets = ("openai", "anthropic")

    def __init__(self, decoder: SplicedDecoder, encoder: SplicedEncoder) -> None:
        super().__init__(decoder, encoder)
        self._forms: _Forms | None = None
        # Known to stand between two lines, as the last call left it.
        self._between = False

    def take(self, data: bytes, *, now: int) -> tuple[bytes, bytes]:
        """Return what ``data`` says as far as it is plain, and the rest."""
        if self._between and self._forms is not None:
            line = self._forms.line.fullmatch(data)
            if line is not None and is_utf8(data):
                text = line[1]
                if self._words is not None:
                    self._words.append(text)
                return self._encoder.splice_one(text, now=now), b""
        elif not (self._decoder.is_between and self._encoder.may_splice):
            return b"", data
        self._between = False
        texts, rest = self._split(data)
        if not texts:
            return b"", data
        if self._words is not None:
            self._words += texts
        self._between = not rest
        return self._encoder.splice(texts, first=self._decoder.begin(), now=now), rest

    def _split(self, data: bytes) -> tuple[list[bytes], bytes]:
        """Return the texts of the plain lines that data begins with, and the rest."""
        if len(data) > MAX_RECORD:
            return [], data
        if self._forms is None:
            model = _MODEL.match(data)
            if model is None:
                return [], data
            self._forms = _forms(model[1])
            self._others.append(model[1])
        texts = _texts(self._forms, data)
        if texts is not None:
            return texts, b""
        # The end may be half a line, or the last one of the stream.
        cut = data.rfind(b"\n", 0, -1) + 1
        return _texts(self._forms, data[:cut]) or [], data[cut:]


def _texts(forms: _Forms, data: bytes) -> list[bytes] | None:
    """Return the texts of lines that are all plain, else None."""
    if not data.endswith(_END) or not is_utf8(data):
        return None
    texts: list[bytes] = forms.lines.findall(data)
    return texts if len(texts) == data.count(b"\n") else None
