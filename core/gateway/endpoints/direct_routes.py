"""ChatRoutes: the routes whose requests may be begun without a task, and who may take them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct
from starlette.types import Scope

from core.config.access import Access
from core.errors import DiglotError
from core.gateway.auth import Principal
from core.gateway.body_codings import Headers, reads, says_plain
from core.gateway.call import GatewayState
from core.gateway.endpoints.chat import ChatEndpoint, is_strict
from core.gateway.endpoints.direct import DirectAnswer
from core.gateway.ollama_bodies import is_exact
from core.gateway.protocols.direct_protocol import MOST, DirectClient
from core.translation.dialects.registry import SPOKEN


class Guard(Protocol):
    """Who stands before all routes."""

    @property
    def access(self) -> Access:
        """What the config says of keys, hosts and origins; another object when it changes."""

    def principal(self, scope: Scope) -> Principal | None:
        """Return who asks, or None where the guard has more to say. Nothing is counted."""


class KnownRequest(Struct, frozen=True):
    """What the head of a request says: for whom, and by which keys that was found."""

    endpoint: ChatEndpoint
    principal: Principal
    headers: list[tuple[bytes, bytes]]
    access: Access
    strict: bool
    lasts: bool


def _plain(headers: Headers) -> bool:
    try:
        return says_plain(headers)
    except DiglotError:
        return False


class ChatRoutes:
    """The routes of ``endpoints`` by path, for ``DirectProtocol``.

    ``guard`` tells who asks, or that it has more to say.
    """

    def __init__(
        self,
        gateway_state: GatewayState,
        endpoints: Mapping[str, ChatEndpoint],
        guard: Guard,
    ) -> None:
        self._gateway_state = gateway_state
        self._endpoints = endpoints
        self._guard = guard

    def known(self, scope: Scope) -> KnownRequest | None:
        """Return what the head of a request says, or None where it is none of these.

        Nothing is counted.
        """
        endpoint = self._endpoints.get(scope["path"])
        if endpoint is None or scope["method"] != "POST":
            return None
        headers = scope["headers"]
        principal = self._guard.principal(scope)
        if principal is None or principal.counted or principal.limited or not _plain(headers):
            return None
        key = principal.key
        return KnownRequest(
            endpoint,
            principal,
            headers,
            self._guard.access,
            strict=is_strict(headers),
            lasts=key is None or key.expires is None,
        )

    def still(self, known: KnownRequest) -> bool:
        """Tell whether another request with the same head would be known as the same."""
        return known.lasts and known.access is self._guard.access

    def begin(self, known: KnownRequest, body: bytes, client: DirectClient) -> None:
        """Begin a request that is known, and tell ``client.runs``; or leave it as it is."""
        headers, endpoint = known.headers, known.endpoint
        if not (body and len(body) <= MOST and reads(body) and endpoint.only_asks(body)):
            return
        if SPOKEN[endpoint.client_dialect].native and not is_exact(body, endpoint.client_dialect):
            return
        call = self._gateway_state.begin(
            endpoint.client_dialect, endpoint.route, known.principal, headers
        )
        running = DirectAnswer(endpoint, call, client)
        client.runs(running)
        running.begin(body, endpoint.options(call, headers, strict=known.strict))
