"""Reads pasted bodies: one JSON value, several, a HAR file, an HTTP message."""

from __future__ import annotations

import ast
import base64
import binascii
import json
import re
from typing import Any

from msgspec.structs import replace

from core.exchanges.masking import mask_headers, mask_url
from core.inspector.paste.piece import Piece, PieceKind, Unreadable, place_of
from core.inspector.paste.sniff import dialect_at, tell, tell_answer, tell_event
from core.note import Note

_NO_MODEL = Note("paste.body.no_model")
_NEITHER = Note("paste.body.neither")
_AS_DICT = Note("paste.body.as_dict")
_NOT_JSON = Note("paste.body.not_json")
_OTHERS = Note("paste.body.others")
_CUT = Note("paste.body.cut")

# Limits of Python's parser: numbers of 4,300 digits, some thousand nested brackets.
_TOO_MUCH = "it is nested too deeply, or has a number of too many digits"

_QUOTED = re.compile(r"[\s\[{]*'")
_LONGEST_DICT = 1 << 20  # characters: Python's own reader takes much memory
_HEAD = re.compile(r"HTTP/[\d.]+ (?P<status>\d{3})[^\n]*\n")
_ASKED = re.compile(r"(?P<method>POST|GET|DELETE) (?P<path>\S+) HTTP/[\d.]+\r?\n")


def read_json(text: str, *, offset: int = 0, whole: str = "") -> list[Piece]:
    """Read one JSON value: a body, a list of them, or a HAR file.

    ``offset`` is where ``text`` begins in ``whole``, for the line of an error.
    """
    whole = whole or text
    try:
        value = json.loads(text)
    except json.JSONDecodeError as exc:
        lines = read_stream(text) or _read_dict(text, line=place_of(whole, offset)[0])
        if lines:
            return lines
        line, column = place_of(whole, offset + exc.pos)
        raise Unreadable(_NOT_JSON.fill(why=exc.msg), line=line, column=column) from exc
    except (ValueError, RecursionError) as exc:
        raise Unreadable(_NOT_JSON.fill(why=_TOO_MUCH)) from exc
    line = place_of(whole, offset)[0]
    if isinstance(value, dict) and isinstance(value.get("log"), dict):
        return read_har(value)
    if isinstance(value, list) and value and all(isinstance(v, dict) for v in value):
        if all("role" in v for v in value):
            piece = from_body("json", {"model": "", "messages": value}, line=line)
            return [] if piece is None else [_with(piece, _NO_MODEL)]
        if all(tell_event(v) for v in value[:-1]) and len(value) > 1:
            return [stream_piece("\n".join(json.dumps(v) for v in value), line=line)]
        found = [from_body("json", v, line=line) for v in value]
        return [piece for piece in found if piece is not None]
    piece = from_body("json", value, line=line) if isinstance(value, dict) else None
    if piece is None:
        raise Unreadable(_NEITHER, line=line, column=place_of(whole, offset)[1])
    return [piece]


def _read_dict(text: str, *, line: int) -> list[Piece]:
    """Read the repr of a Python dict or list of dicts; empty for other text."""
    if len(text) > _LONGEST_DICT or not _QUOTED.match(text):
        return []
    try:
        body = json.dumps(ast.literal_eval(text.strip()))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return []
    return [replace(_with(piece, _AS_DICT), line=line) for piece in read_json(body)]


def from_body(
    kind: PieceKind,
    body: dict[str, Any],
    *,
    url: str = "",
    line: int = 1,
    headers: tuple[tuple[str, str], ...] = (),
) -> Piece | None:
    """Return the piece for a body, or None if it is unknown."""
    role, dialect = tell(body, url)
    if role == "request":
        if not (dialect or "model" in body):
            return None
        return Piece(
            kind=kind, dialect=dialect, url=url, request=body, line=line, headers=headers,
        )  # fmt: skip
    data = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    status = (0 if role == "event" else 200) if "error" not in body else 400
    streamed = role == "event"
    return Piece(
        kind="stream" if streamed else kind, dialect=dialect, url=url, answer=data, line=line,
        status=status, streamed=streamed, headers=headers,
    )  # fmt: skip


def read_stream(text: str) -> list[Piece]:
    """Read a raw dump of NDJSON or server-sent events; empty for other text."""
    first = next((row.strip() for row in text.splitlines() if row.strip()), "")
    if re.match(r"(data|event|id|retry)\s*:|: ", first):
        return [stream_piece(text)]
    rows = [row for row in text.splitlines() if row.strip()]
    if len(rows) < 2 or not all(row.lstrip().startswith("{") for row in rows):
        return []
    values = [_object(row) for row in rows]
    known = [value for value in values if value is not None]
    if len(known) < len(values) - 1:
        return []
    if not tell_event(known[0]) and not tell_answer(known[0]):
        # Several requests, one per line, as in batch files.
        found = [from_body("json", _inside(v), url=str(v.get("url", "")), line=1 + i)
                 for i, v in enumerate(known)]  # fmt: skip
        return [piece for piece in found if piece is not None]
    return [stream_piece(text)]


