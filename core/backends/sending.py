"""Sending one request to a backend, and keeping what went over the wire."""

from __future__ import annotations

import time
from collections.abc import Callable

from core.backends.client import Client, Reply, bearer
from core.backends.config import Deployment
from core.backends.exchange import Wire
from core.errors import BackendError

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
    reply = await client.send(
        "POST",
        deployment.base_url + wire.path,
        body=data,
        headers=bearer(deployment.api_key),
        timeout=deployment.timeout,
    )
    wire.status = reply.status
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
