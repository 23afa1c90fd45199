"""Which models there are and what each can do, in both dialects.

Ollama says what a model can do in ``/api/show``; llama.cpp's server says in ``/props`` whether
the chat template knows tools; other servers of OpenAI's dialect say nothing and are taken at
OpenAI's word. Answers are kept for a minute, as they are asked for on every request with tools.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import Any

from core.backends.client import Client, bearer
from core.backends.config import Deployment
from core.backends.router import Route
from core.errors import BackendError, DiglotError, InvalidResponse
from core.translation.clock import rfc3339
from core.translation.reading import decode_json, encode_json, read_object
from core.translation.translate import DIALECTS

__all__ = ["API_VERSION", "Catalog"]

API_VERSION = "0.33.0"
"""The version of Ollama's API that Diglot speaks: clients compare it with what they need."""

_KEEP = 60.0
_TIMEOUT = 10.0
_HOSTED = frozenset({"completion", "tools", "vision", "thinking"})


class Catalog:
    """Asks the backends about their models."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._abilities: dict[tuple[str, str], tuple[float, frozenset[str]]] = {}

    async def capabilities(self, route: Route) -> frozenset[str]:
        """Return what the model can do, in Ollama's words: completion, tools, thinking...

        Raises BackendError (404) for a model that the backend does not have.
        """
        deployment = route.deployment
        key = (deployment.base_url, route.model)
        kept = self._abilities.get(key)
        if kept is not None and time.monotonic() - kept[0] < _KEEP:
            return kept[1]
        if deployment.dialect == "ollama":
            shown = await self.show(route, {})
            abilities = frozenset(shown.get("capabilities") or ("completion",))
        elif deployment.embedded:
            abilities = await self._template_abilities(deployment)
        else:
            abilities = _HOSTED
        self._abilities[key] = (time.monotonic(), abilities)
        return abilities

    async def show(self, route: Route, body: dict[str, Any]) -> dict[str, Any]:
        """Return Ollama's description of a model, made up from what is known elsewhere."""
        deployment = route.deployment
        if deployment.dialect == "ollama":
            asked = {**body, "model": route.model}
            return await self._ask(deployment, "POST", "/api/show", encode_json(asked))
        abilities = await self.capabilities(route)
        info: dict[str, Any] = {"general.architecture": "unknown"}
        if deployment.embedded:
            props = await self._ask(deployment, "GET", "/props")
            context = (props.get("default_generation_settings") or {}).get("n_ctx", 0)
            info = {"general.architecture": "llama", "llama.context_length": context}
        return {
            "modelfile": f"# {deployment.model_name} is answered by {route.model}\n",
            "parameters": "",
            "template": "",
            "details": _details(),
            "model_info": info,
            "capabilities": sorted(abilities),
            "modified_at": rfc3339(0),
        }

    async def models(self, deployments: tuple[Deployment, ...]) -> list[dict[str, Any]]:
        """Return every model under the name that clients use, as entries of /api/tags.

        A backend that does not answer has its named models listed all the same: they are what
        the config promises, and asking one of them says what is wrong.
        """
        bases = {(d.dialect, d.base_url): d for d in deployments}
        listed = await asyncio.gather(*(self._listed(d) for d in bases.values()))
        found = dict(zip(bases, listed, strict=True))
        entries: dict[str, dict[str, Any]] = {}
        for deployment in deployments:
            there = found[deployment.dialect, deployment.base_url]
            for entry in _entries(deployment, there):
                entries.setdefault(entry["name"], entry)
        return list(entries.values())

    async def running(self, deployments: tuple[Deployment, ...]) -> list[dict[str, Any]]:
        """Return what Ollama backends hold in memory, as entries of /api/ps."""
        bases = {d.base_url: d for d in deployments if d.dialect == "ollama"}
        entries: list[dict[str, Any]] = []
        for deployment in bases.values():
            try:
                body = await self._ask(deployment, "GET", "/api/ps")
            except DiglotError:
                continue
            entries += body.get("models") or []
        return entries

    async def _listed(self, deployment: Deployment) -> list[dict[str, Any]]:
        try:
            if deployment.dialect == "ollama":
                body = await self._ask(deployment, "GET", "/api/tags")
                return list(body.get("models") or [])
            if deployment.embedded:
                return []
            body = await self._ask(deployment, "GET", "/v1/models")
            return [_entry(str(m.get("id")), m.get("created")) for m in body.get("data") or []]
        except DiglotError:
            return []

    async def _template_abilities(self, deployment: Deployment) -> frozenset[str]:
        props = await self._ask(deployment, "GET", "/props")
        caps = props.get("chat_template_caps") or {}
        abilities = {"completion"}
        if caps.get("supports_tools") and caps.get("supports_tool_calls"):
            abilities.add("tools")
        if (props.get("modalities") or {}).get("vision"):
            abilities.add("vision")
        return frozenset(abilities)

    async def _ask(
        self, deployment: Deployment, method: str, path: str, body: bytes | None = None
    ) -> dict[str, Any]:
        reply = await self._client.send(
            method,
            deployment.base_url + path,
            body=body,
            headers=bearer(deployment.api_key),
            timeout=_TIMEOUT,
        )
        try:
            data = await reply.read()
        finally:
            reply.close()
        if reply.status >= 400:
            raise DIALECTS[deployment.dialect].parse_error(data, reply.status)
        return read_object(decode_json(data, blame=InvalidResponse), "", blame=InvalidResponse)


def not_found(name: str) -> BackendError:
    """Return the error for a model that nobody has."""
    return BackendError(f"model '{name}' not found", status=404, code="model_not_found")


def _entries(deployment: Deployment, there: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if "*" not in deployment.model_name:
        wanted = deployment.model.removesuffix(":latest")
        own = next((e for e in there if e["name"].removesuffix(":latest") == wanted), None)
        entry = own or _entry(deployment.model)
        return [{**entry, "name": deployment.model_name, "model": deployment.model_name}]
    head, _, tail = deployment.model_name.partition("*")
    named = []
    for entry in there:
        middle = _matched(deployment.model, entry["name"])
        if middle is not None:
            name = f"{head}{middle}{tail}"
            named.append({**entry, "name": name, "model": name})
    return named


def _matched(pattern: str, name: str) -> str | None:
    """Return what ``*`` stands for when ``name`` fits ``pattern``."""
    head, star, tail = pattern.partition("*")
    if not star:
        return name if name == pattern else None
    fits = name.startswith(head) and name.endswith(tail) and len(name) >= len(head + tail)
    return name[len(head) : len(name) - len(tail)] if fits else None


def _entry(name: str, created: Any = None) -> dict[str, Any]:
    seconds = created if isinstance(created, int) else 0
    return {
        "name": name,
        "model": name,
        "modified_at": rfc3339(seconds * 1_000_000_000),
        "size": 0,
        # Clients use the digest as a key, so it must be stable and differ by model.
        "digest": hashlib.sha256(name.encode()).hexdigest(),
        "details": _details(),
    }


def _details() -> dict[str, Any]:
    return {
        "parent_model": "",
        "format": "gguf",
        "family": "llama",
        "families": ["llama"],
        "parameter_size": "",
        "quantization_level": "",
    }
