"""Requests only to addresses that a policy allows, whatever a host name resolves to.

    guarded_session(policy) ──> follow(session, "GET", url) ──> read_at_most(reply, size)

A name is resolved once, each of its addresses is checked, and the connection goes to a checked
address. The check sits where the socket is opened, so neither a second look-up nor an odd spelling
of an address gets around it. Redirects are followed one by one, and checked too.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from core.http.address_policy import AddressPolicy, FetchPolicy

_REDIRECTS = 3
_READ_SIZE = 64 * 1024


class Refused(Exception):
    """An address that must not be reached. Its text names no address that was found."""


class Astray(Exception):
    """An address that leads from one to another too often."""


@asynccontextmanager
async def guarded_session(
    policy: FetchPolicy, resolver: AbstractResolver | None, *, accept: str = "*/*"
) -> AsyncIterator[aiohttp.ClientSession]:
    """Open a session that reaches only what ``policy`` allows, keeps nothing, and wants no answer
    compressed.

    A connection to anything else raises Refused before a byte is sent, and what takes longer
    TimeoutError.
    """
    guard = _Guard(policy.address, resolver or ThreadedResolver())
    async with (
        asyncio.timeout(policy.timeout),
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=guard, use_dns_cache=False, force_close=True, socket_factory=guard.socket
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"user-agent": "Diglot", "accept": accept, "accept-encoding": "identity"},
            auto_decompress=False,
            max_line_size=16384,
            trust_env=False,
        ) as session,
    ):
        yield session


@asynccontextmanager
async def follow(
    session: aiohttp.ClientSession,
    method: str,
    place: URL,
    *,
    headers: Mapping[str, str] | None = None,
    data: bytes | None = None,
) -> AsyncIterator[aiohttp.ClientResponse]:
    """Send a request, and again to where it is redirected. Raises Refused, Astray."""
    _check(place)
    kept = dict(headers or {})
    for _ in range(_REDIRECTS + 1):
        async with session.request(
            method, place, data=data, headers=kept, allow_redirects=False
        ) as reply:
            target = reply.headers.get("location")
            if reply.status not in (301, 302, 303, 307, 308) or not target:
                yield reply
                return
        there = place.join(URL(target))
        _check(there)
        if there.origin() != place.origin():
            # Headers for one server, such as keys, must not go to another.
            kept = {k: v for k, v in kept.items() if k.lower() == "content-type"}
        place = there
        if reply.status == 303 or (reply.status in (301, 302) and method == "POST"):
            method, data = "GET", None
            kept = {k: v for k, v in kept.items() if k.lower() != "content-type"}
    raise Astray("the address leads from one to another too often")


def _check(url: URL) -> None:
    if url.scheme not in ("http", "https") or not url.host:
        raise Refused("only http and https addresses are reached")
    if url.user or url.password:
        raise Refused("an address with a password is not reached")


async def read_at_most(reply: aiohttp.ClientResponse, size: int) -> bytes | None:
    """Return the body of an answer; None where it is larger than ``size``."""
    if (reply.content_length or 0) > size:
        return None
    data = bytearray()
    async for piece in reply.content.iter_chunked(_READ_SIZE):
        data += piece
        if len(data) > size:
            return None
    return bytes(data)


class _Guard(AbstractResolver):
    """Resolves names, and checks every address then and again when the socket is opened."""

    def __init__(self, policy: AddressPolicy, resolver: AbstractResolver) -> None:
        self._policy = policy
        self._resolver = resolver
        # Addresses that are allowed by the name under which they were found.
        self._judged: set[str] = set()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        self._check(host.lower().rstrip("."), (result["host"] for result in found))
        return found

    async def close(self) -> None:
        await self._resolver.close()

    def socket(self, info: Any) -> socket.socket:
        """Open a socket for an address that has been checked, or is checked now."""
        family, kind, protocol, _, place = info
        if place[0] not in self._judged:
            self._check(str(place[0]), [place[0]])
        return socket.socket(family, kind, protocol)

    def _check(self, host: str, addresses: Iterable[str]) -> None:
        for address in addresses:
            if not self._policy.allows(host, address):
                raise Refused("this address is not one of the open internet")
            self._judged.add(address)
