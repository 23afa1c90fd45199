"""Errors as any server is seen to send them: as a body, and in the middle of a stream."""

from __future__ import annotations

from typing import Any

from core.errors import BackendError, InvalidResponse
from core.translation.codec.framing import SSERecord
from core.translation.codec.json import decode_json, encode_json, error_text, read_object
from core.translation.events import StreamError

__all__ = ["ERROR_TYPES", "error_in", "error_status", "parse_error", "stream_error"]

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
    error = body.get("error") if isinstance(body, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    if not isinstance(message, str) or not message:
        message = error_text(data, status)
    code = error.get("code") if isinstance(error, dict) else None
    return BackendError(message, status=status, code=code if isinstance(code, str) else None)


def error_in(record: SSERecord) -> Any:
    """Return the error that a record stands for, None for an ordinary one.

    Raises InvalidResponse when it is no JSON object.
    """
    body = read_object(decode_json(record.data, blame=InvalidResponse), "", blame=InvalidResponse)
    # OpenAI and llama.cpp send {"error": ...}, older vLLM an object "error", some an event.
    if body.get("error"):
        return body["error"]
    return body if record.event == b"error" or body.get("object") == "error" else None


def stream_error(error: Any) -> StreamError:
    """Read an error of any server in the form of a StreamError."""
    body = error if isinstance(error, dict) else {"message": error}
    message = body.get("message")
    code = body.get("code")
    # llama.cpp puts the HTTP status into "code"; OpenAI has a word there, and one for the kind.
    status = code if isinstance(code, int) and 400 <= code < 600 else None
    return StreamError(
        # A failure without a word is told as it came.
        message=message if isinstance(message, str) and message else encode_json(error).decode(),
        status=status or error_status(body.get("type")),
        code=code if isinstance(code, str) else BackendError.code,
    )


def error_status(kind: Any) -> int:
    """Return the HTTP status that an error type stands for, 500 for types of no standard."""
    return ERROR_TYPES.get(kind, 500) if isinstance(kind, str) else 500
