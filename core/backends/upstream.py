"""Sends one request to a backend, and records it on a wire."""

from __future__ import annotations

import time
from collections.abc import Iterable
from email.utils import parsedate_to_datetime
from typing import NoReturn

from msgspec import Struct

from core.config.deployment import Deployment
from core.errors import InvalidResponse
from core.exchanges.wire import Wire
from core.http.addresses import shown_address
from core.http.client import SENT_HEADERS, Client, Reply, bearer
from core.translation.dialects.registry import SPOKEN

# Shorter keys could be part of ordinary words.
_SECRET = 8


class Sending(Struct, frozen=True):
    """A request on its way: what is sent, where to, and the wire that records it.

    ``silence`` is how many seconds of it are allowed, ``total`` in how many the answer has to be
    whole: a stream may take any time.
    """

    deployment: Deployment
    wire: Wire
    url: str
    data: bytes
    headers: dict[str, str]
    silence: float | None
    total: float | None


def begin(deployment: Deployment, wire: Wire, data: bytes, *, stream: bool = False) -> Sending:
    """Note on the wire that ``data`` is sent now, and return how."""
    headers = headers_of(deployment)
    wire.has_sent((*SENT_HEADERS, *headers.items()) if headers else SENT_HEADERS)
    wire.sent = time.time_ns()
    silence = deployment.stream_timeout if stream else deployment.timeout
    total = None if stream else deployment.timeout
    return Sending(deployment, wire, deployment.url(wire.path), data, headers, silence, total)


async def send(client: Client, sending: Sending) -> Reply:
    """Send a request to its wire's path and return when the head of a good answer has come.

    Raises BackendError with the status and message of the backend, BackendUnavailable, or
    InvalidResponse for an invalid answer.
    """
    reply = await client.send(
        "POST",
        sending.url,
        body=sending.data,
        headers=sending.headers,
        timeout=sending.silence,
        total=sending.total,
    )
    return await checked(sending, reply)


async def checked(sending: Sending, reply: Reply) -> Reply:
    """Return an answer whose head is that of a good one. Raises BackendError, InvalidResponse."""
    if not note_head(sending.wire, reply):
        await _refuse(sending, reply)
    return reply


def note_head(wire: Wire, reply: Reply) -> bool:
    """Record the head of an answer, and tell whether it is a good one."""
    wire.was_answered(reply.status, reply.headers)
    return reply.status < 300 and not reply.encoding


async def _refuse(sending: Sending, reply: Reply) -> NoReturn:
    """Raise what is wrong with an answer: BackendError or InvalidResponse."""
    deployment, wire = sending.deployment, sending.wire
    if reply.status >= 400:
        whole = await read_whole(wire, reply, hide=_secrets(deployment))
        error = SPOKEN[wire.dialect].parse_error(whole, reply.status)
        error.retry_after = seconds_of(reply.retry_after)
        try:
            raise error
        finally:
            del error  # an error that its own frame holds is freed late
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
