"""Errors in the format of the dialect of the client."""

from __future__ import annotations

import math
from typing import Any

from starlette.responses import Response

from core.errors import DiglotError
from core.gateway.body_codings import CODINGS
from core.translation.codec.json import encode_json
from core.translation.dialects.registry import SPOKEN, api_of_path


def error_response(client_dialect: str, error: DiglotError, identity: str) -> Response:
    """Return ``error`` as a response in a dialect, to the request of this id."""
    error.request_id = identity
    body: Any = SPOKEN[client_dialect].dump_error(error)
    headers = {}
    if error.retry_after is not None:
        headers["retry-after"] = str(math.ceil(error.retry_after))
    if error.status == 415:
        headers["accept-encoding"] = CODINGS
    return Response(
        encode_json(body), status_code=error.status, headers=headers, media_type="application/json"
    )


def dialect_of(path: str) -> str:
    """Return the dialect of the errors on a path."""
    return api_of_path(path).dialects[0].name
