"""What the laws hold translations against, written without the code that they check."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from typing import Any

from core.translation.dialects.registry import DIALECTS
from core.translation.messages import ChatRequest, Image, Message, text_of

Steps = tuple[str | int, ...]

_STEP = re.compile(r'\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|\.?([^.\[\]"]+)')


@functools.cache  # the same paths come thousands of times
def steps(path: str) -> Steps:
    """Read a path of the report."""
    found: list[str | int] = []
    place = 0
    while place < len(path):
        step = _STEP.match(path, place)
        assert step, f"{path!r} is no path"
        index, quoted, key = step.groups()
        found.append(int(index) if index else json.loads(quoted) if quoted else key)
        place = step.end()
    return tuple(found)


def at(body: Any, place: Steps) -> Any:
    """Return the value at a place. Raises KeyError where there is none."""
    for step in place:
        try:
            body = body[step]
        except (IndexError, TypeError) as exc:
            raise KeyError(place) from exc
    return body


def leaves(body: Any, place: Steps = ()) -> Iterator[Steps]:
    """Yield the place of every value that holds no other: scalars, nulls, empty containers."""
    if not isinstance(body, dict | list) or not body:
        yield place
        return
    for key, item in body.items() if isinstance(body, dict) else enumerate(body):
        yield from leaves(item, (*place, key))


def above(place: Steps) -> Iterator[Steps]:
    """Yield a place and all that it is inside of, the body itself left out."""
    return (place[:length] for length in range(len(place), 0, -1))


def without(body: Any, lost: set[Steps], place: Steps = ()) -> Any:
    """Copy a body without the keys at ``lost``. Items of lists stay where they are."""
    if isinstance(body, dict):
        return {
            key: without(item, lost, (*place, key))
            for key, item in body.items()
            if (*place, key) not in lost
        }
    if isinstance(body, list):
        return [without(item, lost, (*place, index)) for index, item in enumerate(body)]
    return body


_EFFORTS: dict[Any, dict[Any, Any]] = {
    "ollama": {"none": False, "minimal": "low", "xhigh": "max"},
    "openai": {True: "medium", False: "none", "max": "xhigh"},
}


def said(
    request: ChatRequest, *, target: str, accepts: frozenset[str], heard: bool = False
) -> dict[str, Any]:
    """Say what of a request must still be there when ``target`` has been told it.

    Only what the other side can say at all, and in its words. With ``heard`` the request is
    what the target read, whose words are taken as they are.
    """
    native = target == "ollama"
    silent = native and request.tool_choice == "none"
    rows = DIALECTS[target].settings.by_name
    tools = [
        {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
        for tool in request.tools
    ]
    settings = {
        name: value
        for name, value in request.settings.items()
        if name in rows
        and (native or not rows[name].extension or name in accepts)
        and (native or name != "max_tokens" or value >= 0)
    }
    return {
        "model": request.model,
        "messages": [_message(message, native=native, heard=heard) for message in request.messages],
        "tools": [] if silent else tools,
        "format": None if request.format is None else {"schema": request.format.schema},
        "thinking": request.thinking if heard else _effort(request.thinking, target),
        "stream": request.stream,
        "settings": settings,
    }


def _effort(value: Any, target: str) -> Any:
    # True is 1 to a dict, so that a level must not be looked up as one.
    return _EFFORTS[target].get(value, value) if value is not None else None


def _message(message: Message, *, native: bool, heard: bool) -> dict[str, Any]:
    role = message.role
    answers = role == "tool"
    return {
        "role": "system" if native and role == "developer" and not heard else role,
        "text": text_of(message),
        "images": [part.data for part in message.parts if isinstance(part, Image)],
        "thinking": message.thinking,
        "calls": [
            {"name": call.name, "arguments": json.loads(call.arguments)}
            for call in message.tool_calls
        ],
        "call ids": [call.id for call in message.tool_calls],
        "answers": message.tool_call_id if answers else "",
        "name": message.name if answers or not native else "",
    }


def without_additions(heard: dict[str, Any], meant: dict[str, Any]) -> dict[str, Any]:
    """Copy what was heard without the ids and names that nobody had said."""
    messages = []
    for mine, other in zip(meant["messages"], heard["messages"], strict=True):
        message = {**other}
        for key in ("answers", "name"):
            message[key] = other[key] if mine[key] else ""
        message["call ids"] = [
            found if given else ""
            for given, found in zip(mine["call ids"], other["call ids"], strict=True)
        ]
        messages.append(message)
    return {**heard, "messages": messages}
