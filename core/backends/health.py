"""Checks the health of the backends, without loading any model."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from core.backends.balancing.load import model_key
from core.backends.fleet import Fleet
from core.backends.upstream import headers_of
from core.config.deployment import Deployment
from core.errors import DiglotError, InvalidResponse
from core.http.client import Client
from core.translation.codec.json import decode_json, read_object

_PATIENCE = 5.0
"""Seconds for a backend to answer."""


class HostHealth(Struct, frozen=True, kw_only=True):
    """One server behind Diglot. ``error`` is "" if it is healthy; ``seconds`` is how long the check
    took.

    ``models`` are the names it has, None where it does not say; ``loaded`` are entries of
    /api/ps.
    """

    base_url: str
    dialect: str
    error: str = ""
    version: str = ""
    models: tuple[str, ...] | None = None
    loaded: tuple[dict[str, Any], ...] = ()
    seconds: float = 0.0


async def check_hosts(fleet: Fleet) -> list[HostHealth]:
    """Check all backends at once; a slow one has a few seconds."""
    embedded = fleet.embedded.base_url if fleet.embedded is not None else ""
    places = [
        replace(place, base_url=embedded) if place.embedded else place
        for place in (load.deployment for load in fleet.loads)
    ]
    hosts = {(place.dialect, place.base_url): place for place in places}
    client = Client()
    try:
        return list(await asyncio.gather(*(_check(client, host) for host in hosts.values())))
    finally:
        await client.close()


def problem_of(deployment: Deployment, hosts: Iterable[HostHealth]) -> str:
    """Return why a deployment cannot answer, "" if no problem is known."""
    host = next(
        (h for h in hosts if deployment.embedded or h.base_url == deployment.base_url), None
    )
    if host is None or host.error:
        return host.error if host is not None else "nobody has asked it yet"
    if deployment.embedded or host.models is None or "*" in deployment.model:
        return ""
    if deployment.kind.manages_models:
        there = {model_key(name) for name in host.models}
        if model_key(deployment.model) not in there:
            return f"it has no model {deployment.model}: ollama pull {deployment.model}"
    return ""


async def _check(client: Client, place: Deployment) -> HostHealth:
    known = HostHealth(base_url=place.base_url, dialect=place.dialect)
    if not place.base_url:
        return replace(known, error="the embedded model is not ready")
    if not place.lists:
        return known  # no route of it is free of charge
    begun = time.monotonic()
    try:
        async with asyncio.timeout(_PATIENCE):
            if place.kind.manages_models:
                version, tags, running = await asyncio.gather(
                    *(_ask(client, place, f"/api/{name}") for name in ("version", "tags", "ps"))
                )
                known = replace(
                    known,
                    version=str(version.get("version") or ""),
                    models=_names(tags.get("models"), "name"),
                    loaded=tuple(m for m in running.get("models") or () if isinstance(m, dict)),
                )
            else:
                listed = await _ask(client, place, "/v1/models")
                known = replace(known, models=_names(listed.get("data"), "id"))
    except TimeoutError:
        known = replace(known, error=f"no answer within {_PATIENCE:.0f} s")
    except DiglotError as exc:
        known = replace(known, error=exc.message)
    return replace(known, seconds=time.monotonic() - begun)


async def _ask(client: Client, place: Deployment, path: str) -> dict[str, Any]:
    reply = await client.send("GET", place.url(path), headers=headers_of(place), timeout=_PATIENCE)
    data = await reply.read()
    if reply.status >= 400:
        raise InvalidResponse(f"{path} was answered with status {reply.status}")
    return read_object(decode_json(data, blame=InvalidResponse), "", blame=InvalidResponse)


def _names(entries: Any, key: str) -> tuple[str, ...]:
    found = entries if isinstance(entries, list) else []
    return tuple(str(e[key]) for e in found if isinstance(e, dict) and e.get(key))
