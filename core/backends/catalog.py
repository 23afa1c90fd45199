"""The models of all backends and their capabilities.

Ollama says what a model can do in ``/api/show``; llama.cpp's server says in ``/props`` whether the
chat template knows tools; other servers of OpenAI's dialect say nothing and are assumed to support
all that OpenAI does. ``/v1/models`` shows what kind of server it is. Answers are cached for a
minute, as every request with tools needs them.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import Mapping
from typing import Any

from core.backends.balancing.load import Route
from core.backends.upstream import headers_of
from core.config.deployment import Deployment
from core.errors import BackendError, DiglotError, InvalidResponse
from core.http.client import Client
from core.translation.codec.json import decode_json, encode_json, read_object
from core.translation.dialects.registry import DIALECTS
from core.translation.dialects.shared.thinking import ThinkingLevels, parse_levels
from core.translation.stamp import rfc3339

API_VERSION = "0.33.0"
"""The version of Ollama's API that Diglot implements: clients check it."""

# As in qwen2.5:0.5b, gemma-3-4b-it and smollm2:135m.
_SIZE = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)([bBmM])(?![a-zA-Z0-9])")

_KEEP = 60.0
_TIMEOUT = 10.0
_HOSTED = frozenset({"completion", "insert", "tools", "vision", "audio", "thinking"})
_KINDS = {"llamacpp": "llama.cpp", "vllm": "vllm"}
_FOREVER = "2318-01-01T00:00:00Z"


