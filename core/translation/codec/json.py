"""Reading untyped JSON: a value of the expected kind, or an error that names its JSON path.

``blame`` decides whose fault a wrong value is: a client's (InvalidRequest, 400) or a
backend's (InvalidResponse, 502).
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import msgspec

from core.errors import DiglotError, InvalidRequest, InvalidResponse
from core.translation.codec.json_paths import join
from core.translation.codec.kinds import ValueKind

JSON_ERRORS = (msgspec.DecodeError, UnicodeError, RecursionError)
"""What msgspec raises for bytes that are not JSON, not the wanted shape, or nested too deeply."""

Count = Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)]
"""The type of a count or a duration that makes sense, for typed decoders."""

# What stands between servers answers with pages for people.
_MARKUP = re.compile(r"<(script|style|head)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)

_ENCODER = msgspec.json.Encoder()
_WANTED = {"integer": "a whole number", "number": "a number", "boolean": "true or false"}
_KINDS = {dict: "an object", list: "a list", str: "a string", bool: "true or false"}

_FLAG = re.compile("true|false", re.IGNORECASE)
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,17})(\.\d{1,17})?", re.ASCII)

# An escape in a JSON text; the last two alternatives take half a surrogate pair, and the rest.
_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
    rb"|\\."
)

Shape = TypeVar("Shape")


def decode_json(data: bytes | str, *, blame: type[DiglotError] = InvalidRequest) -> Any:
    """Return the value that ``data`` holds. Key order and integers of any size are kept."""
    try:
        return msgspec.json.decode(data)
    except JSON_ERRORS as exc:
        if isinstance(data, str):
            data = data.encode("utf-8", "replace")
        try:
            return _decode_halves(_ANY, data, exc)
        except JSON_ERRORS:
            raise blame(f"the body is not valid JSON: {_reason(exc)}") from exc


def json_or_none(data: bytes | str) -> Any:
    """Return the value that ``data`` holds, None where that is no JSON."""
    try:
        return decode_json(data)
    except DiglotError:
        return None


def object_of(data: bytes | str) -> dict[str, Any]:
    """Return the object that ``data`` holds, an empty one where it holds none."""
    value = json_or_none(data)
    return value if isinstance(value, dict) else {}


def is_object(data: bytes | str) -> bool:
    """Tell whether ``data`` holds an object."""
    return isinstance(json_or_none(data), dict)


def decode_loosely(data: bytes, *, blame: type[DiglotError] = InvalidRequest) -> Any:
    """Return the value that ``data`` holds, with null for a number that is too large for any float.

    For bytes that pass through: whoever they are for may read such numbers. Raises ``blame`` for
    what is no JSON.
    """
    try:
        return decode_json(data, blame=blame)
    except DiglotError as exc:
        if not isinstance(exc.__cause__, msgspec.ValidationError):
            raise
        return _loosely(data, _LOOSE_LEVELS)


def _loosely(data: bytes | msgspec.Raw, levels: int) -> Any:
    try:
        return msgspec.json.decode(data)
    except JSON_ERRORS:
        pass
    for decoder in (_OBJECT, _LIST) if levels else ():
        try:
            parts = decoder.decode(data)
        except JSON_ERRORS:
            continue
        if isinstance(parts, dict):
            return {key: _loosely(part, levels - 1) for key, part in parts.items()}
        return [_loosely(part, levels - 1) for part in parts]
    return None


def decode_answer(whole: bytes) -> dict[str, Any]:
    """Return the object that a backend's whole answer holds. Raises InvalidResponse."""
    whole = whole.removeprefix(BOM_UTF8)
    return read_object(decode_json(whole, blame=InvalidResponse), "", blame=InvalidResponse)


def decode_mended(
    decoder: msgspec.json.Decoder[Shape],
    data: bytes,
    exc: Exception,
    *,
    blame: type[DiglotError] = InvalidResponse,
) -> Shape:
    """Decode once more what ``decoder`` refused with ``exc``.

    Raises ``blame`` unless halves of surrogate pairs were all that was wrong.
    """
    try:
        return _decode_halves(decoder, data, exc)
    except JSON_ERRORS:
        who = "the body" if issubclass(blame, InvalidRequest) else "what the backend sent"
        raise blame(f"{who} is not what this API speaks: {_reason(exc)}") from exc


