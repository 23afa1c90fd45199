"""LiveConfig: the current config and what is built from it.

It is read when the fleet opens and whenever one of its files changes. A new config creates a new
router, in which unchanged deployments keep their counters; running requests finish on the old one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from core.backends.balancing.load import Route
from core.backends.balancing.router import Router
from core.backends.balancing.shared_cooldowns import SharedCooldowns
from core.backends.catalog import Catalog
from core.backends.chosen import Choice
from core.backends.discovery import Source, Status, discover
from core.backends.embedded.model import EmbeddedModel
from core.backends.erasures import Erasures
from core.backends.polling import watch_files, watch_hosts
from core.config.config import Config
from core.config.deployment import Deployment
from core.errors import BackendUnavailable, ConfigError
from core.exchanges.disk import CaptureFolder, expire, keep_on_disk
from core.exchanges.log import ExchangeLog, settle

if TYPE_CHECKING:
    from core.backends.embedded.weights import Progress

_LOG = logging.getLogger("diglot.fleet")


class LiveConfig:
    """The current ``config``, its ``router`` and the ``embedded`` model, if any.

    ``chosen`` is used while the config names no models itself (``choosable``).
    """

    def __init__(
        self,
        path: Path | None,
        log: ExchangeLog,
        *,
        environ: Mapping[str, str],
        progress: Callable[[Progress], None] | None,
        adjust: Callable[[Config], Config],
    ) -> None:
        self.config = Config()
        self.router = Router(())
        self.embedded: EmbeddedModel | None = None
        self.chosen: Choice | None = None
        self.choosable = False
        self._path = path
        self._log = log
        self._environ = environ
        self._progress = progress
        self._adjust = adjust
        self._sharing = SharedCooldowns(lambda: self.router)
        self.erasures = Erasures(lambda: self.router.routing.redis_url)
        self.erasures.listeners.append(log.forget)
        self._background: set[asyncio.Task[Any]] = set()
        # One at a time, or what was found before a choice would be applied after it.
        self._finding = asyncio.Lock()
        self._error = ""

    @property
    def redis_away(self) -> bool:
        """Whether the Redis of the config cannot be reached."""
        return self._sharing.away

    async def open(self, catalog: Catalog) -> None:
        """Read the config and start the background tasks. Raises ConfigError."""
        await self.discover()
        self._start(watch_hosts(lambda: self.router, catalog))
        self._start(self._sharing.run())
        self._start(self.erasures.run())
        if self.config.captures.folder is not None:
            self._start(keep_on_disk(self._log, CaptureFolder(self.config.captures)))
        self._start(settle(self._log))
        self._start(expire(self._log, lambda: self.config.captures))
        if self._path is not None:
            self._start(watch_files(lambda: self.config.files, self.reload))

    async def close(self) -> None:
        """Stop the background tasks and the embedded model."""
        tasks = left = set(self._background)
        while left:
            for task in left:
                task.cancel()
            # Once is not always enough: wait_for of Python 3.11, in Redis' client, may swallow it
            # (github.com/python/cpython/issues/86296).
            _, left = await asyncio.wait(left, timeout=0.5)
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.embedded is not None:
            await self.embedded.stop()

    async def discover(self) -> None:
        """Find the backends (again): those of the config, an Ollama, or the embedded model.

        Raises ConfigError for a config that cannot be used.
        """
        async with self._finding:
            self._apply(await self._found(self.chosen))

    async def choose(self, choice: Choice | None) -> None:
        """Use the models of a choice, or again those that are found without one.

        Another embedded model than before is started, and the one before stopped. Raises
        ConfigError for a config that cannot be used; nothing has changed then.
        """
        async with self._finding:
            config = await self._found(choice)
            self.chosen, old = choice, self.embedded
            if old is not None and old.settings != config.embedded:
                self.embedded = None
                self._apply(config)
                await old.stop()
            else:
                self._apply(config)

    async def _found(self, choice: Choice | None) -> Config:
        def adjust(config: Config) -> Config:
            config = self._adjust(config)
            self.choosable = not config.deployments
            return config if choice is None else choice.apply(config)

        return await discover(self._path, self._environ, adjust=adjust)

    def _apply(self, config: Config) -> None:
        """Make a config the current one."""
        self.config = replace(
            config,
            deployments=tuple(
                replace(d, strict=config.strict) if d.strict is None else d
                for d in config.deployments
            ),
        )
        self.router = Router(
            self.config.deployments,
            self.config.routing,
            before=self.router,
            tell=self._sharing.tell,
            unserved=self.config.unserved,
        )
        self._log.resize(self.config.captures.number, self.config.captures.max_bytes)
        if any(d.embedded for d in self.config.deployments) and self.embedded is None:
            self.embedded = EmbeddedModel(self.config.embedded, environ=self._environ)
            task = self._start(self.embedded.start(self._progress))
            task.add_done_callback(self._started)

    async def reload(self) -> None:
        """Apply the changed config file. An invalid one changes nothing.

        Running requests finish with the old config; later ones use the new config.
        """
        try:
            await self.discover()
        except ConfigError as exc:
            self._error = exc.message
            _LOG.error("%s cannot be used, so the config stays as it was: %s",
                       self._path, exc.message)  # fmt: skip
            return
        self._error = ""
        _LOG.warning("%s has changed and was read again", self._path)
        for warning in self.config.warnings:
            _LOG.warning("%s: %s", self._path, warning)

    def status(self) -> Status:
        """Return the state of the backends, without waiting."""
        if self.embedded is None or not any(d.embedded for d in self.router.deployments):
            first = self.router.deployments[0] if self.router.deployments else None
            kind: Source = "server" if first and first.model_name == "*" else "config"
            kind = "chosen" if self.choosable and self.chosen is not None else kind
            base_url = first.base_url if first else ""
            return Status(kind=kind, base_url=base_url, config_error=self._error)
        state = self.embedded.state
        return Status(
            kind="embedded",
            base_url=state.base_url,
            phase=state.phase,
            progress=state.progress,
            error=state.error,
            config_error=self._error,
        )

    async def resolve(self, name: str) -> Route:
        """Return the route for the name of a model, when the embedded model is ready."""
        return await self.settle(self.router.resolve(name))

    async def settle(self, route: Route) -> Route:
        """Return the route with the address of the embedded model, once that is ready."""
        if not route.deployment.embedded:
            return route
        if self.embedded is None:
            raise BackendUnavailable("the embedded model is not running; start Diglot again")
        base_url = await self.embedded.ready()
        return Route(replace(route.deployment, base_url=base_url), route.model)

    def deployments(self) -> tuple[Deployment, ...]:
        """Return all deployments; the embedded one has no address until it is ready."""
        base = self.embedded.base_url if self.embedded is not None else ""
        return self.router.located(base) if base else self.router.deployments

    def _start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    def _started(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            # Requests get the same error; the log is for the operator.
            _LOG.error("the embedded model did not start: %s", error)
