"""Embeddings: their requests and answers as values, and what their three dialects share."""

from __future__ import annotations

import math
import struct
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from core.errors import InvalidRequest, InvalidResponse, Unsupported
from core.translation.codec.json import is_setting, read_items, read_setting
from core.translation.codec.kinds import ValueKind

Vector = list[float]

WANTED = "input must be a string or a list of strings"


class EmbeddingRequest(Struct, frozen=True, kw_only=True):
    """Texts to embed. ``dimensions`` cuts the vectors; ``settings`` are Ollama's own fields."""

    model: str
    inputs: tuple[str, ...] = ()
    dimensions: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


class EmbeddingResponse(Struct, frozen=True, kw_only=True):
    """One vector for each text, in order. Durations in ns, 0 where not measured."""

    model: str
    vectors: tuple[Vector, ...]
    prompt_tokens: int = 0
    total: int = 0
    load: int = 0


def read_inputs(value: Any, path: str) -> tuple[str, ...]:
    """Return the texts to embed. Raises InvalidRequest, and Unsupported for token numbers."""
    if isinstance(value, str):
        return (value,)
    items = read_items(value, path)
    if items and all(isinstance(item, int | list) for item in items):
        raise Unsupported(
            f"{path} holds token numbers, which mean another text to every model; send text",
            path=path,
        )
    for index, item in enumerate(items):
        if not isinstance(item, str):
            raise InvalidRequest(WANTED, path=f"{path}[{index}]")
    return tuple(items)


def read_settings(body: Mapping[str, Any]) -> dict[str, Any]:
    """Read what only Ollama knows. What is of another kind is left out, as nulls are."""
    kinds: tuple[tuple[str, ValueKind], ...] = (("truncate", "boolean"), ("keep_alive", "duration"))
    settings: dict[str, Any] = {
        name: read_setting(body[name], kind, name)
        for name, kind in kinds
        if is_setting(body.get(name), kind)
    }
    options = body.get("options")
    if options and isinstance(options, dict):
        settings["options"] = options
    return settings


def read_dimensions(body: Mapping[str, Any]) -> int | None:
    """Return to how many numbers vectors are to be cut, None for not at all."""
    value = body.get("dimensions")
    if value is None:
        return None
    number = read_setting(value, "integer", "dimensions")
    return int(number) if number > 0 else None


def read_vector(value: Any, path: str) -> Vector:
    """Read a vector: numbers, or base64 of 32-bit floats."""
    if isinstance(value, str):
        try:
            data = b64decode(value, validate=True)
            return list(struct.unpack(f"<{len(data) // 4}f", data))
        except (Base64Error, ValueError, struct.error) as exc:
            raise InvalidResponse(f"{path} is no base64 of 32-bit floats", path=path) from exc
    numbers = read_items(value, path, blame=InvalidResponse)
    # One pass for hundreds of numbers; a decoder gives no subclasses of these.
    if not {int, float}.issuperset(map(type, numbers)):
        raise InvalidResponse(f"{path} must hold numbers", path=path)
    return numbers


def pack(vector: Vector) -> str:
    """Write a vector as base64 of little-endian 32-bit floats."""
    try:
        return b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
    except (OverflowError, struct.error) as exc:
        raise InvalidResponse("the backend's vector does not fit 32-bit floats") from exc


def cut(vector: Vector, dimensions: int | None) -> Vector:
    """Cut a vector that the backend left longer than asked, and make its length 1 again."""
    if dimensions is None or len(vector) <= dimensions:
        return vector
    return unit(vector[:dimensions])


def unit(vector: Vector) -> Vector:
    """Return a vector as one of length 1."""
    length = math.sqrt(math.fsum(x * x for x in vector))
    # Already of length 1 as far as 32-bit floats can tell: left as it was said.
    if length == 0 or abs(length - 1) < 1e-5 or not math.isfinite(length):
        return vector
    return [x / length for x in vector]
