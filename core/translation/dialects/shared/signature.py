"""What the signatures of dialects are made of: how sure one is, and looks at a body."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

# A body with messages is a chat, whatever else it has; without them one with an input comes
# before one with a prompt. What is found in it is added to these, or taken twice for a tie.
CHAT, INPUT, PROMPT = 30_000, 20_000, 10_000


def of_chat(body: Mapping[str, Any]) -> bool:
    """Tell whether a body has messages."""
    return isinstance(body.get("messages"), list)


def count(body: Mapping[str, Any], names: Iterable[str]) -> int:
    """Return how many of these fields a body has."""
    return sum(name in body for name in names)


def objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects in a list, and none of what is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
