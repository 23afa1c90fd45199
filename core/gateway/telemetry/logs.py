"""Logs as JSON, a line an event, each with the id of its request. Never a body, never a key."""

from __future__ import annotations

import json
import logging
import sys
import time
from contextvars import ContextVar
from typing import Any

from core.exchanges.exchange import Exchange
from core.exchanges.masking import mask_text
from core.translation.stamp import rfc3339

REQUEST: ContextVar[str] = ContextVar("diglot_request", default="")
"""The id of the request that is in work, as ``x-diglot-id`` gives it to the client."""

_ACCESS = logging.getLogger("diglot.access")
_ACCESS.propagate = True


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON, with what looks like a key masked."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        facts: dict[str, Any] = {
            "time": rfc3339(int(record.created * 1_000_000_000)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": mask_text(record.getMessage()),
        }
        if request := REQUEST.get():
            facts["request_id"] = request
        facts |= getattr(record, "facts", {})
        if record.exc_info:
            facts["traceback"] = mask_text(self.formatException(record.exc_info))
        return json.dumps(facts, ensure_ascii=False, default=str)


def log_json() -> None:
    """Write all logs of this process as JSON to standard error from now on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    _ACCESS.setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


def mask_logs() -> None:
    """Mask keys in all that this process logs from now on, in every form and by every library."""
    make = logging.getLogRecordFactory()

    def masked(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        record.msg = _masked(record.msg)
        if isinstance(record.args, tuple):
            record.args = tuple(map(_masked, record.args))
        elif record.args:
            record.args = {name: _masked(value) for name, value in record.args.items()}
        if record.exc_info and not record.exc_text:
            record.exc_text = mask_text(logging.Formatter().formatException(record.exc_info))
        return record

    logging.setLogRecordFactory(masked)


def _masked(value: Any) -> Any:
    """Return a value as it may be logged; numbers stay what they are, as formats want them."""
    if isinstance(value, int | float | None):
        return value
    text = str(value)
    shown = mask_text(text)
    return value if shown == text else shown


def logs_requests() -> bool:
    """Tell whether each request is logged."""
    return _ACCESS.isEnabledFor(logging.INFO)


def log_request(
    route: str,
    key: str,
    status: int,
    started: int,
    identity: str,
    exchange: Exchange | None = None,
    *,
    code: str = "",
    key_id: str = "",
) -> None:
    """Log a request that is over. ``started`` is ns since the epoch, ``identity`` its id.

    ``code`` says why it was refused, ``key_id`` tells keys apart that are not the config's.
    """
    facts: dict[str, Any] = {
        "request_id": identity,
        "route": route[:200],
        "status": status,
        "duration_ms": round((time.time_ns() - started) / 1_000_000, 3),
    }
    for name, value in (("key", key), ("key_id", key_id), ("code", code)):
        if value:
            facts[name] = value
    if exchange is not None:
        facts |= _facts(exchange)
    _ACCESS.info("request", extra={"facts": facts})


def _facts(exchange: Exchange) -> dict[str, Any]:
    facts: dict[str, Any] = {"model": exchange.model[:200]}
    if exchange.error:
        facts["error"] = mask_text(exchange.error)[:500]
    if exchange.trail is not None and exchange.trail.deployment is not None:
        facts["deployment"] = exchange.trail.deployment.id
        facts["retries"] = exchange.trail.retries
        facts["fallbacks"] = exchange.trail.fallbacks
    usage = exchange.usage()
    if usage is not None:
        facts["input_tokens"] = usage.prompt_tokens
        facts["output_tokens"] = usage.completion_tokens
    facts["bytes_in"] = exchange.client.request_bytes
    facts["bytes_out"] = exchange.client.answer_bytes
    return facts
