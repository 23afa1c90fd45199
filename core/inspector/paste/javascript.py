"""Reads JavaScript that calls a model: with fetch, or the npm packages openai and ollama.

Object literals are parsed, and nothing is run; names assigned with ``const`` are resolved.
"""

from __future__ import annotations

import re
from typing import Any

from core.exchanges.masking import mask_headers, mask_url
from core.inspector.paste.piece import Piece, Unreadable, is_bounded, place_of
from core.inspector.paste.sniff import dialect_at, tell_request
from core.note import Note
from core.translation.codec.json import json_or_none

_NOTHING = Note("paste.javascript.nothing")
_BROKEN = Note("paste.javascript.broken")

_CALLS = re.compile(
    r"\bfetch\s*\(|\.(?P<method>chat\.completions\.create|completions\.create|embeddings\.create"
    r"|responses\.create|messages\.create)\s*\(|\bollama\.(?P<native>chat|generate|embed)\s*\("
)
_GIVEN = re.compile(
    r"\b(?:const|let|var)\s+(?P<name>[A-Za-z_$][\w$]*)\s*(?::[^=\n]+)?=\s*(?=[{\[\"'`\d-])"
)
_BASE = re.compile(r"\b(?:baseURL|host)\s*:\s*(?P<url>[\"'`][^\"'`]*[\"'`])")
_PATHS = {"chat.completions.create": "/chat/completions", "completions.create": "/completions",
          "embeddings.create": "/embeddings", "responses.create": "/responses",
          "messages.create": "/v1/messages"}  # fmt: skip
_SPACE = re.compile(r"(?:\s+|//[^\n]*\n?|/\*.*?\*/)+", re.DOTALL)
_NUMBER = re.compile(r"-?(?:\d[\d_]*\.?\d*(?:[eE][+-]?\d+)?|\.\d+)")
_NAME = re.compile(r"[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*")
_WORDS = {"true": True, "false": False, "null": None, "undefined": None}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": ""}


def looks_like_javascript(text: str) -> bool:
    """Tell whether a text may be such a script."""
    return bool(re.search(r"\bfetch\s*\(|\bawait\s|JSON\.stringify|\bconst\s+\w+\s*=", text))


def read_javascript(text: str) -> list[Piece]:
    """Return one piece for each request in a script. Raises Unreadable with line and column."""
    reader = _Reader(text)
    for match in _GIVEN.finditer(text):
        try:
            value = reader.value(match.end())[0]
            if is_bounded(value):
                reader.names[match["name"]] = value
        except Unreadable:
            continue
    pieces = [reader.piece(match) for match in _CALLS.finditer(text)]
    if not pieces:
        raise Unreadable(_NOTHING)
    return pieces


