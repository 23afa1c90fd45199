"""Authentication: the principal behind the key of a request, and its permissions."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from typing import Any

from msgspec import Struct
from starlette.types import Scope

from core.backends.fleet import Fleet
from core.config.access import Access, Digest, Key
from core.errors import AccessDenied, InvalidRequest
from core.translation.codec.json import decode_loosely, read_object

_CARRIERS = (b"authorization", b"x-api-key", b"api-key")
_HOW = (
    "Send it as the header `Authorization: Bearer KEY`, `x-api-key: KEY` or `api-key: KEY`; "
    "whoever runs this server gives them out (docs/en/gateway-access.md)."
)


class Principal(Struct, frozen=True, kw_only=True):
    """The sender of a request. ``name`` is that of the key, "" if no key is needed.

    ``everything``: no key is needed, or it is the master key. A ``stranger`` needs no key because
    the server is open to all.
    """

    name: str = ""
    key: Key | None = None
    everything: bool = False
    stranger: bool = False

    @property
    def operator(self) -> bool:
        """Whether this is the operator, who may see the addresses of backends."""
        return self.everything and not self.stranger

    @property
    def owner(self) -> str:
        """The owner of the exchanges. No browser and no person has such a name."""
        return f"key:{self.name}" if self.name else ""

    @property
    def counted(self) -> bool:
        """Whether requests are counted against limits of the key."""
        key = self.key
        return key is not None and bool(key.rpm or key.tpm or key.max_parallel)

    @property
    def limited(self) -> bool:
        """Whether the models are restricted."""
        return self.key is not None and self.key.models is not None

    def may_ask(self, model: str) -> bool:
        """Tell whether a model may be used. Names are compared as in the router."""
        if self.key is None or self.key.models is None:
            return True
        name = model.lower().removesuffix(":latest")
        patterns = (pattern.lower().removesuffix(":latest") for pattern in self.key.models)
        return any(fnmatchcase(name, pattern) for pattern in patterns)

    def check(self, raw: bytes) -> None:
        """Raise AccessDenied (403) if the body names a model that may not be used."""
        if not self.limited:
            return
        self.check_names(read_object(decode_loosely(raw), ""), ("model", "name"))

    def check_names(self, body: Mapping[str, Any], keys: Collection[str]) -> None:
        """Raise AccessDenied (403) if one of ``keys`` names a model that may not be used."""
        if not self.limited:
            return
        # Go reads keys case-insensitively, and the last one wins: Ollama would accept "MODEL".
        names = [name for name in body if name.casefold() in keys]
        if wrong := next((name for name in names if name not in keys), ""):
            raise InvalidRequest(f"write {wrong.casefold()} in lower-case letters", path=wrong)
        for name in names:
            model = body[name]
            if isinstance(model, str) and not self.may_ask(model):
                raise AccessDenied(
                    f"the key {self.name} may not use this model. It may use: "
                    f"{', '.join((self.key and self.key.models) or ()) or 'none'}.",
                    status=403,
                    code="model_denied",
                    path=name,
                )

    def check_manage(self) -> None:
        """Raise AccessDenied (403) without permission to change models."""
        if not self.everything and not (self.key is not None and self.key.manage):
            raise AccessDenied(
                "changing models needs the master key, or a key with manage: true",
                status=403,
                code="manage_denied",
            )

    def check_tools(self) -> None:
        """Raise AccessDenied (403) if no model may be used: then tools may not be used either."""
        if self.key is not None and self.key.models == ():
            raise AccessDenied(
                f"the key {self.name} may use no tools", status=403, code="tools_denied"
            )

    def check_watch(self, *, strangers: bool = True) -> None:
        """Raise AccessDenied (403) without permission to see the state of the server."""
        may = self.key is not None and self.key.watch
        if not (may or self.operator or (strangers and self.everything)):
            raise AccessDenied(
                "this needs the master key, or a key with watch: true",
                status=403,
                code="watch_denied",
            )


_ANYBODY = Principal(everything=True)
_STRANGER = Principal(everything=True, stranger=True)
_OPERATOR = Principal(name="master_key", everything=True)


class Authenticator:
    """Finds the principal of a request, by the keys of the current config.

    ``exposed``: other machines can reach the server; without keys it lets nobody in, unless the
    config opens it to all.
    """

    def __init__(self, fleet: Fleet, *, exposed: bool) -> None:
        self._fleet = fleet
        self._exposed = exposed
        self._access = Access()
        self._principals: dict[bytes, Principal] = {}
        self._closed = exposed

    def principal(self, headers: list[tuple[bytes, bytes]]) -> Principal:
        """Return the principal. Raises AccessDenied (401)."""
        access = self._fleet.config.access
        if access is not self._access:
            self._change(access)
        if not self._closed and not self._principals:
            return _STRANGER if self._exposed else _ANYBODY
        given = _given(headers)
        if not given:
            raise AccessDenied(f"a key is needed. {_HOW}", code="key_missing")
        # A hash is looked up, so timing reveals nothing about keys.
        principal = self._principals.get(Digest.of(given).value)
        if principal is None:
            raise AccessDenied(f"this key is not known here. {_HOW}", code="key_unknown")
        key = principal.key
        if key is not None and key.expires is not None and time.time() >= key.expires:
            raise AccessDenied(
                f"the key {key.name} has expired: ask for a new one", code="key_expired"
            )
        return principal

    def key_of(self, headers: list[tuple[bytes, bytes]]) -> tuple[str, str]:
        """Return the name of the key that a request carries, or "", and an id of any other key.

        The id is the beginning of its hash: the same for the same key, and of no use to find it.
        """
        given = _given(headers)
        if not given:
            return "", ""
        digest = Digest.of(given).value
        known = self._principals.get(digest)
        return (known.name, "") if known is not None else ("", digest.hex()[:12])

    def _change(self, access: Access) -> None:
        self._access = access
        self._principals = {}
        self._closed = self._exposed and not access.open
        if access.guarded:
            usable = [k for k in access.keys if not (self._exposed and k.name in access.known)]
            self._principals = {k.digest.value: Principal(name=k.name, key=k) for k in usable}
            self._closed = True
            if access.master and not (self._exposed and "master_key" in access.known):
                self._principals[access.master.value] = _OPERATOR


def principal_of(scope: Scope) -> Principal:
    """Return the principal of a request, which the guard has stored in the scope."""
    principal: Principal = scope["principal"]
    return principal


def _given(headers: list[tuple[bytes, bytes]]) -> bytes:
    """Return the key that a request carries, in the first of the headers that carry one."""
    found = {name: value for name, value in reversed(headers) if name in _CARRIERS}
    for name in _CARRIERS:
        value = found.get(name, b"").strip()
        if name == b"authorization":
            scheme, _, value = value.partition(b" ")
            value = value.strip() if scheme.lower() == b"bearer" else b""
        if value:
            return value
    return b""
