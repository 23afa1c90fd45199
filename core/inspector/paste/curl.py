"""curl commands, as shells of Unix and Windows and browsers' developer tools write them.

A command is cut into words as its shell would, and nothing is run: what a file or another
program would have given is named as missing.
"""

from __future__ import annotations

import json
import re
import shlex
from typing import Any
from urllib.parse import parse_qsl

from msgspec import Struct, field

from core.exchanges.masking import mask_headers, mask_url
from core.inspector.paste.piece import Piece, Unreadable, place_of
from core.inspector.paste.sniff import dialect_at, tell_request
from core.note import Note

__all__ = ["read_curl"]

_QUOTE = Note("paste.curl.quote")
_NO_BODY = Note("paste.curl.no_body")
_FILE = Note("paste.curl.file")
_NOT_JSON = Note("paste.curl.not_json")

# Options of curl that take a value; any other stands alone.
_VALUED = frozenset(
    """-X --request -H --header -d --data --data-raw --data-binary --data-ascii --data-urlencode
    --json --url -u --user -b --cookie -c --cookie-jar -A --user-agent -e --referer -o --output
    -m --max-time -x --proxy --connect-timeout --retry --retry-delay -w --write-out -E --cert
    --cacert --key -F --form -T --upload-file --resolve --unix-socket -D --dump-header -r --range
    --oauth2-bearer -K --config --limit-rate --max-redirs --speed-time --speed-limit""".split()
)
_DATA = ("-d", "--data", "--data-raw", "--data-binary", "--data-ascii", "--data-urlencode",
         "--json")  # fmt: skip
# Only what stands outside other quotes is bash's $'...'.
_ANSI = re.compile(r"""'[^']*'|"(?:[^"\\]|\\.)*"|\$'(?P<inside>(?:[^'\\]|\\.)*)'""", re.DOTALL)
_HERE = re.compile(
    r"<<-?[ \t]*(['\"]?)(?P<end>\w+)\1(?P<line>[^\n]*)\n(?P<body>.*?)\n[ \t]*(?P=end)\b", re.DOTALL
)
# What is read first tells the shell: cmd's caret, Unix's backslash at a line's end or its quote.
_SHELL = re.compile(r'"(?:[^"\\]|\\.)*"|(?P<cmd>\^[ \t]*\n|\^")|(?P<unix>\\\n|\')', re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


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
    plain = _as_unix(text)
    here = {m["end"]: m["body"] for m in _HERE.finditer(plain)}
    plain = _HERE.sub(lambda m: f" @here:{m['end']} {m['line']}", plain)
    words = _words(plain, text)
    pieces = []
    begins = [
        i for i, word in enumerate(words) if re.fullmatch(r"(?:.*[/\\])?curl(?:\.exe)?", word)
    ]
    if not begins:
        return []
    starts = [m.start() for m in re.finditer(r"(?m)(?:^|[\s|&;$(])curl(?:\.exe)?\b", text)]
    for number, begin in enumerate(begins):
        end = begins[number + 1] if number + 1 < len(begins) else len(words)
        command = _command(words[begin + 1 : end])
        before = words[:begin]
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


def _command(words: list[str]) -> _Command:
    found = _Command()
    rest = iter(words)
    for word in rest:
        if word in ("|", "||", "&&", ";", "&", ">", ">>", "<", ")", "|&"):
            if word == "<":
                found.data = found.data or [f"@{next(rest, '')}"]
                continue
            break
        name, value = _option(word)
        if name in _VALUED and value is None:
            value = next(rest, "")
        if name == "":
            if value and value.startswith("@here:"):
                found.data = [value if d == "@-" else d for d in found.data]
            else:
                found.url = found.url or (value or "")
        else:
            _take(found, name, value or "")
    return found


def _take(found: _Command, name: str, value: str) -> None:
    if name in ("-X", "--request"):
        found.method = value.upper()
    elif name in ("-H", "--header"):
        key, _, text = value.partition(":")
        found.headers.append((key.strip(), text.strip()))
    elif name in _DATA:
        found.data.append(value)
    elif name == "--url":
        found.url = value
    elif name in ("-u", "--user", "--oauth2-bearer"):
        found.headers.append(("authorization", value))
    elif name in ("-b", "--cookie"):
        found.headers.append(("cookie", value))
    elif name in ("-A", "--user-agent"):
        found.headers.append(("user-agent", value))


def _option(word: str) -> tuple[str, str | None]:
    """Return an option's name with the value that is written onto it; no name for a plain word."""
    if word.startswith("--") and len(word) > 2:
        name, equals, value = word.partition("=")
        if equals and name in _VALUED:
            return name, value
        return word, None
    if word.startswith("-") and len(word) > 1:
        # Short options stand together: -sSNXPOST, -d@file.
        for index, letter in enumerate(word[1:], 1):
            if f"-{letter}" in _VALUED:
                return f"-{letter}", word[index + 1 :] or None
        return word, None
    return "", word


def _words(text: str, original: str) -> list[str]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";|&<>()")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError as exc:
        line, column = place_of(original, _open_quote(original))
        raise Unreadable(_QUOTE, line=line, column=column) from exc


def _open_quote(text: str) -> int:
    """Return where the quote begins that is never closed."""
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


def _as_unix(text: str) -> str:
    """Return a command with the line ends and the quotes of a Unix shell."""
    text = text.replace("\r\n", "\n")
    text = re.sub(r"(?m)^[ \t]*(?:\$|>|PS [^>\n]*>|[A-Z]:\\[^>\n]*>)[ \t]+(?=curl)", "", text)
    text = re.sub(r"(?m)^[ \t]*#[^\n]*$", "", text)
    if _of_cmd(text):
        text = re.sub(r"\^[ \t]*\n", " ", text)
        text = re.sub(r"\^(.)", r"\1", text, flags=re.DOTALL)
        text = text.replace('""', '\\"') if '\\"' not in text else text
    elif re.search(r"`[ \t]*\n", text):
        text = re.sub(r"`[ \t]*\n", " ", text)
    return _ANSI.sub(
        lambda m: m[0] if m["inside"] is None else shlex.quote(_unescaped(m["inside"])), text
    )


def _of_cmd(text: str) -> bool:
    """Return whether a command is written for Windows' cmd. A caret in Unix quotes is a letter."""
    return next((m["cmd"] is not None for m in _SHELL.finditer(text) if m.lastgroup), False)


def _unescaped(text: str) -> str:
    """Return what bash makes of the inside of ``$'...'``."""

    def one(match: re.Match[str]) -> str:
        if match[1]:
            return chr(int(match[1][1:], 16))
        return _ESCAPES.get(match[2], match[2])

    return re.sub(r"\\(?:(x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|U[0-9a-fA-F]{1,8})|(.))", one, text,
                  flags=re.DOTALL)  # fmt: skip