class _Reader:
    """Reads the values of one script."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.names: dict[str, Any] = {}
        base = _BASE.search(text)
        self._base = self.value(base.start("url"))[0] if base else ""

    def piece(self, call: re.Match[str]) -> Piece:
        """Return the request that a call makes."""
        first, at = self.value(call.end())
        common: dict[str, Any] = {"kind": "javascript",
                                  "line": place_of(self._text, call.start())[0]}  # fmt: skip
        if call["method"] or call["native"]:
            asked = first if isinstance(first, dict) else {}
            if call["method"]:
                base = self._base or "https://api.openai.com/v1"
                url = base.rstrip("/") + _PATHS[call["method"]]
            else:
                base = self._base or "http://localhost:11434"
                url = f"{base.rstrip('/')}/api/{call['native']}"
            return Piece(dialect=dialect_at(url), url=mask_url(url), request=asked, **common)
        at = self._skip(at)
        options: Any = {}
        if self._text[at : at + 1] == ",":
            options, _ = self.value(at + 1)
        options = options if isinstance(options, dict) else {}
        url = str(first)
        body: Any = options.get("body")
        if isinstance(body, str):
            body = json_or_none(body)
        given = options.get("headers")
        headers = given.items() if isinstance(given, dict) else ()
        found = body if isinstance(body, dict) else None
        return Piece(
            dialect=dialect_at(url) or (tell_request(found) if found else ""),
            url=mask_url(url),
            method=str(options.get("method") or "GET").upper(),
            headers=mask_headers((str(k), str(v)) for k, v in headers),
            request=found,
            **common,
        )

    def value(self, at: int) -> tuple[Any, int]:
        """Return the value that begins at an index, and where it ends. Raises Unreadable."""
        at = self._skip(at)
        letter = self._text[at : at + 1]
        if letter == "{":
            return self._object(at + 1)
        if letter == "[":
            return self._list(at + 1)
        if letter and letter in "\"'`":
            text, at = self._string(at)
            at = self._skip(at)
            while self._text[at : at + 1] == "+":
                more, at = self.value(at + 1)
                text += str(more)
                at = self._skip(at)
            return text, at
        number = _NUMBER.match(self._text, at)
        if number:
            plain = number[0].replace("_", "")
            whole = re.fullmatch(r"-?\d+", plain)
            return (int(plain) if whole else float(plain)), number.end()
        name = _NAME.match(self._text, at)
        if name:
            return self._named(name)
        raise self._broken(at)

    def _named(self, name: re.Match[str]) -> tuple[Any, int]:
        word, at = name[0], name.end()
        if word in _WORDS:
            return _WORDS[word], at
        if word in ("JSON.stringify", "JSON.parse", "String"):
            at = self._skip(at)
            value, _ = self.value(at + 1)
            return value, self._past_brackets(at)
        if word == "new":
            return None, self._past_brackets(self._text.find("(", at))
        if word in self.names:
            return self.names[word], at
        raise self._broken(name.start())

    def _object(self, at: int) -> tuple[Any, int]:
        found: dict[str, Any] = {}
        while True:
            at = self._skip(at)
            letter = self._text[at : at + 1]
            if letter == "}":
                return found, at + 1
            if letter == ",":
                at += 1
            elif self._text.startswith("...", at):
                value, at = self.value(at + 3)
                found.update(value if isinstance(value, dict) else {})
            else:
                key, value, at = self._member(at)
                found[key] = value

    def _member(self, at: int) -> tuple[str, Any, int]:
        letter = self._text[at : at + 1]
        if letter and letter in "\"'`":
            key, at = self._string(at)
        else:
            name = _NAME.match(self._text, at)
            if name is None:
                raise self._broken(at)
            key, at = name[0], name.end()
        at = self._skip(at)
        if self._text[at : at + 1] == ":":
            value, at = self.value(at + 1)
            return key, value, at
        if key not in self.names:
            raise self._broken(at)
        return key, self.names[key], at

    def _list(self, at: int) -> tuple[Any, int]:
        found: list[Any] = []
        while True:
            at = self._skip(at)
            letter = self._text[at : at + 1]
            if letter == "]":
                return found, at + 1
            if letter == ",":
                at += 1
            elif self._text.startswith("...", at):
                value, at = self.value(at + 3)
                found.extend(value if isinstance(value, list) else [])
            else:
                value, at = self.value(at)
                found.append(value)

    def _string(self, at: int) -> tuple[str, int]:
        quote, index = self._text[at], at + 1
        parts: list[str] = []
        while index < len(self._text):
            letter = self._text[index]
            if letter == quote:
                return "".join(parts).encode("utf-16", "surrogatepass").decode("utf-16",
                        "replace"), index + 1  # fmt: skip
            if letter == "\\":
                text, index = self._escape(index + 1)
                parts.append(text)
                continue
            if letter == "$" and quote == "`" and self._text.startswith("${", index):
                value, index = self.value(index + 2)
                parts.append(str(value))
                index = self._skip(index) + 1
                continue
            parts.append(letter)
            index += 1
        raise self._broken(at)

    def _escape(self, at: int) -> tuple[str, int]:
        code = re.compile(r"u\{([0-9a-fA-F]+)\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})").match(
            self._text, at
        )
        if code:
            return chr(int(code[1] or code[2] or code[3], 16)), code.end()
        letter = self._text[at : at + 1]
        return _ESCAPES.get(letter, letter), at + 1

    def _past_brackets(self, at: int) -> int:
        depth = 0
        while at < len(self._text):
            letter = self._text[at]
            if letter in "\"'`":
                _, at = self._string(at)
                continue
            depth += (letter == "(") - (letter == ")")
            at += 1
            if depth == 0:
                return at
        raise self._broken(len(self._text))

    def _skip(self, at: int) -> int:
        space = _SPACE.match(self._text, at)
        return space.end() if space else at

    def _broken(self, at: int) -> Unreadable:
        line, column = place_of(self._text, min(at, len(self._text)))
        seen = self._text[at : at + 20].split("\n")[0] or "…"
        note = _BROKEN.fill(seen=seen)
        return Unreadable(note, line=line, column=column)