def stream_piece(
    text: str, *, line: int = 1, status: int = 200, headers: tuple[tuple[str, str], ...] = ()
) -> Piece:
    """Return a stream as one piece; the dialect is that of its first known event."""
    events: list[dict[str, Any]] = []
    notes: tuple[Note, ...] = ()
    for row in text.splitlines():
        row = row.strip()
        if row.startswith("data:"):
            row = row[5:].strip()
        if row.startswith("{"):
            value = _object(row)
            if value is None:
                notes = (_CUT,)
            else:
                events.append(value)
    dialect = next((found for e in events if (found := tell_event(e) or tell_answer(e))), "")
    return Piece(
        kind="stream", dialect=dialect, answer=text.encode(),
        streamed=True, status=status, line=line, headers=headers, notes=notes,
    )  # fmt: skip


def read_http(text: str) -> list[Piece]:
    """Read the output of ``curl -i``, or a raw HTTP request or response."""
    asked = _ASKED.match(text)
    if asked is not None:
        head, _, body = f"\n{text[asked.end() :]}".partition("\n\n")
        headers = _headers(head)
        host = dict(headers).get("host", "")
        url = f"http://{host}{asked['path']}" if host else asked["path"]
        start = text.find(body.strip()[:40]) if body.strip() else len(text)
        at = re.search(r"^HTTP/[\d.]+ \d{3}", body, re.MULTILINE)
        body, rest = (body[: at.start()], body[at.start() :]) if at else (body, "")
        value = _checked(body, text, start)
        piece = from_body("http", value, url=mask_url(url), headers=headers)
        found = [] if piece is None else [piece]
        return [*found, *(read_http(rest) if rest else [])]
    found = []
    rest = text
    while (match := _HEAD.match(rest)) is not None:
        head, _, body = f"\n{rest[match.end() :]}".partition("\n\n")
        if int(match["status"]) < 200 or body.startswith("HTTP/"):
            rest = body  # 100 Continue, or a proxy's own answer
            continue
        line = place_of(text, len(text) - len(body))[0]
        found.append(_answered(body, int(match["status"]), _headers(head), line, text))
        break
    return found


def read_har(value: dict[str, Any]) -> list[Piece]:
    """Read the entries of a HAR file that are requests of a model."""
    found: list[Piece] = []
    others = 0
    for entry in _list(_dict(value.get("log")).get("entries")):
        piece = _from_entry(entry) if isinstance(entry, dict) else None
        if piece is None:
            others += 1
        else:
            found.append(piece)
    if others and found:
        found[0] = _with(found[0], _OTHERS.fill(count=others))
    if not found:
        raise Unreadable(_NEITHER)
    return found


def _from_entry(entry: dict[str, Any]) -> Piece | None:
    request, response = _dict(entry.get("request")), _dict(entry.get("response"))
    url = mask_url(str(request.get("url", "")))
    text = _dict(request.get("postData")).get("text")
    body = _object(text) if isinstance(text, str) else None
    if body is None or not (dialect_at(url) or tell(body)[1]):
        return None
    content = _dict(response.get("content"))
    data = str(content.get("text") or "").encode("utf-8", "replace")
    if content.get("encoding") == "base64":
        try:
            data = base64.b64decode(data)
        except (binascii.Error, ValueError):
            data = b""
    mime = str(content.get("mimeType") or "")
    return Piece(
        kind="har",
        dialect=dialect_at(url) or tell(body)[1],
        url=url,
        method=str(request.get("method") or "POST"),
        headers=mask_headers(
            (str(h.get("name")), str(h.get("value")))
            for h in _list(request.get("headers"))
            if isinstance(h, dict)
        ),
        request=body,
        answer=data,
        status=_status(response.get("status")),
        streamed="event-stream" in mime or "ndjson" in mime,
    )


def _answered(
    body: str, status: int, headers: tuple[tuple[str, str], ...], line: int, text: str
) -> Piece:
    kind = dict(headers).get("content-type", "")
    if "event-stream" in kind or "ndjson" in kind:
        return stream_piece(body, line=line, status=status, headers=headers)
    value = _checked(body, text, len(text) - len(body))
    piece = from_body("http", value, line=line, headers=headers)
    if piece is None:
        raise Unreadable(_NEITHER, line=line)
    return replace(piece, status=status)


def _checked(body: str, text: str, start: int) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except json.JSONDecodeError as exc:
        line, column = place_of(text, start + exc.pos)
        raise Unreadable(_NOT_JSON.fill(why=exc.msg), line=line, column=column) from exc
    except (ValueError, RecursionError) as exc:
        raise Unreadable(_NOT_JSON.fill(why=_TOO_MUCH)) from exc
    if not isinstance(value, dict):
        raise Unreadable(_NEITHER, line=place_of(text, start)[0])
    return value


def _headers(head: str) -> tuple[tuple[str, str], ...]:
    pairs = (row.partition(":") for row in head.splitlines() if ":" in row)
    return mask_headers((name.strip(), value.strip()) for name, _, value in pairs)


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _status(value: Any) -> int:
    """Return a status from a HAR file, 0 if it is invalid."""
    known = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1000
    return value if known else 0


def _inside(line: dict[str, Any]) -> dict[str, Any]:
    """Return the request in a line of a batch file, or the line where it is one itself."""
    body = line.get("body")
    return body if isinstance(body, dict) else line


def _with(piece: Piece, note: Note) -> Piece:
    return replace(piece, notes=(*piece.notes, note))
