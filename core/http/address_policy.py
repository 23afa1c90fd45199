"""Which addresses this server may call because a user wrote them: public and allowed ones.

The policies only; ``core.http.guarded_connector`` enforces them.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Literal

from msgspec import Struct

from core.errors import ConfigError

_SIX_TO_FOUR = ip_network("2002::/16")
_NAT64 = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
_SITE_LOCAL = ip_network("fec0::/10")
# Benchmarks and relays count as global in some versions of Python.
_SPECIAL = tuple(ip_network(n) for n in ("198.18.0.0/15", "192.88.99.0/24", "100.64.0.0/10"))
# Where clouds hand out credentials, beside the link-local address: AWS by IPv6, Alibaba Cloud.
_CREDENTIALS = frozenset({"fd00:ec2::254", "100.100.100.200"})


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Tell whether an address is public, and so is every IPv4 address embedded in it."""
    hidden = _hidden(address)
    if hidden:
        return all(is_public(inner) for inner in hidden)
    if isinstance(address, IPv6Address):
        if address in _SITE_LOCAL or address.scope_id:
            return False
    elif any(address in network for network in _SPECIAL):
        return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified
    )


def may_serve(address: IPv4Address | IPv6Address) -> bool:
    """Tell whether a server may be here that an operator names: not where credentials are."""
    return not any(
        one.is_link_local or one.is_multicast or str(one) in _CREDENTIALS
        for one in (address, *_hidden(address))
    )


def _hidden(address: IPv4Address | IPv6Address) -> tuple[IPv4Address, ...]:
    """Return the IPv4 addresses that are embedded in an IPv6 address."""
    if isinstance(address, IPv4Address):
        return ()
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.teredo is not None:
        return address.teredo
    if address in _SIX_TO_FOUR and address.sixtofour is not None:
        return (address.sixtofour,)
    if any(address in network for network in _NAT64) or int(address) >> 32 == 0:
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    return ()


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


class FetchPolicy(Struct, frozen=True, kw_only=True):
    """What may be fetched, its largest size in bytes, and the timeout in seconds. These are the
    limits of images.
    """

    address: AddressPolicy = AddressPolicy()
    max_bytes: int = 20 * 1024 * 1024
    timeout: float = 10.0
