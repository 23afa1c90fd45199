"""All backends together: those of the config, a discovered Ollama, or the embedded model.

A Fleet belongs to the event loop in which it was opened. Other threads, such as Streamlit scripts,
use ``call``.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from core.backends.balancing.load import Load
from core.backends.calls.chat import Caller
from core.backends.catalog import Catalog
from core.backends.chosen import Choice
from core.backends.embedded.model import EmbeddedModel
from core.backends.erasures import Erasures
from core.backends.live_config import LiveConfig
from core.backends.loopback import LoopbackClient
from core.backends.upstream import headers_of
from core.config.config import Config
from core.errors import DiglotError
from core.exchanges.log import ExchangeLog
from core.http.client import Client, Reply
from core.translation.conversions.passed_stream import rename_model
from core.translation.dialects.registry import DIALECTS
from core.translation.dialects.shared.thinking import ThinkingLevels
from core.translation.fields.chat import EXTENSIONS
from core.translation.messages import ChatRequest
from core.translation.report.rows import ReportRow

if TYPE_CHECKING:
    from core.backends.calls.images import Fetcher
    from core.backends.embedded.weights import Progress

T = TypeVar("T")

_LOG = logging.getLogger("diglot.fleet")


class Fleet:
    """The entry point for all models. Use it as an async context manager."""

    def __init__(
        self,
        config_path: Path | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        progress: Callable[[Progress], None] | None = None,
        adjust: Callable[[Config], Config] = lambda config: config,
    ) -> None:
        """``progress`` is called in another thread with the progress of the model download.

        ``adjust`` changes the config each time it is read.
        """
        self.log = ExchangeLog()
        self._client = Client()
        self._catalog = Catalog(self._client)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._live = LiveConfig(
            config_path,
            self.log,
            environ=os.environ if environ is None else environ,
            progress=progress,
            adjust=adjust,
        )
        self.caller = Caller(
            self._client,
            self._catalog,
            self.log,
            lambda: self._live.router,
            self._live.settle,
            self._fetcher,
        )
        self._loopback = LoopbackClient(self.caller)
        # These methods belong to the parts.
        self.discover, self.reload = self._live.discover, self._live.reload
        self.choose = self._live.choose
        self.status, self.resolve = self._live.status, self._live.resolve
        self.chat, self.count_tokens = self._loopback.chat, self._loopback.count_tokens
        self.answer = self.caller.answer

    @property
    def config(self) -> Config:
        """The current config."""
        return self._live.config

    @property
    def chosen(self) -> Choice | None:
        """What an operator chose on the page instead of what is found."""
        return self._live.chosen

    @property
    def choosable(self) -> bool:
        """Whether the config names no models itself, so that an operator may choose."""
        return self._live.choosable

    @property
    def erasures(self) -> Erasures:
        """What tells this process of persons of whom everything was erased."""
        return self._live.erasures

    @property
    def redis_away(self) -> bool:
        """Whether the Redis of the config cannot be reached."""
        return self._live.redis_away

    @property
    def embedded(self) -> EmbeddedModel | None:
        """The embedded model, if it is used."""
        return self._live.embedded

    def _fetcher(self) -> Fetcher:
        # Imports aiohttp, so only when an image has to be fetched.
        from core.backends.calls.images import Fetcher

        return Fetcher(self.config.images)

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        await self._live.open(self._catalog)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._live.close()
        await self._client.close()

    @property
    def loads(self) -> tuple[Load, ...]:
        """The current load of each deployment."""
        return tuple(self._live.router.loads.values())

    async def manage(
        self,
        method: str,
        path: str,
        name: str,
        body: bytes | AsyncIterable[bytes] | None,
        *,
        key: str = "model",
        length: str = "",
    ) -> Reply:
        """Pass a request about the model ``name`` on to its Ollama server, unchanged.

        ``key`` is the key of the name in the body; ``length`` is the size of the body in bytes if
        known. Raises Unsupported if there is no Ollama server, and BackendUnavailable if it does
        not answer.
        """
        route = self._live.router.host(name)
        if isinstance(body, bytes) and name and route.model != name:
            body = rename_model(body, route.model, key=key)
        headers = headers_of(route.deployment)
        if length:
            headers["content-length"] = length
        return await self._client.send(
            method, route.deployment.base_url + path, body=body, headers=headers
        )

    async def lost(self, request: ChatRequest, *, dialect: str) -> tuple[ReportRow, ...]:
        """Return the fields of a request in ``dialect`` that would not reach the model.

        Raises DiglotError where the model is not there.
        """
        body = DIALECTS[dialect].dump_request(request, accepts=EXTENSIONS["diglot"])
        return await self.caller.lost(await self.resolve(request.model), dialect, body)

    async def models(self) -> list[dict[str, Any]]:
        """Return all models, as entries of /api/tags."""
        routing = self._live.router.routing
        shown = {a: t for a, t in routing.aliases.items() if a not in routing.hidden}
        return await self._catalog.models(self._live.deployments(), shown)

    async def running(self) -> list[dict[str, Any]]:
        """Return the models in memory, as entries of /api/ps."""
        return await self._catalog.running(self._live.deployments())

    async def served(self) -> list[dict[str, Any]]:
        """Return the models in memory under the names that clients ask by."""
        return await self._catalog.served(self._live.deployments())

    async def show(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        """Return Ollama's description of one model."""
        return await self._catalog.show(await self.resolve(name), body)

    async def capabilities(self, name: str) -> frozenset[str]:
        """Return what a model can do, in Ollama's words."""
        return await self._catalog.capabilities(await self.resolve(name))

    def known_capabilities(self, name: str) -> frozenset[str] | None:
        """Return what a model can do if it was asked in the last minute, without waiting.

        From any thread. None if it is not known.
        """
        try:
            return self._catalog.known_capabilities(self._live.router.resolve(name))
        except DiglotError:
            return None

    def known_levels(self, name: str) -> ThinkingLevels:
        """Return how hard a model can think as far as it is known, like ``known_capabilities``."""
        try:
            return self._catalog.known_levels(self._live.router.resolve(name))
        except DiglotError:
            return ThinkingLevels()

    async def talkers(self) -> list[str]:
        """Return the names of the models that answer questions: some only make vectors."""

        async def talks(name: str) -> bool:
            try:
                return await self.capabilities(name) != {"embedding"}
            except DiglotError:
                return True

        names = [str(entry["name"]) for entry in await self.models()]
        kept = await asyncio.gather(*map(talks, names))
        return [name for name, good in zip(names, kept, strict=True) if good]

    async def answers(self) -> bool:
        """Return whether the first Ollama server is there, whatever models it has."""
        try:
            reply = await self.manage("GET", "/api/version", "", None)
        except DiglotError:
            return False
        reply.close()
        return reply.status < 400

    async def writes_on(self, name: str) -> bool:
        """Return whether a model continues an answer that ends the conversation.

        Other models start a new answer.
        """
        return await self._catalog.writes_on(await self.resolve(name))

    async def context(self, name: str) -> int:
        """Return the context length of a model as it is loaded now, in tokens.

        0 if unknown: Ollama decides it when it loads the model, and hosted servers do not say.
        """
        route = await self.resolve(name)
        if route.deployment.kind.manages_models:
            for entry in await self.running():
                if entry.get("name") in (route.model, f"{route.model}:latest"):
                    return int(entry.get("context_length") or 0)
            return 0
        info = (await self._catalog.show(route, {})).get("model_info") or {}
        return int(info.get("llama.context_length") or 0)

    def call(self, work: Coroutine[Any, Any, T], *, timeout: float | None = 30.0) -> T:
        """Run ``work`` in the fleet's loop from another thread; ``timeout`` is in seconds."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop in which the fleet lives."""
        if self._loop is None:
            raise RuntimeError("the fleet has not been opened")
        return self._loop
