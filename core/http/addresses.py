"""Backend addresses: the many ways in which people write them, in one spelling.

Pure: reads nothing but its arguments. The rules for OLLAMA_HOST are those of Ollama's own
envconfig/config.go (``Host``).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping

OLLAMA_ADDRESS = "http://127.0.0.1:11434"
"""Where Ollama listens when nobody says otherwise."""

# What people copy along with the address of a server, longest first.
_ROUTES = (
    "/v1/chat/completions",
    "/chat/completions",
    "/api/generate",
    "/api/chat",
    "/v1",
    "/api",
)
_VERSIONED = re.compile(r"/v\d+[a-z0-9]*(/|$)")
_PLACE = re.compile(r"(?:\[[\w:.%-]+\]|[\w.-]+)(?::\d*)?")
_HIDDEN = re.compile(r"(?<=//)[^/@\s]*@|[?#].*", re.DOTALL)
_DEFAULT_PORTS = {"http": "80", "https": "443"}
# For listening only: some systems refuse to connect to it.
_UNSPECIFIED = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address, without a port, is this machine."""
    host = host.strip("[]").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def shown_address(address: str) -> str:
    """Return an address as it may be shown: without user, password, query and fragment."""
    return _HIDDEN.sub("", address)


def root_address(text: str, *, api: bool = False) -> str:
    """Return a server's address without its routes: no trailing slash, no ``/v1``.

    ``api`` is for Ollama's servers: ``/api`` is a route of theirs, and part of the address of
    others, as in ``https://openrouter.ai/api/v1``. Raises ValueError for what is no HTTP address.
    """
    scheme, mark, rest = text.strip().partition("://")
    if not mark:
        scheme, rest = "http", scheme
    if scheme.lower() not in _DEFAULT_PORTS:
        raise ValueError(f"{scheme}:// is not http:// or https://")
    rest = rest.rstrip("/")
    for route in _ROUTES:
        if rest.endswith(route) and (api or not route.startswith("/api")):
            rest = rest.removesuffix(route).rstrip("/")
            break
    host = rest.partition("/")[0]
    place = host.rpartition("@")[2]
    if any(sign in rest for sign in "?# \t\n") or not _PLACE.fullmatch(place):
        # A name that was to be filled in, as ${HOST}, is none.
        raise ValueError("expected something like http://localhost:11434")
    port = place.rpartition(":")[2]
    if port.isdigit() and int(port) > 65535:
        raise ValueError(f"there is no port {port}")
    return f"{scheme.lower()}://{rest}"


def openai_address(text: str, usual: str = "") -> tuple[str, str]:
    """Return an address of OpenAI's dialect without its version, and the version.

    OpenAI's clients put ``/chat/completions`` behind the address, so one that has a version
    anywhere inside (``/api/paas/v4``, ``/v1beta/openai``) is whole, and its version "". Where it
    has none it is ``/v1``, as people leave that away, or what ``usual``, the provider's own
    address, has. Raises ValueError like ``root_address``.
    """
    text = text.strip().rstrip("/").removesuffix("/chat/completions")
    if usual.startswith(f"{text}/"):
        text = usual
    root = root_address(text)
    if text.endswith("/v1"):
        return root, "/v1"
    whole = _VERSIONED.search(root.partition("://")[2]) or text == usual
    return root, "" if whole or (usual and not usual.endswith("/v1")) else "/v1"


def ollama_address(environ: Mapping[str, str]) -> str:
    """Return the address that OLLAMA_API_BASE or else OLLAMA_HOST names, or the usual one.

    OLLAMA_HOST may be a host, ``host:port``, ``:port`` or a whole address; an address to
    listen on (``0.0.0.0``) becomes one to call. Raises ValueError like ``root_address``.
    """
    base = environ.get("OLLAMA_API_BASE", "").strip()
    if base:
        return root_address(base, api=True)
    text = environ.get("OLLAMA_HOST", "").strip().strip("\"'").strip()
    if not text:
        return OLLAMA_ADDRESS
    scheme, mark, rest = text.partition("://")
    if not mark:
        scheme, rest = "http", text
        # Ollama's own hosted service, named without a scheme, is reached by HTTPS.
        if text == "ollama.com":
            return "https://ollama.com:443"
    scheme = scheme.lower()
    default = _DEFAULT_PORTS.get(scheme, "11434") if mark else "11434"
    place, _, path = rest.partition("/")
    host, port = _host_and_port(place, default)
    return root_address(f"{scheme}://{host}:{port}/{path}", api=True)


def _host_and_port(place: str, default: str) -> tuple[str, str]:
    """Split ``host:port``, where an IPv6 host may stand in brackets or, alone, without them."""
    try:
        host, port = str(ipaddress.ip_address(place.strip("[]"))), default
    except ValueError:
        head, mark, tail = place.rpartition(":")
        host, port = (head.strip("[]"), tail) if mark else (place, default)
    host = _UNSPECIFIED.get(host, host)
    # Ollama itself warns of an invalid port and uses the default.
    if not (port.isascii() and port.isdigit() and int(port) < 65536):
        port = default
    return (f"[{host}]" if ":" in host else host), port
