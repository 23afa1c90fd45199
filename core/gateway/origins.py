"""The guard in front of all routes: checks the page's origin, the host name and the key.

A browser sends whatever any page tells it to. So a request from a page of another origin is
answered only if the config names that origin, and one with an unknown host name is refused: a page
could have its own name resolve to this machine. Programs send no origin.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
import time
from collections.abc import Iterable
from fnmatch import fnmatchcase
from itertools import chain
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.config.access import Access
from core.errors import AccessDenied, DiglotError, InvalidRequest
from core.gateway.auth import Authenticator, Principal
from core.gateway.call import GatewayState, identified
from core.gateway.errors import dialect_of, error_response
from core.gateway.protocols.http_protocol import MAX_HEADERS
from core.gateway.telemetry.logs import log_request, logs_requests
from core.http.addresses import is_loopback
from core.http.own_names import own_names
from core.ids import new_id
from core.translation.dialects.registry import SPOKEN, derived

_PROGRAMS = ("/v1/", "/api/", "/health/", "/model/", "/model_group/", "/diglot/")
_ALSO = frozenset({"/v1", "/api", "/health", "/metrics", "/mcp"})
# Whoever starts and stops servers asks these, and knows no key.
_OPEN = frozenset({"/health/liveliness", "/health/liveness", "/health/readiness"})
# What Streamlit counts of its sessions, as its own route has it.
_STREAMLIT_METRICS = "/_stcore/metrics"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# Names that nobody outside can register: mDNS and names reserved for private use.
_PRIVATE = (".local", ".internal")
_SHOWN = (
    b"x-diglot-id, x-diglot-dropped, x-diglot-emulated, x-request-id, request-id, retry-after, "
    b"mcp-session-id"
)
# RFC 3986, 3.2.2 and 3.2.3.
_HOST = re.compile(r"(?:\[([^\[\]]+)\]|([^:\[\]]*))(?::\d*)?")
_KEPT = 1000


def refusal(access: Access, *, host: str) -> str:
    """Return why a server at the address ``host`` must not start, or "" where it may."""
    if access.open or is_loopback(host):
        return ""
    if access.known:
        return (
            f"{' and '.join(access.known)}: this key is an example out of manuals, which everybody "
            f"tries first, and {host} can be reached from other machines. Make one with: "
            "python -m core --new-key"
        )
    if access.guarded:
        return ""
    return (
        f"{host or 'every address'} can be reached from other machines, and no key is set, so "
        "anybody there could use the models. Set one: LITELLM_MASTER_KEY=... in the environment, "
        "or diglot.keys in the config (python -m core --new-key makes one). Or stay on this "
        "machine: --host 127.0.0.1. Or, where everybody is welcome, write into the config: "
        "diglot: {open: true}"
    )


class OriginGuard:
    """Lets requests through to ``app``. ``exposed`` is a server that other machines can reach."""

    def __init__(self, app: ASGIApp, *, gateway_state: GatewayState, exposed: bool) -> None:
        self._app = app
        self._fleet = gateway_state.fleet
        self._metrics = gateway_state.metrics
        self._exposed = exposed
        self._authenticator = Authenticator(gateway_state.fleet, exposed=exposed)
        self._access = Access()
        self._hosts: set[bytes] = set()
        self._own_names = frozenset({socket.gethostname().lower()})
        # May take seconds where the network knows no names.
        threading.Thread(target=self._ask_names, daemon=True).start()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer refused requests, and pass on the others with their principal."""
        kind = scope["type"]
        if kind not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        try:
            origin, foreign = self._origin(scope)
            if foreign and scope.get("method") == "OPTIONS":
                await _preflight(origin, scope["headers"])(scope, receive, send)
                return
            if _is_for_programs(path) and path not in _OPEN:
                scope["principal"] = self._authenticator.principal(scope["headers"])
            elif path.rstrip("/").endswith(_STREAMLIT_METRICS):
                self._authenticator.principal(scope["headers"]).check_watch(strangers=False)
        except DiglotError as exc:
            await self._refuse(exc, scope, receive, send)
            return
        await self._app(scope, receive, _shared(send, origin) if foreign else send)

    @property
    def access(self) -> Access:
        """What the config says of keys, hosts and origins; another object when it changes."""
        return self._fleet.config.access

    def principal(self, scope: Scope) -> Principal | None:
        """Return the principal of a program's request, or None where this guard has more to say.

        It may be asked without consequences: nothing is counted or answered.
        """
        try:
            _, foreign = self._origin(scope)
            return None if foreign else self._authenticator.principal(scope["headers"])
        except DiglotError:
            return None

    def _origin(self, scope: Scope) -> tuple[bytes, bool]:
        """Return the origin of the page that asks, and whether it differs from this server's.

        Raises AccessDenied (403) for an origin or a host name that the config does not allow.
        """
        access = self.access
        if access is not self._access:
            self._access = access
            self._hosts.clear()
        origin = host = site = b""
        headers = scope["headers"]
        size, hosts = sum(map(len, chain.from_iterable(headers))), 0
        for name, value in headers:
            if name == b"host":
                host, hosts = value, hosts + 1
            elif name == b"origin":
                origin = value
            elif name == b"sec-fetch-site":
                site = value
        if size > MAX_HEADERS or hosts > 1:
            raise InvalidRequest(
                f"the headers have more than {MAX_HEADERS // 1024} KB"
                if hosts < 2
                else "there is more than one Host header",
                status=431 if hosts < 2 else 400,
                code="headers_too_large" if hosts < 2 else "invalid_request",
            )
        if host not in self._hosts:
            self._check_host(host)
        if not origin:
            if site in (b"cross-site", b"same-site") and scope.get("method", "GET") not in _SAFE:
                raise _foreign("of another site")
            return origin, False
        return origin, self._check_origin(origin, host, scope)

    def _check_host(self, host: bytes) -> None:
        name = _name_of(host.decode("latin-1").lower())
        if not self._knows(name):
            raise AccessDenied(
                f"this server does not know itself by the name {name[:100]!r}. If it is right, "
                f"write it into the config: diglot: {{hosts: [{name[:100]}]}}",
                status=403,
                code="host_denied",
            )
        if len(self._hosts) < _KEPT:
            self._hosts.add(host)

    def _ask_names(self) -> None:
        self._own_names |= own_names()

    def _knows(self, name: str) -> bool:
        hosts = self._access.hosts
        if not name or is_loopback(name) or _is_address(name):
            return True
        # Where only this machine comes in, names that nobody outside can have lead here by intent.
        if not self._exposed and name.endswith(_PRIVATE):
            return True
        if any(fnmatchcase(name, pattern) for pattern in hosts):
            return True
        return name in self._own_names

    def _check_origin(self, origin: bytes, host: bytes, scope: Scope) -> bool:
        """Tell whether the page has another origin that the config allows. Raises AccessDenied."""
        text = origin.decode("latin-1")
        netloc = urlsplit(text).netloc.lower() if "://" in text else ""
        if netloc and netloc == host.decode("latin-1").lower():
            return False
        # Behind a proxy that sends another Host, a page's own name is one of the config's.
        if netloc and any(fnmatchcase(_name_of(netloc), known) for known in self._access.hosts):
            return False
        if any(known == "*" or fnmatchcase(text, known) for known in self._access.cors):
            return True
        if scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD"):
            raise _foreign(f"from {text[:100]!r}")
        # Read by name, as pictures are. Without a word of CORS no script sees the answer.
        return False

    async def _refuse(self, error: DiglotError, scope: Scope, receive: Receive, send: Send) -> None:
        key, key_id = self._authenticator.key_of(scope["headers"])
        self._metrics.refused(error.code, key)
        identity = new_id()
        if logs_requests():
            log_request(
                scope["path"], key, error.status, time.time_ns(), identity,
                code=error.code, key_id=key_id,
            )  # fmt: skip
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        path = scope["path"]
        response: Response
        if _is_for_programs(path):
            response = error_response(dialect_of(path), error, identity)
        else:
            response = PlainTextResponse(error.message, error.status)
        if error.status == 401:
            response.headers["www-authenticate"] = "Bearer"
        # The unread rest of the body must not be taken for the next request.
        response.headers["connection"] = "close"
        response.raw_headers.extend(identified(identity))
        await response(scope, receive, send)


