"""All backends together: what the config names, what was found, or the embedded model.

A Fleet belongs to the event loop in which it was opened. Threads outside of it, such as the
scripts of an interface, go through ``call``.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Coroutine, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from msgspec.structs import replace

from core.backends.balancing.load import Load, Route
from core.backends.balancing.router import Router
from core.backends.balancing.shared_cooldowns import SharedCooldowns
from core.backends.calls.answer import Answer
from core.backends.calls.chat import Caller, new_id
from core.backends.calls.options import PLAIN_ASK, AskOptions
from core.backends.catalog import Catalog
from core.backends.discovery import Source, Status, discover
from core.backends.embedded.model import EmbeddedModel
from core.backends.embedded.weights import Progress
from core.backends.polling import watch_files, watch_hosts
from core.backends.upstream import headers_of
from core.config.config import Config, Deployment
from core.errors import BackendUnavailable, ConfigError, DiglotError
from core.exchanges.disk import CaptureFolder, keep_on_disk
from core.exchanges.log import ExchangeLog
from core.http.client import Client, Reply
from core.translation.codec.json import encode_json
from core.translation.conversions.passed_stream import rename_model
from core.translation.dialects.registry import DIALECTS
from core.translation.events import Event, accumulate
from core.translation.fields.chat import EXTENSIONS
from core.translation.fields.field import COMMON
from core.translation.messages import ChatRequest
from core.translation.report.report import ReportRow

if TYPE_CHECKING:
    from core.backends.calls.images import Fetcher

__all__ = ["Fleet", "Status"]

T = TypeVar("T")

_LOG = logging.getLogger("diglot.fleet")


class Fleet:
    """The one object that answers for all models. Use it as an async context manager."""

    def __init__(
        self,
        config_path: Path | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        progress: Callable[[Progress], None] | None = None,
        adjust: Callable[[Config], Config] = lambda config: config,
    ) -> None:
        """``progress`` is told, in another thread, how far the embedded model's fetch is.

        ``adjust`` changes what a config says each time that it is read.
        """
        self._adjust = adjust
        self._config_path = config_path
        self._progress = progress
        self._environ = os.environ if environ is None else environ
        self._client = Client()
        self._catalog = Catalog(self._client)
        self._router = Router(())
        self._sharing = SharedCooldowns(lambda: self._router)
        self._background: set[asyncio.Task[Any]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.config = Config()
        self.log = ExchangeLog()
        self.embedded: EmbeddedModel | None = None
        self._config_error = ""
        self._caller = Caller(
            self._client,
            self._catalog,
            self.log,
            lambda: self._router,
            self._settle,
            self._fetcher,
        )

    def _fetcher(self) -> Fetcher:
        # Loaded with all of aiohttp, once an image has to be fetched.
        from core.backends.calls.images import Fetcher

        return Fetcher(self.config.images)

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        await self.discover()
        self._start(watch_hosts(lambda: self._router, self._catalog))
        self._start(self._sharing.run())
        if self.config.captures.folder is not None:
            self._start(keep_on_disk(self.log, CaptureFolder(self.config.captures)))
        if self._config_path is not None:
            self._start(watch_files(lambda: self.config.files, self.reload))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        if self.embedded is not None:
            await self.embedded.stop()
        await self._client.close()

    async def discover(self) -> None:
        """Look (again) for what there is: the config's models, an Ollama, or the embedded one.

        Raises ConfigError for a config that cannot be used.
        """
        config = await discover(self._config_path, self._environ, adjust=self._adjust)
        self.config = replace(
            config,
            deployments=tuple(
                replace(d, strict=config.strict) if d.strict is None else d
                for d in config.deployments
            ),
        )
        self._router = Router(
            self.config.deployments,
            self.config.routing,
            before=self._router,
            tell=self._sharing.tell,
            unserved=self.config.unserved,
        )
        self.log.resize(self.config.captures.number, self.config.captures.max_bytes)
        if any(d.embedded for d in self.config.deployments) and self.embedded is None:
            self.embedded = EmbeddedModel(self.config.embedded, environ=self._environ)
            task = self._start(self.embedded.start(self._progress))
            task.add_done_callback(self._started)

    async def reload(self) -> None:
        """Take on what the config file says now. One that cannot be used changes nothing.

        Requests in work end where they began; whoever comes next finds the new config.
        """
        try:
            await self.discover()
        except ConfigError as exc:
            self._config_error = exc.message
            _LOG.error("%s cannot be used, so the config stays as it was: %s",
                       self._config_path, exc.message)  # fmt: skip
            return
        self._config_error = ""
        _LOG.warning("%s has changed and was read again", self._config_path)
        for warning in self.config.warnings:
            _LOG.warning("%s: %s", self._config_path, warning)

    @property
    def loads(self) -> tuple[Load, ...]:
        """What each deployment is doing now."""
        return tuple(self._router.loads.values())

    def _start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    def _started(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            # Requests get the same error with their own status; here it is for the operator.
            _LOG.error("the embedded model did not start: %s", error)

    def status(self) -> Status:
        """Return what answers here, without waiting for anything."""
        if self.embedded is None or not any(d.embedded for d in self._router.deployments):
            first = self._router.deployments[0] if self._router.deployments else None
            kind: Source = "server" if first and first.model_name == "*" else "config"
            base_url = first.base_url if first else ""
            return Status(kind=kind, base_url=base_url, config_error=self._config_error)
        state = self.embedded.state
        return Status(
            kind="embedded",
            base_url=state.base_url,
            phase=state.phase,
            progress=state.progress,
            error=state.error,
            config_error=self._config_error,
        )

    async def resolve(self, name: str) -> Route:
        """Return where a model's name goes, waiting for the embedded model to be ready."""
        return await self._settle(self._router.resolve(name))

    async def _settle(self, route: Route) -> Route:
        """Return the route with the address of the embedded model, once that is ready."""
        if not route.deployment.embedded:
            return route
        if self.embedded is None:
            raise BackendUnavailable("the embedded model is not running; start Diglot again")
        base_url = await self.embedded.ready()
        return Route(replace(route.deployment, base_url=base_url), route.model)

    async def answer(
        self, client_dialect: str, body: bytes, options: AskOptions = PLAIN_ASK
    ) -> Answer:
        """Answer a request body of the dialect ``client_dialect``, of a chat or of embeddings.

        Raises DiglotError.
        """
        return await self._caller.answer(client_dialect, body, options)

    async def count_tokens(self, client_dialect: str, body: dict[str, Any]) -> int:
        """Return how many tokens the input of a request has.

        Exact: the model reads the prompt and says one token, and what it has read is kept for
        the request itself. Raises DiglotError.
        """
        request = DIALECTS[client_dialect].parse_request({**body, "stream": False})
        settings = {**request.settings, "max_tokens": 1}
        # Where tools are emulated they are no part of the prompt that is counted.
        choice = None if "tools" in await self.capabilities(request.model) else "none"
        request = replace(request, tool_choice=choice, thinking=None, settings=settings)
        events = [event async for event in self.chat(request, dialect=COMMON)]
        usage = accumulate(events).usage
        return usage.prompt_tokens if usage else 0

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
        """Send a request about the model ``name`` on to its Ollama server, as it is.

        ``key`` is where the body has the name; ``length`` is the body's size in bytes where it
        is known. Raises Unsupported where no Ollama server is there, and BackendUnavailable
        where it does not answer.
        """
        route = self._router.host(name)
        if isinstance(body, bytes) and name and route.model != name:
            body = rename_model(body, route.model, key=key)
        headers = headers_of(route.deployment)
        if length:
            headers["content-length"] = length
        return await self._client.send(
            method, route.deployment.base_url + path, body=body, headers=headers
        )

    async def lost(self, request: ChatRequest, *, dialect: str) -> tuple[ReportRow, ...]:
        """Return what a client of ``dialect`` would ask with this that its model is never told.

        Raises DiglotError where the model is not there.
        """
        body = DIALECTS[dialect].dump_request(request, accepts=EXTENSIONS["diglot"])
        return await self._caller.lost(await self.resolve(request.model), dialect, body)

    async def chat(
        self,
        request: ChatRequest,
        *,
        dialect: str,
        owner: str = "",
        note: Callable[[str], None] | None = None,
        emulate: bool = False,
    ) -> AsyncGenerator[Event]:
        """Ask as a client that speaks ``dialect`` would, and yield what comes as events.

        Going through the client's dialect keeps one road for everybody: what is shown of the
        exchange is what a client would have sent and seen. ``note`` is told the exchange's id.
        ``emulate`` helps with tool calls even where the model has learnt them, to compare.
        Raises DiglotError when no answer begins.
        """
        spoken = DIALECTS[dialect]
        streamed = replace(request, stream=True, include_usage=True)
        body = encode_json(spoken.dump_request(streamed, accepts=EXTENSIONS["diglot"]))
        exchange = new_id()
        if note is not None:
            note(exchange)
        options = AskOptions(owner=owner, identity=exchange, emulate=emulate, whole=True)
        answer = await self._caller.answer(dialect, body, options)
        decoder = spoken.decoder(ids=exchange)
        try:
            for event in decoder.decode(answer.body):
                yield event
            if answer.rest is not None:
                async for piece in answer.rest:
                    for event in decoder.decode(piece):
                        yield event
            for event in decoder.flush():
                yield event
        finally:
            if answer.rest is not None:
                await answer.rest.aclose()

    async def models(self) -> list[dict[str, Any]]:
        """Return all models, as entries of /api/tags."""
        routing = self._router.routing
        shown = {a: t for a, t in routing.aliases.items() if a not in routing.hidden}
        return await self._catalog.models(self._deployments(), shown)

    async def running(self) -> list[dict[str, Any]]:
        """Return the models in memory, as entries of /api/ps."""
        return await self._catalog.running(self._deployments())

    def _deployments(self) -> tuple[Deployment, ...]:
        """Return all deployments; the embedded one has no place until it is ready."""
        base = self.embedded.base_url if self.embedded is not None else ""
        return self._router.located(base) if base else self._router.deployments

    async def show(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        """Return Ollama's description of one model."""
        return await self._catalog.show(await self.resolve(name), body)

    async def capabilities(self, name: str) -> frozenset[str]:
        """Return what a model can do, in Ollama's words."""
        return await self._catalog.capabilities(await self.resolve(name))

    async def answers(self) -> bool:
        """Return whether the first Ollama server is there, whatever models it has."""
        try:
            reply = await self.manage("GET", "/api/version", "", None)
        except DiglotError:
            return False
        reply.close()
        return reply.status < 400

    async def writes_on(self, name: str) -> bool:
        """Return whether a model goes on with an answer that ends the conversation.

        Others take it as said, and begin a new one.
        """
        return await self._catalog.writes_on(await self.resolve(name))

    async def context(self, name: str) -> int:
        """Return how many tokens a model remembers as it is loaded now.

        0 where nobody knows: Ollama settles it when it loads the model, and hosted servers do
        not tell.
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
        if self._loop is None:
            raise RuntimeError("the fleet has not been opened")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop in which the fleet lives."""
        if self._loop is None:
            raise RuntimeError("the fleet has not been opened")
        return self._loop
