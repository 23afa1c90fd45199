"""The short way for the plainest chunks of a stream: their text changes its envelope as bytes.

Nearly every line of a native stream says one piece of text and nothing else, in the very form in
which Ollama writes it. Such lines are not decoded: the text, which is the same JSON string in both
dialects, is cut out and put between the parts that the client's chunk begins and ends with.
Whatever is not byte for byte of that form goes the long way; a law holds that both say the same.

All else in such a line is known, so only its words have to be searched for keys.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Protocol, cast

from core.translation.codec.framing import MAX_RECORD
from core.translation.dialects.dialect import Decoder, Encoder
from core.translation.dialects.ollama.chat_stream import StreamDecoder

_PLAIN = rb'[^"\\\x00-\x1f]'
# JSON has several escapes for most letters, and each dialect its own. These are the same in both.
_TEXT = rb'(?!")%b*+(?:\\["\\nrt]%b*+)*+' % (_PLAIN, _PLAIN)
_MODEL = re.compile(rb'\{"model":"(%b{1,200})",' % _PLAIN)
_BEGIN = (
    rb'\{"model":"%b","created_at":"[-+.:0-9TZ]{20,40}","message":\{"role":"assistant","content":"'
)
_END = b'"},"done":false}\n'


class _Forms:
    """The lines that Ollama writes for one model: ``line`` and ``lines`` say a text, ``last`` none.

    After ``last`` counts and durations follow.
    """

    __slots__ = ("last", "line", "lines")

    def __init__(self, model: bytes) -> None:
        begin = _BEGIN % re.escape(model)
        line = begin + rb'(%b)"\},"done":false\}\n' % _TEXT
        self.line = re.compile(line)
        self.lines = re.compile(b"^" + line, re.MULTILINE)
        self.last = re.compile(begin + rb'"\},"done":true')


_forms = lru_cache(maxsize=64)(_Forms)


class SplicingEncoder(Protocol):
    """An encoder that writes texts that are at hand as the insides of JSON strings.

    ``may_splice`` tells whether nothing that came before stands in the way of a text.
    """

    @property
    def may_splice(self) -> bool: ...

    def splice(self, texts: list[bytes], *, first: bool) -> bytes: ...

    def splice_one(self, text: bytes) -> bytes: ...


class Splicer:
    """Splices between Ollama's decoder and an encoder, whose states it keeps as they would be."""

    source = "ollama"
    targets = ("openai", "anthropic")

    def __init__(self, decoder: Decoder, encoder: Encoder) -> None:
        self._decoder = cast(StreamDecoder, decoder)
        self._encoder = cast(SplicingEncoder, encoder)
        self._forms: _Forms | None = None
        # Known to stand between two lines, as the last call left it.
        self._between = False
        self._words: list[bytes] | None = []

    def take(self, data: bytes) -> tuple[bytes, bytes]:
        """Return what ``data`` says as far as it is plain, and the rest, for the long way."""
        if self._between and self._forms is not None:
            line = self._forms.line.fullmatch(data)
            if line is not None and _is_utf8(data):
                text = line[1]
                if self._words is not None:
                    self._words.append(text)
                return self._encoder.splice_one(text), b""
        elif not (self._decoder.is_between and self._encoder.may_splice):
            self._words = None
            return b"", data
        self._between = False
        texts, rest = self._split(data)
        if self._words is not None:
            self._words += texts
            self._note_rest(rest)
        if not texts:
            return b"", rest
        self._between = not rest
        return self._encoder.splice(texts, first=self._decoder.begin()), rest

    def words(self) -> bytes | None:
        """Return all that was said so far in which a key could stand; None where it is not known.

        That is what differs between streams of Ollama's: the texts, the name of the model, and
        all of the last line.
        """
        return b"".join(self._words) if self._words is not None else None

    def _split(self, data: bytes) -> tuple[list[bytes], bytes]:
        """Return the texts of the plain lines that data begins with, and the rest."""
        if len(data) > MAX_RECORD:
            return [], data
        if self._forms is None:
            model = _MODEL.match(data)
            if model is None:
                return [], data
            self._forms = _forms(model[1])
            if self._words is not None:
                self._words += model[1], b"\n"
        texts = _texts(self._forms, data)
        if texts is not None:
            return texts, b""
        # The end may be half a line, or the last one of the stream.
        cut = data.rfind(b"\n", 0, -1) + 1
        texts = _texts(self._forms, data[:cut])
        return (texts, data[cut:]) if texts else ([], data)

    def _note_rest(self, rest: bytes) -> None:
        """Take the last line for known as far as it says no word."""
        last = self._forms.last.match(rest) if self._forms is not None else None
        if last is not None and rest.endswith(b"}\n") and rest.find(b'"message"', last.end()) < 0:
            assert self._words is not None, "all before is known"
            self._words += b"\n", rest
        elif rest:
            self._words = None


def _texts(forms: _Forms, data: bytes) -> list[bytes] | None:
    """Return the texts of lines that are all plain, else None."""
    if not data.endswith(_END) or not _is_utf8(data):
        return None
    texts: list[bytes] = forms.lines.findall(data)
    return texts if len(texts) == data.count(b"\n") else None


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
