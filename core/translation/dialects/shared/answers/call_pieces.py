"""CallPieces: calls of tools as servers send them, whole or in pieces, told apart from each other.

OpenAI's API numbers parallel calls and gives each an id. Servers that speak its dialect number
all of them 0 (Gemini's, gpt-oss), or none, leave the ids empty, put two calls into one chunk, or
send arguments as an object. So a call begins

* with an index or an id that was not there before, and a name;
* with an index and an id that were not there before, alone: its name comes in a later chunk;
* with a name, where the call before is complete, has another name, or is in the same chunk;
* with arguments that begin anew: after a complete object nothing can follow in the same one.

Whatever else comes goes on with the call that was begun last, at that index if there is one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from core.errors import DiglotError, InvalidResponse
from core.translation.codec.json import decode_json, describe, encode_json, read_object, read_text
from core.translation.events import ToolCallDelta, calls_of
from core.translation.messages import ToolCall

_IN_STRING = re.compile(r'["\\]')
_OUTSIDE = re.compile(r'["{}\[\]]')


class _Piece(Struct):
    place: int | None
    id: str
    name: str
    arguments: str
    whole: bool = False
    """The arguments are an object, perhaps an empty one, and so all of them."""


class _Arguments:
    """The JSON text of one call's arguments, as it grows."""

    __slots__ = ("_depth", "_escaped", "_quoted", "complete", "held", "sent")

    def __init__(self) -> None:
        self._depth = 0
        self._quoted = self._escaped = False
        self.complete = False
        self.held = ""
        self.sent = ""

    def grow(self, text: str) -> tuple[str, str]:
        """Return what may be said of ``text``, and what comes after the object's end.

        What does not begin as an object is held back: it may be one that was encoded twice.
        """
        if not self.sent:
            text = (self.held + text).lstrip()
            self.held = "" if text.startswith("{") else text
            if self.held or not text:
                return "", ""
        end = 0 if self.complete else self._end(text)
        said, rest = text[:end], text[end:].strip()
        self.sent += said
        return said, rest

    def release(self) -> str:
        """Return what was held back: null is nothing, an object that was encoded twice is one."""
        held, self.held = self.held.strip(), ""
        try:
            value = decode_json(held, blame=InvalidResponse) if held else None
        except DiglotError:
            return held
        if isinstance(value, str) and value.lstrip().startswith("{"):
            return value.strip()
        # PHP writes an empty object as an empty list.
        return held if value else ""

    def _end(self, text: str) -> int:
        """Return where the object ends in ``text``, or its length; what is left out is noted."""
        at = 0
        while at < len(text):
            if self._escaped:
                self._escaped = False
                at += 1
                continue
            mark = (_IN_STRING if self._quoted else _OUTSIDE).search(text, at)
            if mark is None:
                break
            at = mark.end()
            if mark[0] == "\\":
                self._escaped = True
            elif mark[0] == '"':
                self._quoted = not self._quoted
            else:
                self._depth += 1 if mark[0] in "{[" else -1
                if not self._depth:
                    self.complete = True
                    return at
        return len(text)


class _Opened:
    """A call that has begun. ``chunk`` is the number of the chunk that named it last.

    ``identity`` is its id until it is said: that waits for the name, which is said with it.
    """

    __slots__ = ("arguments", "chunk", "given", "identity", "index", "name", "waiting", "whole")

    def __init__(self, index: int, piece: _Piece, identity: str) -> None:
        self.index = index
        self.given = piece.id
        self.identity = identity
        self.waiting = ""
        self.name = piece.name
        self.chunk = -1
        self.whole = piece.whole
        self.arguments = _Arguments()


