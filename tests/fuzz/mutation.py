"""Changing bytes so that most of them are still JSON.

Bytes changed at random hardly ever parse, and the interesting faults are behind the parser. So
one JSON value in the input is changed inside; now and then the bytes around it are, too.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

__all__ = ["TOKENS", "mutate"]

_VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 0.5, 1.0, 1e300, 2**53 + 1, 2**64, "", "a", "\n", "null", "{}",
    "[DONE]", "5m", "-1", "\u2028", "😀", "stop", "length", "tool_calls", "tool", "json",
    "data:image/png;base64,iVBO", "iVBO", [], {}, [None], [{}], [[]], {"a": 1}, {"error": "e"},
    {"type": "function", "function": {"name": "f", "arguments": "{}"}},
    {"id": "c", "function": {"name": "f", "arguments": {"a": 1.0}}},
]  # fmt: skip

TOKENS = [
    b"\n", b"\r", b"\r\n", b"\n\n", b"data: ", b"data:", b"event: error\n", b": ping\n\n", b"\xff",
    b"data: [DONE]\n\n", b"[DONE]", b"{", b"}", b"[", b"]", b'"', b"\\", b"\\ud83d", b"\\ude00",
    b'"error":', b'"done":true', b'"finish_reason":"stop"', b"null", b"1e999", b"-0.0", b"NaN",
    b'{"error":"e"}\n', b'{"done":true}\n', b"\x00", b" ", b",", b":", b"\xef\xbb\xbf", b"[" * 2000,
]  # fmt: skip


def mutate(data: bytes, random: Random) -> bytes:
    """Return ``data`` with a few things changed."""
    for _ in range(random.choice((1, 1, 2, 4))):
        data = _inside(data, random) if random.random() < 0.7 else _outside(data, random)
    return data


def _inside(data: bytes, random: Random) -> bytes:
    """Change one JSON value: the whole input, or one line of it."""
    whole = _loads(data)
    if isinstance(whole, dict | list):
        return _dumps(_changed(whole, random), random)
    lines = data.split(b"\n")
    at = random.randrange(len(lines))
    head = b"data: " if lines[at].startswith(b"data: ") else b""
    value = _loads(lines[at][len(head) :])
    if not isinstance(value, dict | list):
        return _outside(data, random)
    lines[at] = head + _dumps(_changed(value, random), random)
    return b"\n".join(lines)


def _changed(value: Any, random: Random) -> Any:
    places = list(_places(value))
    if not places:
        return random.choice(_VALUES)
    container, key = random.choice(places)
    other, other_key = random.choice(places)
    match random.randrange(6):
        case 0:
            del container[key]
        case 1:
            container[key] = json.loads(json.dumps(other[other_key]))
        case 2 if isinstance(container, dict):
            container[str(other_key)] = container.pop(key)
        case 3 if isinstance(container, list):
            container.insert(key, container[key])
        case 4:
            container[key] = [container[key]]
        case _:
            container[key] = random.choice(_VALUES)
    return value


def _places(value: Any) -> Any:
    for key, item in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(item, dict | list):
            yield from _places(item)


def _outside(data: bytes, random: Random) -> bytes:
    at = random.randrange(len(data) + 1)
    match random.randrange(4):
        case 0:
            return data[:at] + data[at + random.randrange(1, 9) :]
        case 1:
            return data[:at]
        case 2:
            start = random.randrange(len(data) + 1)
            return data[:at] + data[start : start + random.randrange(1, 99)] + data[at:]
    return data[:at] + random.choice(TOKENS) + data[at:]


def _loads(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _dumps(value: Any, random: Random) -> bytes:
    return json.dumps(
        value, ensure_ascii=random.random() < 0.3, separators=random.choice(((",", ":"), None))
    ).encode("utf-8", "surrogatepass")
