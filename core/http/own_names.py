"""The names of this machine on its own network, as its system knows them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress

# What Docker and Podman call the machine that a container runs on.
_FROM_CONTAINERS = ("host.docker.internal", "gateway.docker.internal", "host.containers.internal")
# Nothing is sent there: to connect a datagram socket only finds the way out (RFC 5737, RFC 3849).
_OUTSIDE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))


def own_names() -> frozenset[str]:
    """Return the machine's names in lower-case letters. May ask the network, and take seconds."""
    host = socket.gethostname()
    names = {host, f"{host.partition('.')[0]}.local", socket.getfqdn(), *_FROM_CONTAINERS}
    for address in set(_addresses(host)):
        with suppress(OSError):
            name, more, _ = socket.gethostbyaddr(address)
            names |= {name, *more}
    return frozenset(name.lower().rstrip(".") for name in names if name)


def _addresses(host: str) -> Iterator[str]:
    with suppress(OSError):
        yield from (str(found[4][0]) for found in socket.getaddrinfo(host, None))
    for family, outside in _OUTSIDE:
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((outside, 9))
            yield str(probe.getsockname()[0])
