"""Which addresses a server may be sent to by what a user writes: public ones, and those allowed.

A name is looked up once, every address that it has is judged, and the connection goes to an
address that was judged: the judge stands at the socket itself, so neither a second look-up nor
an odd spelling of an address gets around it.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Literal

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from msgspec import Struct

from core.errors import ConfigError

__all__ = ["AddressPolicy", "Refused", "guarded_connector", "is_public"]

_SIX_TO_FOUR = ip_network("2002::/16")
_NAT64 = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
_SITE_LOCAL = ip_network("fec0::/10")
# Benchmarks and relays count as global in some versions of Python.
_SPECIAL = tuple(ip_network(n) for n in ("198.18.0.0/15", "192.88.99.0/24", "100.64.0.0/10"))


class Refused(Exception):
    """An address that must not be reached. Its text names no address that was found."""


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Tell whether an address belongs to the open internet, and so do those hidden in it."""
    if isinstance(address, IPv6Address):
        hidden = _hidden(address)
        if hidden is not None:
            return all(is_public(inner) for inner in hidden)
        if address in _SITE_LOCAL or address.scope_id:
            return False
    elif any(address in network for network in _SPECIAL):
        return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified
    )


def _hidden(address: IPv6Address) -> tuple[IPv4Address, ...] | None:
    """Return the IPv4 addresses that an IPv6 address stands for, None where it is one itself."""
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.teredo is not None:
        return address.teredo
    if address in _SIX_TO_FOUR and address.sixtofour is not None:
        return (address.sixtofour,)
    if any(address in network for network in _NAT64) or int(address) >> 32 == 0:
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    return None


class AddressPolicy(Struct, frozen=True, kw_only=True):
    """What may be reached: ``fetch`` is public, any or none; ``allow`` holds names and networks
    (CIDR) that may be reached besides."""

    fetch: Literal["public", "any", "none"] = "public"
    allow: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for entry in self.allow:
            if "/" in entry:
                try:
                    ip_network(entry)
                except ValueError as exc:
                    raise ConfigError(f"{entry!r} is no network: {exc}") from exc

    def allows(self, host: str, address: str) -> bool:
        """Tell whether ``address``, found under the name ``host``, may be reached."""
        if self.fetch == "none":
            return False
        try:
            found = ip_address(address)
        except ValueError:
            return False
        if self.fetch == "any" or is_public(found):
            return True
        plain = getattr(found, "ipv4_mapped", None) or found
        return any(
            plain in ip_network(entry) if "/" in entry else entry.lower() in (host, str(plain))
            for entry in self.allow
        )


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
    """Looks names up, and judges every address: at the look-up, and again at the socket."""

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
        """Open a socket for an address that has been judged, or is judged now."""
        family, kind, protocol, _, place = info
        if place[0] not in self._judged:
            self._check(str(place[0]), [place[0]])
        return socket.socket(family, kind, protocol)

    def _check(self, host: str, addresses: Iterable[str]) -> None:
        for address in addresses:
            if not self._policy.allows(host, address):
                raise Refused("this address is not one of the open internet")
            self._judged.add(address)
