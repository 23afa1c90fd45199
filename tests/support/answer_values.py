"""What the judge of answers reads out of values: texts, scalars, what JSON in them says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

__all__ = ["arguments", "is_int", "is_words", "last", "listed", "opened", "same", "scalars_in",
           "texts_of", "tokens", "words_in"]  # fmt: skip


def same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and (
        json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True))  # fmt: skip


def last(path: str | None) -> str:
    return re.sub(r"\[\d+\]$", "", path or "").rpartition(".")[2].rpartition(" ")[2]


def is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_words(value: Any) -> bool:
    return isinstance(value, str) and len(value.strip()) > 3


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) and value else [value]


def opened(value: Any) -> Any:
    if isinstance(value, str) and value.strip()[:1] in ("{", "["):
        with suppress(ValueError):
            return json.loads(value)
    return value


def arguments(value: Any) -> Any:
    if value in ("", None, "null", "{}"):
        return {}
    for _ in range(2):
        with suppress(ValueError, TypeError):
            value = json.loads(value)
    return value


def tokens(value: Any) -> list[Any]:
    found = []
    for entry in value.get("content") or [] if isinstance(value, dict) else value or []:
        found.append(entry.get("token") if isinstance(entry, dict) else entry)
    if isinstance(value, dict) and "tokens" in value:
        return list(value["tokens"])
    return found


def words_in(value: Any, key: str = "") -> Iterator[Any]:
    """Yield what a value says, not what kind of thing it is."""
    if isinstance(value, dict):
        for inner, item in value.items():
            yield from words_in(item, inner)
    elif isinstance(value, list):
        for item in value:
            yield from words_in(item, key)
    elif key not in ("type", "id", "status", "role"):
        yield value


def scalars_in(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list) and value:
        for item in value.values() if isinstance(value, dict) else value:
            yield from scalars_in(item)
    else:
        yield value


def texts_of(values: Iterable[Any]) -> str:
    """Return every text in some values: whole, as pieces joined, and JSON in it opened."""
    found: list[str] = []
    joined: dict[str, list[str]] = {}
    for value in values:
        _gather(value, "", found, joined)
    return "\n".join([*found, *("".join(pieces) for pieces in joined.values())])


def _gather(value: Any, place: str, found: list[str], joined: dict[str, list[str]]) -> None:
    if isinstance(value, str):
        found.append(value)
        joined.setdefault(place, []).append(value)
        inner = opened(value)
        if not isinstance(inner, str):
            _gather(inner, f"{place}!", found, {})
    elif isinstance(value, dict):
        for key, item in value.items():
            found.append(key if place.endswith("!") else "")
            if key == "logprobs":
                continue  # tokens are not what an answer says
            _gather(item, f"{place}.{key}" if key != "index" else place, found, joined)
    elif isinstance(value, list):
        for item in value:
            _gather(item, place, found, joined)
