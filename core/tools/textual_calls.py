"""Finds tool calls in the text of an answer that the server did not recognise.

Normally the server parses the format in which a model writes calls. If the template does not
support tools, or the model does not know the format of the template, the call stays in the text,
and nothing runs.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Collection, Iterator
from typing import Any, Literal

from msgspec import Struct

from core.translation.codec.json import encode_json
from core.translation.messages import ToolCall

Form = Literal["tag", "json", "xml", "python"]


class WrittenCall(Struct, frozen=True, kw_only=True):
    """A call in a text: ``written`` is its text, ``form`` its syntax.

    ``tag``: JSON between marks such as <tool_call> or [TOOL_CALLS]; ``json``: JSON alone;
    ``xml``: elements for the function and its parameters; ``python``: a call of a function.
    """

    form: Form
    written: str
    call: ToolCall


# Marks of Hermes and Qwen, Mistral, Llama, Phi and Granite, with JSON behind them.
_MARKS = re.compile(
    r"<tool_calls?>|<function_calls?>|<\|tool_calls?\|>|<\|python_tag\|>|\[TOOL_CALLS\]", re.I
)
# Mistral's newer models write the name in front of the arguments.
_NAMED = re.compile(r"\[TOOL_CALLS\]\s*([\w.-]+)\s*(?:\[ARGS\]\s*)?(?={)")
_FUNCTION = re.compile(r"<function=([\w.-]+)>([\s\S]*?)(?:</function>|\Z)")
_INVOKE = re.compile(r"""<invoke name=["']([\w.-]+)["']>([\s\S]*?)(?:</invoke>|\Z)""")
_PARAMETER = re.compile(r"""<parameter(?:=|\s+name=["'])([\w.-]+)["']?>([\s\S]*?)</parameter>""")
_DECODER = json.JSONDecoder()
_MOST = 100_000


def find_written_calls(text: str, names: Collection[str]) -> tuple[WrittenCall, ...]:
    """Return the calls of functions called ``names`` that stand in ``text``, in order."""
    text = text[:_MOST]
    found = (
        list(_elements(text))
        or list(_named(text))
        or list(_objects(text))
        or list(_expressions(text, names))
    )
    return tuple(one for one in found if one.call.name in names)


def _elements(text: str) -> Iterator[WrittenCall]:
    for pattern in (_FUNCTION, _INVOKE):
        for match in pattern.finditer(text):
            body = match[2].strip()
            given = {name: _value(value) for name, value in _PARAMETER.findall(body)}
            if not given:
                value = _json_at(body, 0)[0]
                given = value if isinstance(value, dict) else {}
            yield WrittenCall(form="xml", written=match[0], call=_call(match[1], given))


def _named(text: str) -> Iterator[WrittenCall]:
    for match in _NAMED.finditer(text):
        value, end = _json_at(text, match.end())
        if isinstance(value, dict):
            written = text[match.start() : end]
            yield WrittenCall(form="tag", written=written, call=_call(match[1], value))


def _objects(text: str) -> Iterator[WrittenCall]:
    """Find JSON objects with the name and arguments of a function."""
    place = since = 0
    while (start := _next(text, place)) >= 0:
        value, end = _json_at(text, start)
        if end == start:
            place = start + 1
            continue
        marks = [
            m for m in _MARKS.finditer(text, since, start) if not text[m.end() : start].strip()
        ]
        for call in _calls_in(value):
            begin = marks[-1].start() if marks else start
            form: Form = "tag" if marks else "json"
            yield WrittenCall(form=form, written=text[begin:end], call=call)
        place = since = end


def _next(text: str, place: int) -> int:
    found = [at for at in (text.find("{", place), text.find("[", place)) if at >= 0]
    return min(found, default=-1)


def _calls_in(value: Any) -> Iterator[ToolCall]:
    if isinstance(value, list):
        for item in value:
            yield from _calls_in(item)
    if not isinstance(value, dict):
        return
    if isinstance(value.get("tool_calls"), list):
        yield from _calls_in(value["tool_calls"])
        return
    inner = value.get("function")
    if isinstance(inner, dict):
        value = inner
    name = value.get("name") or value.get("tool") or inner
    if not isinstance(name, str):
        return
    for key in ("arguments", "parameters", "args", "input"):
        given = value.get(key)
        if isinstance(given, str):
            given = _json_at(given, 0)[0]
        # A tool definition has parameters too: a schema is not the arguments of a call.
        if isinstance(given, dict) and not (
            given.get("type") == "object" and "properties" in given
        ):
            yield _call(name, given)
            return


def _expressions(text: str, names: Collection[str]) -> Iterator[WrittenCall]:
    """Find Python calls: name(a=1), alone on a line, in a list or in a fence of code."""
    for name in names:
        if not name.isidentifier():
            continue
        for match in re.finditer(rf"(?<![\w.]){re.escape(name)}\(", text):
            end = _closing(text, match.end() - 1)
            given = _keywords(text[match.start() : end]) if end else None
            if given is not None:
                written = text[match.start() : end]
                yield WrittenCall(form="python", written=written, call=_call(name, given))


def _closing(text: str, opened: int) -> int:
    """Return the place after the bracket that closes the one at ``opened``, or 0."""
    depth, quote, place = 0, "", opened
    while place < len(text):
        sign = text[place]
        if quote:
            if sign == "\\":
                place += 1
            elif sign == quote:
                quote = ""
        elif sign in "'\"":
            quote = sign
        elif sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
            if depth == 0:
                return place + 1
        place += 1
    return 0


def _keywords(source: str) -> dict[str, Any] | None:
    """Return the keyword arguments of a Python call; None if it has other than literal values."""
    try:
        tree = ast.parse(source, mode="eval").body
        if not isinstance(tree, ast.Call) or tree.args:
            return None
        given = {str(k.arg): ast.literal_eval(k.value) for k in tree.keywords if k.arg}
        encode_json(given)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None
    return given


def _json_at(text: str, place: int) -> tuple[Any, int]:
    """Return the JSON value that begins at ``place`` and its end; ``place`` if there is none."""
    try:
        return _DECODER.raw_decode(text, place)
    except (ValueError, RecursionError):
        return None, place


def _value(text: str) -> Any:
    text = text.strip("\n")
    value, end = _json_at(text, 0)
    return value if end and end == len(text) else text


def _call(name: str, given: dict[str, Any]) -> ToolCall:
    return ToolCall(name=name, arguments=encode_json(given).decode())
