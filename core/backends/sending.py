"""Sending one request to a backend, and keeping what went over the wire."""

from __future__ import annotations

import time
from collections.abc import Callable

from core.backends.client import SENT_HEADERS, Client, Reply, bearer
from core.backends.config import Deployment
from core.backends.exchange import Wire
from core.errors import BackendError
from core.translation.masking import mask_headers

__all__ = ["read_whole", "send"]


async def send(
    client: Client,
    deployment: Deployment,
    wire: Wire,
    data: bytes,
    *,
    parse_error: Callable[[bytes, int], BackendError],
) -> Reply:
    """Send ``data`` to ``wire.path`` and return once the head of a good answer has come.

    Raises BackendError with the backend's own status and words, or BackendUnavailable.
    """
    headers = bearer(deployment.api_key)
    if headers:
        wire.headers = (*SENT_HEADERS, *mask_headers(headers.items()))
    else:
        wire.headers = SENT_HEADERS
    reply = await client.send(
        "POST",
        deployment.base_url + wire.path,
        body=data,
        headers=headers,
        timeout=deployment.timeout,
    )
    wire.status = reply.status
    wire.answered = mask_headers(reply.headers)
    if reply.status < 400:
        return reply
    raise parse_error(await read_whole(wire, reply), reply.status)


async def read_whole(wire: Wire, reply: Reply) -> bytes:
    """Return the whole body of an answer. Raises InvalidResponse when it is cut."""
    try:
        data = await reply.read()
    finally:
        reply.close()
    wire.came(data, time.time_ns())
    return data
