"""LineForms: the lines that Ollama writes for one model, byte for byte."""

from __future__ import annotations

import re
from functools import lru_cache

from core.translation.codec.framing import MAX_RECORD
from core.translation.splicing.plain_text import TEXT, is_utf8

_MODEL = re.compile(rb'\{"model":"([^"\\\x00-\x1f]{1,200})",')
_LINE = (
    rb'\{"model":"%b","created_at":"[-+.:0-9TZ]{20,40}","message":'
    rb'\{"role":"assistant","content":"(%b)"\},"done":false\}\n'
)
_END = b'"},"done":false}\n'


class LineForms:
    """The lines that say a text and nothing else. ``model`` is the inside of a JSON string."""

    __slots__ = ("line", "model")

    def __init__(self, model: bytes) -> None:
        self.model = model
        self.line = re.compile(_LINE % (re.escape(model), TEXT))

    def split(self, data: bytes) -> tuple[list[bytes], bytes]:
        """Return the texts of the lines that ``data`` begins with, and the rest."""
        if len(data) > MAX_RECORD:
            return [], data
        texts = self._texts(data)
        if texts is not None:
            return texts, b""
        # The end may be half a line, or the last one of the stream.
        cut = data.rfind(b"\n", 0, -1) + 1
        texts = self._texts(data[:cut])
        return (texts, data[cut:]) if texts else ([], data)

    def _texts(self, data: bytes) -> list[bytes] | None:
        """Return the texts of lines that are all of this form, else None."""
        if not data.endswith(_END) or not is_utf8(data):
            return None
        parts: list[bytes] = self.line.split(data)
        return parts[1::2] if not any(parts[::2]) else None


_forms = lru_cache(maxsize=64)(LineForms)


def line_forms(data: bytes) -> LineForms | None:
    """Return the forms of the model that a stream's first line names."""
    model = _MODEL.match(data)
    return _forms(model[1]) if model is not None else None
