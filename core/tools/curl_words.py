"""Splits curl commands into words and options, as the shells of Unix and Windows do.

Nothing is run. The users of this file make a request (paste) or a tool of the command.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

# Options of curl that take a value; any other stands alone.
_VALUED = frozenset(
    """-X --request -H --header -d --data --data-raw --data-binary --data-ascii --data-urlencode
    --json --url -u --user -b --cookie -c --cookie-jar -A --user-agent -e --referer -o --output
    -m --max-time -x --proxy --connect-timeout --retry --retry-delay -w --write-out -E --cert
    --cacert --key -F --form -T --upload-file --resolve --unix-socket -D --dump-header -r --range
    --oauth2-bearer -K --config --limit-rate --max-redirs --speed-time --speed-limit
    --interface""".split()
)
DATA = ("-d", "--data", "--data-raw", "--data-binary", "--data-ascii", "--data-urlencode",
         "--json")  # fmt: skip
# $'...' of bash, but only outside other quotes.
_ANSI = re.compile(r"""'[^']*'|"(?:[^"\\]|\\.)*"|\$'(?P<inside>(?:[^'\\]|\\.)*)'""", re.DOTALL)
_CONTINUED = re.compile(r"""'[^']*'|"(?:[^"\\]|\\.)*"|(?P<end>\\\n)""", re.DOTALL)
# The first of these tells which shell it is: cmd's caret, or a Unix line continuation or quote.
_SHELL = re.compile(r'"(?:[^"\\]|\\.)*"|(?P<cmd>\^[ \t]*\n|\^")|(?P<unix>\\\n|\')', re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_PARTS = r"""[^ \t\r\n'"\\;|&<>()]+|'[^']*'|"(?:[^"\\]|\\.)*"|\\."""
_PART = re.compile(_PARTS, re.DOTALL)
_WORD = re.compile(rf"[ \t\r\n]+|(?P<operator>[;|&<>()]+)|(?P<word>(?:{_PARTS})+)", re.DOTALL)
_HIDDEN = re.compile(r'\\(["\\])')

# Shell operators that end a command or redirect it.
_CONTROL = ("|", "||", "&&", ";", "&", ">", ">>", "<", ")", "|&")


def words(text: str) -> list[str]:
    """Return the words of a command for a Unix shell. Raises ValueError for an open quote.

    As ``shlex`` of the standard library does, which takes the square of the time for a long word:
    24 s for a picture of 1 MB in a request.
    """
    found = []
    at = 0
    while at < len(text):
        match = _WORD.match(text, at)
        if match is None:
            raise ValueError("No closing quotation")
        at = match.end()
        if match["operator"]:
            found.append(match["operator"])
        elif match["word"]:
            found.append("".join(map(_unquoted, _PART.findall(match["word"]))))
    return found


def _unquoted(part: str) -> str:
    """Return what a part of a word stands for; in double quotes a backslash hides little."""
    if part[0] == "'":
        return part[1:-1]
    if part[0] == '"':
        return _HIDDEN.sub(r"\1", part[1:-1])
    return part[1:] if part[0] == "\\" else part


def options(words: list[str]) -> Iterator[tuple[str, str | None]]:
    """Yield each option with its value, None where it has none; an argument has an empty name.

    Short options may be combined: ``-sSXPOST``, ``-d@file``. A shell operator ends the command,
    except ``<``, which is yielded as an option with the name of the file.
    """
    rest = iter(words)
    for word in rest:
        if word in _CONTROL and word != "<":
            return
        if word == "<":
            yield word, next(rest, "")
        elif word.startswith("--") and len(word) > 2:
            name, equals, value = word.partition("=")
            written = name in _VALUED and equals
            own = value if written else next(rest, None) if word in _VALUED else None
            yield (name if written else word), own
        elif word.startswith("-") and len(word) > 1:
            yield from _short(word, rest)
        else:
            yield "", word


def takes_value(option: str) -> bool:
    """Tell whether an option of curl has a value."""
    return option in _VALUED


def _short(word: str, rest: Iterator[str]) -> Iterator[tuple[str, str | None]]:
    for index, letter in enumerate(word[1:], 1):
        if f"-{letter}" in _VALUED:
            yield f"-{letter}", word[index + 1 :] or next(rest, None)
            return
        yield f"-{letter}", None


def as_unix(text: str) -> str:
    """Return a command with the line continuations and quotes of a Unix shell."""
    text = text.replace("\r\n", "\n")
    text = re.sub(r"(?m)^[ \t]*(?:\$|>|PS [^>\n]*>|[A-Z]:\\[^>\n]*>)[ \t]+(?=curl)", "", text)
    text = re.sub(r"(?m)^[ \t]*#[^\n]*$", "", text)
    if _of_cmd(text):
        text = re.sub(r"\^[ \t]*\n", " ", text)
        text = re.sub(r"\^(.)", r"\1", text, flags=re.DOTALL)
        text = text.replace('""', '\\"') if '\\"' not in text else text
    elif re.search(r"`[ \t]*\n", text):
        text = re.sub(r"`[ \t]*\n", " ", text)
    text = _CONTINUED.sub(lambda m: m[0] if m["end"] is None else " ", text)
    return _ANSI.sub(
        lambda m: m[0] if m["inside"] is None else shlex.quote(_unescaped(m["inside"])), text
    )


def _of_cmd(text: str) -> bool:
    """Tell whether a command is written for Windows' cmd. In Unix quotes a caret is an ordinary
    character.
    """
    return next((m["cmd"] is not None for m in _SHELL.finditer(text) if m.lastgroup), False)


def _unescaped(text: str) -> str:
    """Return what bash makes of the inside of ``$'...'``."""

    def one(match: re.Match[str]) -> str:
        if match[1]:
            return chr(int(match[1][1:], 16))
        return _ESCAPES.get(match[2], match[2])

    return re.sub(r"\\(?:(x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|U[0-9a-fA-F]{1,8})|(.))", one, text,
                  flags=re.DOTALL)  # fmt: skip