class Catalog:
    """Asks the backends about their models."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._kinds: dict[str, tuple[float, str]] = {}
        self._abilities: dict[tuple[str, str], tuple[float, frozenset[str]]] = {}
        self._sizes: dict[tuple[str, str], int] = {}
        self._levels: dict[tuple[str, str], ThinkingLevels] = {}

    async def capabilities(self, route: Route) -> frozenset[str]:
        """Return the capabilities of a model, by Ollama's names: completion, tools, thinking...

        Raises BackendError (404) for a model that the backend does not have.
        """
        known = self.known_capabilities(route)
        if known is not None:
            return known
        deployment = route.deployment
        key = (deployment.base_url, route.model)
        if deployment.mode == "embedding" and not deployment.kind.manages_models:
            abilities = frozenset({"embedding"})
        elif deployment.kind.manages_models:
            shown = await self.show(route, {})
            abilities = frozenset(shown.get("capabilities") or ("completion",))
            self._levels[key] = parse_levels(shown.get("thinking"))
        elif await self.kind(deployment) == "llama.cpp":
            abilities = await self._template_abilities(deployment)
        else:
            abilities = _HOSTED
        self._abilities[key] = (time.monotonic(), abilities)
        return _corrected(abilities, deployment)

    def known_capabilities(self, route: Route) -> frozenset[str] | None:
        """Return the capabilities of a model that were asked for in the last minute, or None."""
        kept = self._abilities.get((route.deployment.base_url, route.model))
        if kept is None or time.monotonic() - kept[0] >= _KEEP:
            return None
        return _corrected(kept[1], route.deployment)

    async def levels(self, route: Route) -> ThinkingLevels:
        """Return how hard a model can think, as far as its server says."""
        await self.capabilities(route)
        return self.known_levels(route)

    def known_levels(self, route: Route) -> ThinkingLevels:
        """Return the same as far as it is known, without waiting."""
        return self._levels.get((route.deployment.base_url, route.model), ThinkingLevels())

    async def parameters(self, route: Route) -> int:
        """Return the number of parameters of a model: from its server, else from its name.

        0 if unknown.
        """
        key = (route.deployment.base_url, route.model)
        if key not in self._sizes:
            try:
                self._sizes[key] = await self._size(route)
            except DiglotError:
                return 0
        return self._sizes[key]

    async def _size(self, route: Route) -> int:
        deployment = route.deployment
        counted: Any = None
        if deployment.kind.manages_models:
            info = (await self.show(route, {})).get("model_info") or {}
            counted = info.get("general.parameter_count")
        elif await self.kind(deployment) == "llama.cpp":
            body = await self._ask(deployment, "GET", "/v1/models")
            meta = next(iter(body.get("data") or [{}])).get("meta") or {}
            counted = meta.get("n_params")
        if isinstance(counted, int) and counted > 0:
            return counted
        named = _SIZE.search(route.model)
        return int(float(named[1]) * (1e9 if named[2] in "bB" else 1e6)) if named else 0

    async def kind(self, deployment: Deployment) -> str:
        """Return what kind of server a backend is: ollama, llama.cpp, vllm, or "" if unknown.

        A server that does not answer, or has no list of models, is unknown.
        """
        if deployment.embedded:
            return "llama.cpp"
        if deployment.kind.manages_models:
            return deployment.kind.name
        kept = self._kinds.get(deployment.base_url)
        if kept is not None and time.monotonic() - kept[0] < _KEEP:
            return kept[1]
        if not deployment.lists:
            return ""
        try:
            body = await self._ask(deployment, "GET", "/v1/models")
            owners = {m.get("owned_by") for m in body.get("data") or [] if isinstance(m, dict)}
        except DiglotError:
            owners = set()
        kind = next((_KINDS[owner] for owner in owners if owner in _KINDS), "")
        self._kinds[deployment.base_url] = (time.monotonic(), kind)
        return kind

    async def writes_on(self, route: Route) -> bool:
        """Return whether an answer at the end of the conversation is continued.

        llama.cpp's server always does. On Ollama it depends on the template, which has to check for
        the last message, or on a built-in renderer.
        """
        deployment = route.deployment
        if not deployment.kind.manages_models:
            return await self.kind(deployment) == "llama.cpp"
        shown = await self.show(route, {})
        template, modelfile = str(shown.get("template")), str(shown.get("modelfile"))
        return "(slice $.Messages" in template or "\nRENDERER " in modelfile

    async def show(self, route: Route, body: dict[str, Any]) -> dict[str, Any]:
        """Return Ollama's description of a model; for others it is built from what they say."""
        deployment = route.deployment
        if deployment.kind.manages_models:
            # Ollama reads keys case-insensitively, and name is the older key for model.
            asked = {key: v for key, v in body.items() if key.lower() not in ("model", "name")}
            asked["model"] = route.model
            return await self._ask(deployment, "POST", "/api/show", encode_json(asked))
        abilities = await self.capabilities(route)
        info: dict[str, Any] = {"general.architecture": "unknown"}
        template = ""
        if await self.kind(deployment) == "llama.cpp":
            props = await self._ask(deployment, "GET", "/props")
            context = (props.get("default_generation_settings") or {}).get("n_ctx", 0)
            info = {"general.architecture": "llama", "llama.context_length": context}
            template = str(props.get("chat_template") or "")
        entry = await self._entry(deployment, route.model)
        return {
            "modelfile": f"# {deployment.model_name} is answered by {route.model}\n",
            "parameters": "",
            "template": template,
            "details": entry["details"],
            "model_info": info,
            "capabilities": sorted(abilities),
            "modified_at": entry["modified_at"],
        }

    async def held(self, deployment: Deployment) -> list[str]:
        """Return the names of the models that an Ollama server has in memory."""
        body = await self._ask(deployment, "GET", "/api/ps")
        return _names(body)

    async def stored(self, deployment: Deployment) -> list[str]:
        """Return the names of all models that an Ollama server has."""
        return _names(await self._ask(deployment, "GET", "/api/tags"))

    async def models(
        self, deployments: tuple[Deployment, ...], aliases: Mapping[str, str] | None = None
    ) -> list[dict[str, Any]]:
        """Return every model under the names that clients use, as entries of /api/tags.

        Models that the config names are listed even if their backend does not answer: a request for
        one of them shows what is wrong.
        """
        bases = {(d.dialect, d.base_url): d for d in deployments}
        listed = await asyncio.gather(*(self._listed(d) for d in bases.values()))
        found = dict(zip(bases, listed, strict=True))
        entries: dict[str, dict[str, Any]] = {}
        for deployment in deployments:
            there = found[deployment.dialect, deployment.base_url]
            for entry in _entries(deployment, there):
                entries.setdefault(entry["name"], entry)
        for alias, target in (aliases or {}).items():
            if target in entries:
                entries.setdefault(alias, {**entries[target], "name": alias, "model": alias})
        return list(entries.values())

    async def running(self, deployments: tuple[Deployment, ...]) -> list[dict[str, Any]]:
        """Return the models in memory of Ollama and the embedded model, as entries of /api/ps."""
        bases = {d.base_url: d for d in deployments if d.kind.loads_on_demand or d.embedded}
        entries: list[dict[str, Any]] = []
        for deployment in bases.values():
            if deployment.embedded:
                entries += await self._held(deployment)
                continue
            try:
                body = await self._ask(deployment, "GET", "/api/ps")
            except DiglotError:
                continue
            entries += body.get("models") or []
        return entries

    async def served(self, deployments: tuple[Deployment, ...]) -> list[dict[str, Any]]:
        """Return the models in memory by the names that clients use, as entries of /api/ps."""
        by_base: dict[str, list[dict[str, Any]]] = {}
        entries: dict[str, dict[str, Any]] = {}
        for deployment in deployments:
            base = deployment.base_url
            if base not in by_base:
                by_base[base] = await self.running((deployment,))
            for entry in _entries(deployment, by_base[base], missing=False):
                entries.setdefault(entry["name"], entry)
        return list(entries.values())

    async def _listed(self, deployment: Deployment) -> list[dict[str, Any]]:
        try:
            if deployment.kind.manages_models:
                body = await self._ask(deployment, "GET", "/api/tags")
                return list(body.get("models") or [])
            if not deployment.lists or (deployment.embedded and not deployment.base_url):
                return []
            body = await self._ask(deployment, "GET", "/v1/models")
            return [_described(model) for model in body.get("data") or []]
        except DiglotError:
            return []

    async def _entry(self, deployment: Deployment, name: str) -> dict[str, Any]:
        there = await self._listed(deployment)
        if deployment.embedded and there:
            return there[0]
        return next((entry for entry in there if entry["name"] == name), _entry(name))

    async def _held(self, deployment: Deployment) -> list[dict[str, Any]]:
        held = []
        for entry in await self._listed(deployment):
            name = deployment.model_name
            # It stays until Diglot ends; Ollama writes that as a date in the far future.
            forever = {"expires_at": _FOREVER, "size_vram": 0}
            held.append({**entry, "name": name, "model": name, **forever})
        return held

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
            deployment.url(path),
            body=body,
            headers=headers_of(deployment),
            timeout=_TIMEOUT,
        )
        data = await reply.read()
        if reply.status >= 400:
            raise DIALECTS[deployment.kind.chat].parse_error(data, reply.status)
        return read_object(decode_json(data, blame=InvalidResponse), "", blame=InvalidResponse)


