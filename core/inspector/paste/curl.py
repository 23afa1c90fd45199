"""Reads curl commands of Unix and Windows shells and of browser developer tools.

A command is split into words as by its shell, and nothing is run: data from files or other programs
is reported as missing.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl

from msgspec import Struct, field

from core.exchanges.masking import mask_headers, mask_url
from core.inspector.paste.piece import Piece, Unreadable, place_of
from core.inspector.paste.sniff import dialect_at, tell_request
from core.note import Note
from core.tools.curl_words import DATA, as_unix, options, words

_QUOTE = Note("paste.curl.quote")
_NO_BODY = Note("paste.curl.no_body")
_FILE = Note("paste.curl.file")
_NOT_JSON = Note("paste.curl.not_json")

_HERE = re.compile(
    r"<<-?[ \t]*(['\"]?)(?P<end>\w+)\1(?P<line>[^\n]*)\n(?P<body>.*?)\n[ \t]*(?P=end)\b", re.DOTALL
)


class _Command(Struct, kw_only=True):
    """One curl with its options."""

    url: str = ""
    method: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    raw: bool = True
    piped: str | None = None


def read_curl(text: str) -> list[Piece]:
    """Return one piece for each curl in a text. Raises Unreadable with line and column."""
    plain = as_unix(text)
    here = {m["end"]: m["body"] for m in _HERE.finditer(plain)}
    plain = _HERE.sub(lambda m: f" @here:{m['end']} {m['line']}", plain)
    said = _words(plain, text)
    pieces = []
    begins = [i for i, word in enumerate(said) if re.fullmatch(r"(?:.*[/\\])?curl(?:\.exe)?", word)]
    if not begins:
        return []
    starts = [m.start() for m in re.finditer(r"(?m)(?:^|[\s|&;$(])curl(?:\.exe)?\b", text)]
    for number, begin in enumerate(begins):
        end = begins[number + 1] if number + 1 < len(begins) else len(said)
        command = _command(said[begin + 1 : end])
        before = said[:begin]
        if before and before[-1] == "|":
            command.piped = before[-2] if len(before) > 1 else None
        line = place_of(text, starts[min(number, len(starts) - 1)] + 1)[0] if starts else 1
        pieces.append(_piece(command, here, text, line))
    return pieces


def _piece(command: _Command, here: dict[str, str], text: str, line: int) -> Piece:
    headers = mask_headers(command.headers)
    url = mask_url(command.url)
    if url and "://" not in url:
        url = f"http://{url}"
    common: dict[str, Any] = {"kind": "curl", "url": url, "headers": headers, "line": line}
    if not command.data:
        method = command.method or "GET"
        return Piece(dialect=dialect_at(url), method=method, notes=(_NO_BODY,), **common)
    method = command.method or "POST"
    data = "&".join(command.data)
    if data == "@-":
        data = command.piped if command.piped is not None else next(iter(here.values()), data)
    elif data.startswith("@here:"):
        data = here[data.removeprefix("@here:")]
    if data.startswith("@"):
        note = _FILE.fill(name=data[1:])
        return Piece(dialect=dialect_at(url), method=method, notes=(note,), **common)
    body, notes = _body(data, text)
    dialect = dialect_at(url) or tell_request(body)
    return Piece(dialect=dialect, method=method, request=body, notes=notes, **common)


def _body(data: str, text: str) -> tuple[dict[str, Any], tuple[Note, ...]]:
    if data.lstrip().startswith('{\\"'):
        # PowerShell needs quotes escaped even inside single ones.
        data = data.replace('\\"', '"')
    try:
        value = json.loads(data, strict=False)
    except (ValueError, RecursionError) as exc:
        value = dict(parse_qsl(data)) if re.fullmatch(r"[\w.%+-]+=[^{}\"]*", data) else None
        if value is None:
            at = getattr(exc, "pos", 0)
            start = text.find(data[:20].split("\n")[0]) if data else 0
            line, column = place_of(text, start + at)
            why = getattr(exc, "msg", str(exc))
            raise Unreadable(_NOT_JSON.fill(why=why), line=line, column=column) from exc
    if not isinstance(value, dict):
        raise Unreadable(_NOT_JSON.fill(why="an object is expected"))
    return value, ()


def _command(said: list[str]) -> _Command:
    found = _Command()
    for name, value in options(said):
        if name == "<":
            found.data = found.data or [f"@{value}"]
        elif name:
            _take(found, name, value or "")
        elif value and value.startswith("@here:"):
            found.data = [value if d == "@-" else d for d in found.data]
        else:
            found.url = found.url or (value or "")
    return found


def _take(found: _Command, name: str, value: str) -> None:
    if name in ("-X", "--request"):
        found.method = value.upper()
    elif name in ("-H", "--header"):
        key, _, text = value.partition(":")
        found.headers.append((key.strip(), text.strip()))
    elif name in DATA:
        found.data.append(value)
    elif name == "--url":
        found.url = value
    elif name in ("-u", "--user", "--oauth2-bearer"):
        found.headers.append(("authorization", value))
    elif name in ("-b", "--cookie"):
        found.headers.append(("cookie", value))
    elif name in ("-A", "--user-agent"):
        found.headers.append(("user-agent", value))


def _words(text: str, original: str) -> list[str]:
    try:
        return words(text)
    except ValueError as exc:
        line, column = place_of(original, _open_quote(original))
        raise Unreadable(_QUOTE, line=line, column=column) from exc


def _open_quote(text: str) -> int:
    """Return the position of the unclosed quote."""
    opened, at, skip = "", 0, False
    for index, letter in enumerate(text):
        if skip:
            skip = False
        elif letter == "\\" and opened != "'":
            skip = True
        elif opened:
            opened = "" if letter == opened else opened
        elif letter in "'\"":
            opened, at = letter, index
    return at
