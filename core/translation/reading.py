"""Reading untyped JSON: a value of the expected kind, or an error that names its JSON path.

``blame`` decides whose fault a wrong value is: a client's (InvalidRequest, 400) or a
backend's (InvalidResponse, 502).
"""

from __future__ import annotations

from typing import Any

import msgspec

from core.errors import DiglotError, InvalidRequest
from core.translation.fields import Kind

__all__ = ["decode_json", "encode_json", "read_items", "read_object", "read_setting", "read_text"]

_ENCODER = msgspec.json.Encoder()
_WANTED = {"integer": "a whole number", "number": "a number", "boolean": "true or false"}
_KINDS = {dict: "an object", list: "a list", str: "a string", bool: "true or false"}


def decode_json(data: bytes | str, *, blame: type[DiglotError] = InvalidRequest) -> Any:
    """Return the value that ``data`` holds. Key order and integers of any size are kept."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as exc:
        raise blame(f"the body is not valid JSON: {exc}") from exc


def encode_json(value: Any) -> bytes:
    """Return compact UTF-8 JSON."""
    return _ENCODER.encode(value)


def describe(value: Any) -> str:
    """Say what kind of JSON value this is, for an error text."""
    if value is None:
        return "null"
    return _KINDS.get(type(value), "a number")


def read_object(
    value: Any, path: str, *, blame: type[DiglotError] = InvalidRequest
) -> dict[str, Any]:
    """Return ``value`` if it is an object."""
    if not isinstance(value, dict):
        raise blame(f"{path or '$'} must be an object, not {describe(value)}", path=path)
    return value


def read_items(value: Any, path: str, *, blame: type[DiglotError] = InvalidRequest) -> list[Any]:
    """Return ``value`` if it is a list, and an empty list for null."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise blame(f"{path} must be a list, not {describe(value)}", path=path)
    return value


def read_text(value: Any, path: str, *, blame: type[DiglotError] = InvalidRequest) -> str:
    """Return ``value`` if it is a string, and an empty string for null."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise blame(f"{path} must be a string, not {describe(value)}", path=path)
    return value


def read_setting(value: Any, kind: Kind, path: str) -> Any:
    """Return a flat setting in the one form that the hub holds for its kind.

    Integral floats (``10.0``) become integers, since Go's decoder refuses them; a bare
    ``stop`` string becomes a list of one, since Ollama answers 500 to a string.
    """
    if kind == "any":
        return value
    if kind == "strings":
        return _read_strings(value, path)
    if kind == "boolean" and isinstance(value, bool):
        return value
    if kind != "boolean" and _is_number(value):
        if kind == "number" or isinstance(value, int):
            return value
        if value.is_integer():
            return int(value)
    raise InvalidRequest(f"{path} must be {_WANTED[kind]}, not {value!r:.80}", path=path)


def _read_strings(value: Any, path: str) -> list[str]:
    if isinstance(value, str):
        return [value]
    for index, item in enumerate(read_items(value, path)):
        read_text(item, f"{path}[{index}]")
    return list(value)


def _is_number(value: Any) -> bool:
    # bool is a subclass of int, yet no number in JSON.
    return isinstance(value, int | float) and not isinstance(value, bool)
