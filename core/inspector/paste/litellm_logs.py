"""Reads debug logs of LiteLLM: the curl command of the request, and the raw answer.

The body is the repr of a Python dict in single quotes, which no shell could run.
"""

from __future__ import annotations

import ast
import json
import re
from typing import Any

from core.exchanges.masking import mask_headers, mask_url
from core.inspector.paste.piece import Piece, place_of
from core.inspector.paste.sniff import dialect_at, tell_answer, tell_request
from core.note import Note
from core.translation.codec.json import object_of

_SENT = re.compile(
    r"curl -X (?P<method>\w+)[ \\\n]+(?P<url>\S+)[ \\\n]+(?P<heads>(?:-H '[^'\n]*'[ \\\n]*)*)"
    r"(?:-d '(?P<body>.*?)'[ \t]*(?=\x1b|\n|$))?",
    re.DOTALL,
)
_GOT = re.compile(
    r"RAW RESPONSE:\s*\n(?P<answer>.+?)"
    r"(?=\n\s*\n(?!data:|event:)|\n[^\n]*(?:POST Request Sent|LiteLLM:)|\Z)",
    re.DOTALL,
)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_AS_PYTHON = Note("paste.litellm.as_python")
_UNREAD = Note("paste.litellm.unread")


def is_litellm(text: str) -> bool:
    """Tell whether a text is such a log."""
    return "Request Sent from LiteLLM" in text or (
        "RAW RESPONSE:" in text and "curl -X POST" in text
    )


def read_litellm(text: str) -> list[Piece]:
    """Return one piece for each request of a log, with the answer that follows it."""
    text = _COLOUR.sub("", text)
    sent = list(_SENT.finditer(text))
    pieces = []
    for number, match in enumerate(sent):
        end = sent[number + 1].start() if number + 1 < len(sent) else len(text)
        answer = _GOT.search(text, match.end(), end)
        pieces.append(_piece(text, match, answer["answer"].strip() if answer else ""))
    return pieces


def _piece(text: str, match: re.Match[str], answer: str) -> Piece:
    url = mask_url(match["url"])
    body, notes = _body(match["body"] or "")
    heads = re.findall(r"-H '([^:'\n]+):\s*([^'\n]*)'", match["heads"])
    streamed = answer.startswith("data:") or "\n{" in answer
    return Piece(
        kind="litellm",
        dialect=dialect_at(url) or (tell_request(body) if body else tell_answer(object_of(answer))),
        method=match["method"],
        url=url,
        headers=mask_headers(heads),
        request=body,
        answer=answer.encode("utf-8", "replace"),
        streamed=streamed,
        status=200 if answer else 0,
        line=place_of(text, match.start())[0],
        notes=notes,
    )


def _body(text: str) -> tuple[dict[str, Any] | None, tuple[Note, ...]]:
    try:
        value = json.loads(text)
        notes: tuple[Note, ...] = ()
    except (ValueError, RecursionError):
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None, (_UNREAD,)
        notes = (_AS_PYTHON,)
    return (value, notes) if isinstance(value, dict) else (None, (_UNREAD,))
