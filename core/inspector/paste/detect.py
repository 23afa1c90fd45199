"""Detects the format of a pasted text by its beginning, and reads it."""

from __future__ import annotations

import json
import re
from itertools import islice

from core.errors import DiglotError
from core.exchanges.masking import mask_text
from core.inspector.paste.bodies import read_http, read_json, read_stream
from core.inspector.paste.curl import read_curl
from core.inspector.paste.javascript import looks_like_javascript, read_javascript
from core.inspector.paste.litellm_logs import is_litellm, read_litellm
from core.inspector.paste.piece import Piece, Unreadable
from core.inspector.paste.python import looks_like_python, read_python
from core.note import Note

MAX_PASTE = 32 * 1024 * 1024
"""The longest paste in characters."""

_EMPTY = Note("paste.empty")
_LONG = Note("paste.long")
_DEEP = Note("paste.deep")
_UNKNOWN = Note("paste.unknown")
_TRIES = 20
_FENCE = re.compile(r"\A\s*```[\w+-]*[ \t]*\n(?P<inside>.*?)\n[ \t]*```\s*\Z", re.DOTALL)
_CURL = re.compile(r"(?:^|[\s|;&$>(\\/])curl(?:\.exe)?\s")
_HTTP = re.compile(r"HTTP/[\d.]+ \d{3}|(?:POST|GET|DELETE) /\S* HTTP/")
_SSE = re.compile(r"(?:data|event|id|retry)\s*:|: \S")


def read_paste(text: str) -> list[Piece]:
    """Return the pieces of a paste in order; keys and images are masked first.

    Raises Unreadable, with line, column and a note, if there are none.
    """
    if len(text) > MAX_PASTE:
        raise Unreadable(_LONG)
    text = mask_text(text.lstrip("\ufeff")).replace("\r\n", "\n")
    fence = _FENCE.match(text)
    plain = fence["inside"] if fence else text
    start = plain.lstrip()
    if not start:
        raise Unreadable(_EMPTY)
    try:
        found = _read(plain, start)
    except RecursionError as exc:
        raise Unreadable(_DEEP) from exc
    if not found:
        raise Unreadable(_UNKNOWN)
    return found


def _read(text: str, start: str) -> list[Piece]:
    if start[0] in "{[":
        return read_json(text, whole=text)
    if is_litellm(text):
        return read_litellm(text)
    if _HTTP.match(start):
        return read_http(start)
    if _SSE.match(start):
        return read_stream(text)
    if _CURL.search(text) and not re.match(r"\s*(?:import|from|const|let|#!.*python)\b", text):
        found = read_curl(text)
        if found:
            return found
    return _read_program(text) or _read_inside(text)


def _read_program(text: str) -> list[Piece]:
    python, script = looks_like_python(text), looks_like_javascript(text)
    if script and ("fetch(" in text or "const " in text or "JSON.stringify" in text):
        return read_javascript(text)
    if python:
        try:
            return read_python(text)
        except DiglotError:
            if script:
                return read_javascript(text)
            raise
    return []


def _read_inside(text: str) -> list[Piece]:
    """Read a body within other text, such as a log line or after a comment."""
    decoder = json.JSONDecoder()
    for begin in islice(re.finditer(r"[{\[]", text), _TRIES):
        try:
            _, end = decoder.raw_decode(text, begin.start())
            return read_json(text[begin.start() : end], offset=begin.start(), whole=text)
        except (ValueError, RecursionError, Unreadable):
            continue
    return []