def encode_json(value: Any, *, blame: type[DiglotError] = InvalidRequest) -> bytes:
    """Return compact UTF-8 JSON."""
    try:
        return _ENCODER.encode(value)
    except (UnicodeError, RecursionError) as exc:
        raise blame(f"the body cannot be written as JSON: {_reason(exc)}") from exc


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


def read_objects(
    value: Any, path: str, *, blame: type[DiglotError] = InvalidRequest
) -> tuple[dict[str, Any], ...]:
    """Return the items of ``value`` if it is a list of objects; nothing for null."""
    items = read_items(value, path, blame=blame)
    return tuple(read_object(item, f"{path}[{i}]", blame=blame) for i, item in enumerate(items))


def read_text(value: Any, path: str, *, blame: type[DiglotError] = InvalidRequest) -> str:
    """Return ``value`` if it is a string, and an empty string for null."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise blame(f"{path} must be a string, not {describe(value)}", path=path)
    return value


def read_field(
    body: dict[str, Any], key: str, path: str, *, blame: type[DiglotError] = InvalidRequest
) -> str:
    """Return the text at ``key`` of the object at ``path``; empty for null and where it is not."""
    value = body.get(key)
    if value is None:
        return ""
    return value if isinstance(value, str) else read_text(value, join(path, key), blame=blame)


def read_name(body: dict[str, Any], path: str, key: str = "name") -> str:
    """Return the text at ``key`` of the object at ``path``, which must not be empty."""
    name = read_field(body, key, path)
    if not name:
        raise InvalidRequest(f"{path}.{key} is missing", path=f"{path}.{key}")
    return name


def read_flag(value: Any, path: str) -> bool | None:
    """Return ``value`` if it is true, false or null."""
    if value is None or isinstance(value, bool):
        return value
    raise InvalidRequest(f"{path} must be true or false, not {describe(value)}", path=path)


def read_count(value: Any) -> int:
    """Return a count or a duration, and 0 for anything else.

    A counter that makes no sense is not worth losing a good answer for.
    """
    return int(value) if _is_number(value) and value > 0 else 0


def read_arguments(value: Any, path: str, *, blame: type[DiglotError], ended: str = "") -> str:
    """Return the JSON text of a call's arguments, which should hold an object.

    Empty text and null, which models and SDKs do send for a call without arguments, are an
    empty object. An object that was encoded twice is unpacked once. What a client sends back of
    its history is kept whatever it is, as a model once wrote it so (``arguments_object`` has a
    place for it), and so is what an answer that ``ended`` at its limit ends with; any other
    answer without an object is its backend's fault.
    """
    kept = ended == "length" or blame is InvalidRequest
    if kept and value is not None and not isinstance(value, str):
        return encode_json(value).decode()
    text = read_text(value, path, blame=blame).strip()
    if not text:
        return "{}"
    try:
        value = decode_json(text, blame=blame)
        if isinstance(value, str) and value.lstrip().startswith("{"):
            text = value.strip()
            value = decode_json(text, blame=blame)
    except DiglotError as exc:
        if kept:
            return text
        why = _reason(exc.__cause__ or exc)
        raise blame(f"{path} must hold the JSON text of an object: {why}", path=path) from exc
    if value is None:
        return "{}"
    if not kept:
        read_object(value, path, blame=blame)
    return text


def arguments_object(text: str) -> dict[str, Any]:
    """Return a call's arguments for a dialect that has an object for them.

    What is no object, such as a text that was cut at a limit, stands in one under ``arguments``.
    """
    try:
        value = decode_json(text)
    except DiglotError:
        return {"arguments": text}
    return value if isinstance(value, dict) else {"arguments": value}


def read_setting(value: Any, kind: ValueKind, path: str) -> Any:
    """Return a flat setting in the one form that the hub holds for its kind.

    Integral floats (``10.0``) become integers, since Go's decoder refuses them; a bare
    ``stop`` string becomes a list of one, since Ollama answers 500 to a string; a duration
    such as ``"-1"`` becomes a number of seconds, since Ollama wants a unit in a string.
    """
    if kind == "any":
        return value
    if kind == "strings":
        return _read_strings(value, path)
    if kind == "duration":
        return _read_duration(value, path)
    if isinstance(value, str):
        # vLLM takes numbers and flags that a client has as text, so they are sent.
        value = _unquoted(value)
    if kind == "boolean" and isinstance(value, bool):
        return value
    if kind != "boolean" and _is_number(value):
        if kind == "number" or isinstance(value, int):
            return value
        if value.is_integer():
            return int(value)
    raise InvalidRequest(f"{path} must be {_WANTED[kind]}, not {value!r:.80}", path=path)


def _unquoted(text: str) -> Any:
    """Return the number or flag that a text spells, else the text."""
    if _FLAG.fullmatch(text):
        return text.lower() == "true"
    return msgspec.json.decode(text) if _NUMBER.fullmatch(text) else text


def is_setting(value: Any, kind: ValueKind) -> bool:
    """Tell whether ``read_setting`` can read ``value`` as this kind; null is of none."""
    if value is None:
        return False
    try:
        read_setting(value, kind, "")
    except InvalidRequest:
        return False
    return True


def _read_strings(value: Any, path: str) -> list[str]:
    if isinstance(value, str):
        return [value]
    for index, item in enumerate(read_items(value, path)):
        if not isinstance(item, str):
            place = f"{path}[{index}]"
            raise InvalidRequest(f"{place} must be a string, not {describe(item)}", path=place)
    return list(value)


def _read_duration(value: Any, path: str) -> int | float | str:
    if isinstance(value, str):
        digits = value.removeprefix("-")
        return int(value) if digits.isascii() and digits.isdigit() else value
    if not _is_number(value):
        wanted = 'a number of seconds or a text such as "5m"'
        raise InvalidRequest(f"{path} must be {wanted}, not {describe(value)}", path=path)
    number: int | float = value
    return number


def _is_number(value: Any) -> bool:
    # bool is a subclass of int, yet no number in JSON.
    return isinstance(value, int | float) and not isinstance(value, bool)


_ANY = msgspec.json.Decoder(Any)
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
# Every level is read anew: deep enough for the parts of a message, and no work without an end.
_LOOSE_LEVELS = 6


def _decode_halves(decoder: msgspec.json.Decoder[Shape], data: bytes, exc: Exception) -> Shape:
    """Decode with U+FFFD for halves of surrogate pairs, as Go's decoder reads them.

    Servers that escape non-ASCII text send them when a token ends inside an emoji.
    """
    mended = _ESCAPE.sub(lambda match: b"\\ufffd" if match["half"] else match[0], data)
    if mended == data:
        raise exc
    return decoder.decode(mended)


def _reason(exc: BaseException) -> str:
    return "it is nested too deeply" if isinstance(exc, RecursionError) else str(exc)


def error_text(data: bytes, status: int) -> str:
    """Return what an error body says that is not in its dialect's form: the words of it."""
    text = data[:2000].decode("utf-8", "replace").strip()
    if text.startswith("<"):
        words = " ".join(_MARKUP.sub(" ", text).split())
        return f"the backend said {status} with a web page: {words[:200]}".rstrip(": ")
    return text or f"the backend said {status}"


def read_model(body: Mapping[str, Any]) -> str:
    """Return the name of the model that a request asks. Raises InvalidRequest without one.

    Ollama reads keys without regard to case, and the last one counts: a second spelling could
    name another model than the one that was looked at here.
    """
    for key in body:
        if len(key) == 5 and key != "model" and key.lower() == "model":
            raise InvalidRequest(f"write {key} as model", path=key)
    return read_text(body.get("model"), "model")
