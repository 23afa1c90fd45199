"""Errors as any server is seen to send them: as a body, and in the middle of a stream."""

from __future__ import annotations

import re
from typing import Any

from core.error_kinds import is_too_long
from core.errors import BackendError, InvalidResponse
from core.translation.codec.framing import SSERecord
from core.translation.codec.json import (
    decode_json,
    decode_loosely,
    encode_json,
    error_text,
    read_object,
)
from core.translation.events import StreamError

TOO_LONG = "context_length_exceeded"
"""OpenAI's code for a request that does not fit into the model's context."""

_COUNT = re.compile(r"(?<![\w.])\d{2,9}(?![\w.]*\w)")

ERROR_TYPES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "rate_limit_error": 429,
}
"""The HTTP status that each of OpenAI's error types stands for."""


def parse_error(data: bytes, status: int) -> BackendError:
    """Read an error body of any status; of what is not JSON its text is kept."""
    try:
        body = decode_json(data, blame=InvalidResponse)
    except InvalidResponse:
        body = None
    body = body if isinstance(body, dict) else {}
    error = _error(body)
    message = error.get("message") if isinstance(error, dict) else error
    if not isinstance(message, str) or not message:
        message = error_text(data, status)
    code = error.get("code") if isinstance(error, dict) else None
    code = code if isinstance(code, str) else None
    if _is_too_long(message, code):
        return BackendError(message, status=400, code=TOO_LONG)
    return BackendError(message, status=status, code=code)


def check_error(body: dict[str, Any]) -> None:
    """Raise the error that came with a good status, if it is one."""
    if body.get("error") or body.get("type") == "error":
        raise parse_error(encode_json(body), BackendError.status)


def _error(body: dict[str, Any]) -> Any:
    # Older vLLM, SGLang and Mistral have no object around it; FastAPI's own errors are a detail.
    return body.get("error") or (body if body.get("message") else _detail(body.get("detail")))


def _detail(value: Any) -> Any:
    """Return what FastAPI's ``detail`` says: a text, an error, or what is wrong at which places."""
    listed = value if isinstance(value, list) else []
    faults = [fault for fault in listed if isinstance(fault, dict)]
    said = [text for fault in faults if (text := _fault(fault))]
    return "; ".join(said) if said else value


def _fault(fault: dict[str, Any]) -> str:
    place, text = fault.get("loc"), fault.get("msg")
    place = ".".join(map(str, place)) if isinstance(place, list) else place
    return ": ".join(part for part in (place, text) if isinstance(part, str) and part)


def _is_too_long(message: str, code: str | None) -> bool:
    return code == TOO_LONG or is_too_long(message)


def too_long_words(message: str) -> str:
    """Return how Anthropic's API says that a request does not fit: clients compact on it.

    What the server said stands behind it, with its counts in front where it gave two.
    """
    if message.lower().startswith("prompt is too long"):
        return message
    # Servers say both first, in one order or the other; then come parts of them.
    counts = sorted((int(n) for n in _COUNT.findall(message)[:2]), reverse=True)
    said = f" {counts[0]} tokens > {counts[1]} maximum" if len(counts) == 2 else ""
    return f"prompt is too long:{said} ({message})" if said else f"prompt is too long: {message}"


def error_in(record: SSERecord) -> Any:
    """Return the error that a record stands for, None for an ordinary one.

    Raises InvalidResponse when it is no JSON object.
    """
    found = decode_loosely(record.data, blame=InvalidResponse)
    body = read_object(found, "", blame=InvalidResponse)
    # OpenAI and llama.cpp send {"error": ...}, older vLLM an object "error", FastAPI a detail and
    # nothing beside it, some an event.
    named = "error" in (body.get("object"), body.get("type")) or record.event == b"error"
    said = (_error(body) or body) if named or body.keys() == {"detail"} else None
    return body.get("error") or said


def stream_error(error: Any) -> StreamError:
    """Read an error of any server in the form of a StreamError."""
    body = error if isinstance(error, dict) else {"message": error}
    message = body.get("message")
    code = body.get("code")
    # llama.cpp puts the HTTP status into "code"; OpenAI has a word there, and one for the kind.
    status = code if isinstance(code, int) and 400 <= code < 600 else None
    # A failure without a word is told as it came.
    message = message if isinstance(message, str) and message else encode_json(error).decode()
    if _is_too_long(message, code if isinstance(code, str) else None):
        return StreamError(message=message, status=400, code=TOO_LONG)
    return StreamError(
        message=message,
        status=status or error_status(body.get("type")),
        code=code if isinstance(code, str) else BackendError.code,
    )


def error_status(kind: Any) -> int:
    """Return the HTTP status that an error type stands for, 500 for types of no standard."""
    return ERROR_TYPES.get(kind, 500) if isinstance(kind, str) else 500
