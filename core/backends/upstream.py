"""Sends one request to a backend, and records it on a wire."""

from __future__ import annotations

import time
from collections.abc import Iterable
from email.utils import parsedate_to_datetime

from core.config.deployment import Deployment
from core.errors import InvalidResponse
from core.exchanges.masking import mask_headers
from core.exchanges.wire import Wire
from core.http.addresses import shown_address
from core.http.client import SENT_HEADERS, Client, Reply, bearer
from core.translation.dialects.registry import SPOKEN

# Shorter keys could be part of ordinary words.
_SECRET = 8


async def send(
    client: Client,
    deployment: Deployment,
    wire: Wire,
    data: bytes,
    *,
    stream: bool = False,
) -> Reply:
    """Send ``data`` to ``wire.path`` and return when the head of a successful answer has come.

    A stream may take any time; other answers have to be complete within the timeout of the
    deployment. Raises BackendError with the status and message of the backend, BackendUnavailable,
    or InvalidResponse for an invalid answer.
    """
    headers = headers_of(deployment)
    if headers:
        wire.headers = (*SENT_HEADERS, *mask_headers(headers.items()))
    else:
        wire.headers = SENT_HEADERS
    wire.sent = time.time_ns()
    reply = await client.send(
        "POST",
        deployment.url(wire.path),
        body=data,
        headers=headers,
        timeout=deployment.stream_timeout if stream else deployment.timeout,
        total=None if stream else deployment.timeout,
    )
    wire.status = reply.status
    wire.answered = mask_headers(reply.headers)
    if reply.status < 300 and not reply.encoding:
        return reply
    if reply.status >= 400:
        whole = await read_whole(wire, reply, hide=_secrets(deployment))
        error = SPOKEN[wire.dialect].parse_error(whole, reply.status)
        error.retry_after = seconds_of(reply.retry_after)
        raise error
    reply.close()
    raise InvalidResponse(
        f"{shown_address(deployment.base_url)} {_odd(reply)}; check the address of this model in "
        "the config"
    )


def _odd(reply: Reply) -> str:
    if reply.status >= 300:
        return f"sends its callers to {reply.location or 'another address'} instead of answering"
    return f"sends its answer as {reply.encoding}, which was not asked for"


def headers_of(deployment: Deployment) -> dict[str, str]:
    """Return the headers for each request: the key, and those of the config."""
    key = bearer(deployment.api_key)
    if deployment.key_header and deployment.api_key:
        key = {deployment.key_header: deployment.api_key}
    return {**key, **deployment.headers} if deployment.headers else key


def seconds_of(retry_after: str) -> float | None:
    """Return what a Retry-After header says, in seconds: a number, or a date of HTTP."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text[:6])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None


def _secrets(deployment: Deployment) -> list[str]:
    """Return secrets to hide in answers: some servers quote a wrong key in their error."""
    found = (deployment.api_key, *deployment.headers.values())
    return [secret for secret in found if len(secret) >= _SECRET]


async def read_whole(wire: Wire, reply: Reply, *, hide: Iterable[str] = ()) -> bytes:
    """Return the whole body of an answer, with the secrets in ``hide`` replaced by ***.

    Raises InvalidResponse when it is cut.
    """
    data = await reply.read()
    for secret in hide:
        data = data.replace(secret.encode(), b"***")
    wire.came(data, time.time_ns())
    return data