class CallPieces:
    """The calls of one answer. ``ids`` seeds the ids of calls that have none of their own.

    With ``whole`` each entry is a whole call, as in Ollama's own dialect.
    """

    def __init__(self, *, ids: str, whole: bool = False) -> None:
        self._ids = ids
        self._whole = whole
        self._calls: list[_Opened] = []
        self._at: dict[int, _Opened] = {}
        self._used: set[str] = set()
        self._chunk = 0

    def __bool__(self) -> bool:
        return bool(self._calls)

    def take(self, value: Any, path: str) -> list[ToolCallDelta]:
        """Return what one chunk's ``tool_calls`` say. Raises InvalidResponse for what is none."""
        if not value:
            return []
        events: list[ToolCallDelta] = []
        self._chunk += 1
        for index, item in enumerate(value if isinstance(value, list) else [value]):
            piece = _read_piece(item, f"{path}[{index}]")
            self._add(piece, None if self._whole else self._find(piece), events)
        return events

    def flush(self) -> list[ToolCallDelta]:
        """Return what was held back until the end: arguments, and calls that got no name."""
        late = [(call, call.waiting + call.arguments.release()) for call in self._calls]
        events = [
            ToolCallDelta(index=call.index, id=call.identity, arguments=text)
            for call, text in late
            if text or call.identity
        ]
        for call in self._calls:
            call.identity = call.waiting = ""
        return events

    def _find(self, piece: _Piece) -> _Opened | None:
        """Return the call that a piece goes on with, None where it begins one."""
        last = self._calls[-1] if self._calls else None
        call = last if piece.place is None else self._at.get(piece.place)
        if piece.place is None and piece.id:
            call = next((c for c in reversed(self._calls) if c.given == piece.id), call)
        if call is None:
            return None if piece.name or self._announces(piece) else last
        if not piece.name:
            over = piece.place is None or call.whole or call.arguments.complete
            return None if over and self._announces(piece) else call
        if not call.name:
            return call
        if piece.id and call.given:
            return call if piece.id == call.given and piece.name == call.name else None
        begun = call.chunk == self._chunk or call.whole or call.arguments.complete
        return None if begun or piece.name != call.name else call

    def _announces(self, piece: _Piece) -> bool:
        """Tell whether a piece without a name is a new id and nothing else."""
        known = any(call.given == piece.id for call in self._calls)
        return bool(piece.id) and not piece.arguments and not known

    def _add(self, piece: _Piece, call: _Opened | None, events: list[ToolCallDelta]) -> None:
        if call is None:
            index = len(self._calls)
            call = _Opened(index, piece, self._identity(piece.id, index))
            self._calls.append(call)
        elif call.arguments.complete and piece.id and piece.arguments == call.arguments.sent:
            # Some servers end with the whole call once more.
            return
        elif call.arguments.complete and piece.arguments.lstrip().startswith("{"):
            self._add(_again(piece, call), None, events)
            return
        if piece.place is not None:
            self._at[piece.place] = call
        if piece.name:
            call.chunk = self._chunk
            call.name = call.name or piece.name
        self._say(call, piece, events)

    def _say(self, call: _Opened, piece: _Piece, events: list[ToolCallDelta]) -> None:
        identity = call.identity
        text, rest = call.arguments.grow(piece.arguments)
        if rest and not rest.startswith("{"):
            text, rest = text + rest, ""
        if identity and self._whole:
            text = text or call.arguments.release() or "{}"
        if identity and not call.name and not self._whole:
            call.waiting += text
        elif identity or text:
            name = call.name if identity else ""
            text, call.identity, call.waiting = call.waiting + text, "", ""
            events.append(ToolCallDelta(index=call.index, id=identity, name=name, arguments=text))
        if rest:
            piece = _Piece(piece.place, "", call.name, rest)
            self._add(piece, None, events)

    def _identity(self, given: str, index: int) -> str:
        """Return an id that no other call of this answer has: results are matched by it."""
        identity = given if given and given not in self._used else f"call_{self._ids}_{index}"
        self._used.add(identity)
        return identity


def read_calls(value: Any, path: str, *, ids: str, whole: bool = False) -> tuple[ToolCall, ...]:
    """Return the calls of a whole answer, read as one chunk. Raises InvalidResponse."""
    pieces = CallPieces(ids=ids, whole=whole)
    return calls_of([*pieces.take(value, path), *pieces.flush()])


def _again(piece: _Piece, call: _Opened) -> _Piece:
    identity = "" if piece.id == call.given else piece.id
    return _Piece(piece.place, identity, piece.name or call.name, piece.arguments)


def _read_piece(value: Any, path: str) -> _Piece:
    """Read one entry: OpenAI's form, or a name and arguments without ``function`` around them."""
    body = read_object(value, path, blame=InvalidResponse)
    function = body.get("function")
    function = body if function is None else read_object(
        function, f"{path}.function", blame=InvalidResponse)  # fmt: skip
    place = body.get("index", function.get("index"))
    identity = body.get("id")
    return _Piece(
        place if type(place) is int else None,
        str(identity) if isinstance(identity, int) else read_text(
            identity, f"{path}.id", blame=InvalidResponse),
        read_text(function.get("name"), f"{path}.function.name", blame=InvalidResponse),
        _read_arguments(function, f"{path}.function.arguments"),
        isinstance(function.get("arguments"), dict),
    )  # fmt: skip


def _read_arguments(function: Mapping[str, Any], path: str) -> str:
    value = next(
        (function[name] for name in ("arguments", "parameters", "input") if function.get(name)), ""
    )
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        return encode_json(value, blame=InvalidResponse).decode()
    raise InvalidResponse(
        f"{path} must be an object or the JSON text of one, not {describe(value)}", path=path
    )