def _corrected(abilities: frozenset[str], deployment: Deployment) -> frozenset[str]:
    """Return the capabilities of a model, corrected by the config."""
    if not deployment.abilities:
        return abilities
    more = {ability for ability, able in deployment.abilities.items() if able}
    return (abilities | more) - (deployment.abilities.keys() - more)


def _names(body: dict[str, Any]) -> list[str]:
    models = body.get("models") or []
    return [str(m.get("name") or m.get("model")) for m in models if isinstance(m, dict)]


def not_found(name: str) -> BackendError:
    """Return the error for an unknown model."""
    return BackendError(f"model '{name}' not found", status=404, code="model_not_found")


def _entries(
    deployment: Deployment, there: list[dict[str, Any]], *, missing: bool = True
) -> list[dict[str, Any]]:
    """Return the models of ``there`` that a deployment offers, by its names for them.

    With ``missing``, a model that is not in ``there`` is listed too.
    """
    if "*" not in deployment.model_name:
        wanted = deployment.model.removesuffix(":latest")
        own = next((e for e in there if e["name"].removesuffix(":latest") == wanted), None)
        if deployment.embedded and there:
            own = there[0]
        if own is None and not missing:
            return []
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
        # Clients use the digest as a key, so it has to be stable and unique.
        "digest": hashlib.sha256(name.encode()).hexdigest(),
        "details": _details(),
    }


def _described(model: Any) -> dict[str, Any]:
    """Return an entry of /v1/models as one of /api/tags; llama.cpp's server has most details."""
    model = model if isinstance(model, dict) else {}
    entry = _entry(str(model.get("id")), model.get("created"))
    meta = model.get("meta")
    if isinstance(meta, dict):
        parameters = meta.get("n_params")
        size = f"{parameters / 1e6:.2f}M" if isinstance(parameters, int) else ""
        entry["size"] = meta.get("size") if isinstance(meta.get("size"), int) else 0
        entry["details"] = _details(size, str(meta.get("ftype") or ""))
    return entry


def _details(parameters: str = "", quantization: str = "") -> dict[str, Any]:
    return {
        "parent_model": "",
        "format": "gguf",
        "family": "llama",
        "families": ["llama"],
        "parameter_size": parameters,
        "quantization_level": quantization,
    }
