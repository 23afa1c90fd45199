"""The short way for the plainest chunks of a stream: their text changes its envelope as bytes.

Nearly every line of a native stream says one piece of text and nothing else, in the very form in
which Ollama writes it. Such lines are not decoded: the text, which is the same JSON string in both
dialects, is cut out and put between the parts that an OpenAI chunk begins and ends with. Whatever
is not byte for byte of that form goes the long way; a law holds that both ways say the same.
"""

from __future__ import annotations

import re
from typing import cast

from core.translation.codec.framing import MAX_RECORD
from core.translation.dialects.dialect import Decoder, Encoder
from core.translation.dialects.ollama.chat_stream import StreamDecoder
from core.translation.dialects.openai.chat_stream import StreamEncoder

# A text without escapes: JSON allows several for one letter, and each dialect has its own.
_PLAIN = rb'[^"\\\x00-\x1f]'
_FORM = (
    rb'\{"model":"%b*","created_at":"%b*","message":\{"role":"assistant","content":"(%b+)"\},'
    rb'"done":false\}\n' % (_PLAIN, _PLAIN, _PLAIN)
)
_LINE = re.compile(_FORM)
_LINES = re.compile(b"^" + _FORM, re.MULTILINE)


_END = b'"},"done":false}\n'


class OllamaToOpenAI:
    """Splices between a decoder and an encoder, whose states it keeps as they would be."""

    pair = ("ollama", "openai")

    def __init__(self, decoder: Decoder, encoder: Encoder) -> None:
        self._decoder = cast(StreamDecoder, decoder)
        self._encoder = cast(StreamEncoder, encoder)
        # Known to stand between two lines, as the last call left it.
        self._between = False

    def take(self, data: bytes) -> tuple[bytes, bytes]:
        """Return what ``data`` says as far as it is plain, and the rest, for the long way."""
        if self._between:
            line = _LINE.fullmatch(data)
            if line is not None and data.isascii():
                return self._encoder.splice_one(line[1]), b""
        elif not self._decoder.is_between:
            return b"", data
        self._between = False
        if len(data) > MAX_RECORD:
            return b"", data
        texts = _texts(data)
        rest = b""
        if texts is None:
            # The end may be half a line, or the last one of the stream.
            cut = data.rfind(b"\n", 0, -1) + 1
            data, rest = data[:cut], data[cut:]
            texts = _texts(data)
        if not texts:
            return b"", data + rest
        self._between = not rest
        return self._encoder.splice(texts, first=self._decoder.begin()), rest


def _texts(data: bytes) -> list[bytes] | None:
    """Return the texts of lines that are all plain, else None."""
    if not data.endswith(_END):
        return None
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError:
            return None
    texts: list[bytes] = _LINES.findall(data)
    return texts if len(texts) == data.count(b"\n") else None
