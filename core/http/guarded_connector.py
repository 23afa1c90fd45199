"""Connections only to addresses that a policy allows, whatever a host name resolves to.

A name is resolved once, each of its addresses is checked, and the connection goes to a checked
address. The check sits where the socket is opened, so neither a second look-up nor an odd spelling
of an address gets around it.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from core.http.address_policy import AddressPolicy


class Refused(Exception):
    """An address that must not be reached. Its text names no address that was found."""


def guarded_connector(
    policy: AddressPolicy, resolver: AbstractResolver | None = None
) -> aiohttp.TCPConnector:
    """Return a connector for aiohttp that reaches only what ``policy`` allows.

    A connection to anything else raises Refused before a byte is sent.
    """
    guard = _Guard(policy, resolver or ThreadedResolver())
    return aiohttp.TCPConnector(
        resolver=guard, use_dns_cache=False, force_close=True, socket_factory=guard.socket
    )


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
