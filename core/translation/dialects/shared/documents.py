"""Documents and files as text: what stands in a request is words for any model.

No model behind Ollama or a server of OpenAI's dialect is given a document as such, so its words
become a text part, under the title and source by which people name it.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from typing import Any

from core.errors import DiglotError
from core.translation.codec.json import encode_json, read_text
from core.translation.messages import Text

_DATA_URL = re.compile(r"data:[^,]*;base64,", re.IGNORECASE)

# Where records of what a server's own tools found hold words.
_WORDS = ("title", "url", "source", "tool_name", "text", "content", "stdout", "stderr",
          "error_code", "logs", "output", "tool_references")  # fmt: skip


def titled(text: str, *heads: Any) -> Text:
    """Return a text part with the lines of ``heads`` that say something above the text."""
    said = [head for head in heads if isinstance(head, str) and head]
    return Text("\n".join([*said, text]))


def parse_file(data: Any, name: Any, path: str, *, blame: type[DiglotError]) -> Text:
    """Read a text file, base64 with or without a ``data:`` prefix. Raises ``blame``."""
    text = read_text(data, path, blame=blame)
    head = _DATA_URL.match(text)
    try:
        whole = b64decode(text[head.end() :] if head else text, validate=True)
    except (Base64Error, ValueError) as exc:
        raise blame(f"{path} is not valid base64: {exc}", path=path) from exc
    return titled(whole.decode("utf-8", "replace"), name)


def words_of(value: Any) -> str:
    """Return the words in a record of what a server's own tool found, a line each."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(filter(None, map(words_of, value)))
    if isinstance(value, dict):
        return "\n".join(filter(None, (words_of(value.get(key)) for key in _WORDS)))
    return ""


def json_words(value: Any) -> str:
    """Return what a tool answered where it is no text: its JSON."""
    return encode_json(value).decode()
