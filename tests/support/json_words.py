"""What a JSON value says: its texts, and the values that texts spell."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from contextlib import suppress
from typing import Any


def texts_in(value: Any) -> Iterator[str]:
    """Yield every text in a JSON value, those that are JSON opened, and the keys."""
    if isinstance(value, str):
        yield value
        if value[:1] in "{[":
            with suppress(ValueError):
                yield from texts_in(json.loads(value))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from texts_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)


def texts_of(value: Any) -> Iterator[str]:
    """Yield the texts that a value says, not what kind of thing it is."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from texts_of(item) if key != "type" else ()
    elif isinstance(value, list):
        for item in value:
            yield from texts_of(item)


def decoded(data: str) -> str:
    """Return the words of a file as base64 has them, or the data itself."""
    with suppress(ValueError):
        return b64decode(data.rpartition(",")[2], validate=True).decode()
    return data


def plain_json(value: Any) -> Any:
    """Return a value as it is, JSON in text opened."""
    if isinstance(value, str) and value.strip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def plain_json_word(value: str) -> Any:
    """Return the number or flag that a text spells, else the text."""
    try:
        return json.loads(value.lower())
    except ValueError:
        return value
