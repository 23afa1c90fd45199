"""The one error tree. Everything that core raises on purpose is in here.

DiglotError
├─ InvalidRequest       400   the client broke its own dialect; carries a JSON path
├─ Unsupported          400   legal, but the target cannot say it
├─ AccessDenied         401, 403 or 429
├─ InvalidResponse      502   the backend broke its dialect, or its stream ended early
├─ BackendError         as the backend said: its status, its words
├─ BackendUnavailable   503 or 504   refused or timed out; says what to start and where
└─ ConfigError          500   a config file cannot be used; says which key and why

Each carries ``status`` (the HTTP status a client gets), ``code`` (a stable word that an
interface can look up in its own language) and a sentence that says what to do. A tool's
failure is not in this tree: the model gets its text and can react.
"""

from __future__ import annotations


class DiglotError(Exception):
    """The root: never raised itself."""

    status = 500
    code = "internal_error"
    retry_after: float | None = None
    """Seconds after which the same request may succeed, where that is known."""
    request_id: str | None = None
    """The id of the request that failed, once an answer is made of it."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        path: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        if status is not None:
            self.status = status
        if code is not None:
            self.code = code


class InvalidRequest(DiglotError):
    """The client broke its own dialect at ``path``."""

    status = 400
    code = "invalid_request"


class Unsupported(DiglotError):
    """Legal in the client's dialect, but the target cannot say what stands at ``path``."""

    status = 400
    code = "unsupported"


class AccessDenied(DiglotError):
    """No key, a wrong key, or a key over its limit."""

    status = 401
    code = "access_denied"


class InvalidResponse(DiglotError):
    """The backend broke its dialect, or its stream ended before it was finished."""

    status = 502
    code = "invalid_response"


class BackendError(DiglotError):
    """The backend answered with an error of its own; ``status`` and message are the backend's."""

    status = 502
    code = "backend_error"


class BackendUnavailable(DiglotError):
    """No answer: nothing listens there (503), or it took too long (504)."""

    status = 503
    code = "backend_unavailable"


class ConfigError(DiglotError):
    """A config file cannot be used; the message names the key."""

    code = "config_error"
