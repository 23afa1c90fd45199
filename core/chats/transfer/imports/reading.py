"""Lenient readers for files of other products: values may be missing or of another type.

A damaged field must not lose a chat, so nothing here raises.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from core.chats.values.chat import ChatMessage
from core.translation.codec.json import encode_json
from core.translation.messages import Image

_LATEST = 253_402_300_799  # the year 9999
_MILLISECONDS = 100_000_000_000  # the year 5138 in seconds, 1973 in milliseconds


def map_of(value: Any) -> Mapping[str, Any]:
    """Return an object, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def items_of(value: Any) -> Sequence[Any]:
    """Return a list, or an empty one."""
    return value if isinstance(value, list) else ()


def text_from(value: Any) -> str:
    """Return a string, or an empty one."""
    return value if isinstance(value, str) else ""


def seconds_ns(value: Any) -> int:
    """Return a duration in seconds as ns; 0 if it is invalid."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return int(value * 1e9) if number and math.isfinite(value) and 0 <= value < 1e8 else 0


def time_ns(value: Any) -> int:
    """Return a time (seconds, milliseconds or ISO 8601) as ns since 1970; 0 if it is invalid."""
    if isinstance(value, str):
        try:
            stamp = datetime.fromisoformat(value)
        except ValueError:
            return 0
        value = stamp.replace(tzinfo=stamp.tzinfo or UTC).timestamp()
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return 0
    seconds = value / 1000 if value > _MILLISECONDS else value
    return int(seconds * 1e9) if 0 < seconds < _LATEST else 0


def as_json(value: Any) -> str:
    """Return content of an unknown type as a JSON code block."""
    return f"```json\n{encode_json(value).decode()}\n```"


def data_image(url: Any) -> Image | None:
    """Return the image that a ``data:`` address holds, or None."""
    head, comma, data = text_from(url).partition(",")
    if not comma or not head.startswith("data:image/") or not head.endswith(";base64"):
        return None
    return Image(data=data, media_type=head[len("data:") : -len(";base64")])


def titled(title: Any, messages: Sequence[ChatMessage]) -> str:
    """Return a chat's title, or else the beginning of its first question."""
    asked = (part for row in messages if row.message.role == "user" for part in row.message.parts)
    first = next((getattr(part, "text", "") for part in asked), "")
    return (text_from(title).strip() or " ".join(first.split()))[:200]