def _is_for_programs(path: str) -> bool:
    return path.startswith(_PROGRAMS) or path in _ALSO or path in _asked()


@derived
def _asked() -> frozenset[str]:
    """Return the paths of all dialects."""
    return frozenset(spoken.path for spoken in SPOKEN.values())


def _foreign(where: str) -> AccessDenied:
    return AccessDenied(
        f"a page {where} may not ask here. If it should, write its origin into the config: "
        "diglot: {cors: [https://...]}",
        status=403,
        code="origin_denied",
    )


def _preflight(origin: bytes, asked: Iterable[tuple[bytes, bytes]]) -> Response:
    response = Response(status_code=204)
    wanted = dict(asked).get(b"access-control-request-headers", b"")
    response.raw_headers += [
        *_cors(origin),
        (b"access-control-allow-methods", b"GET, HEAD, POST, DELETE"),
        (b"access-control-allow-headers", wanted),
        (b"access-control-max-age", b"600"),
    ]
    return response


def _cors(origin: bytes) -> Iterable[tuple[bytes, bytes]]:
    yield b"access-control-allow-origin", origin
    yield b"vary", b"Origin"


def _shared(send: Send, origin: bytes) -> Send:
    """Return ``send`` with the headers that let the page of ``origin`` see the answer."""

    async def shared(message: Message) -> None:
        if message["type"] == "http.response.start":
            more = [*_cors(origin), (b"access-control-expose-headers", _SHOWN)]
            message = {**message, "headers": [*message["headers"], *more]}
        await send(message)

    return shared


def _name_of(netloc: str) -> str:
    """Return the host of ``host:port`` without its port; an address in brackets without them.

    Text of any other form is returned unchanged; it matches no known name.
    """
    found = _HOST.fullmatch(netloc)
    return (found[1] or found[2]).rstrip(".") if found else netloc or "?"


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
