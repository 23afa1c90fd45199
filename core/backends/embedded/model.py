"""The embedded model: a llama.cpp server in a child process that never outlives the app.

A crash of the library affects only the child, which is restarted. One thread manages it, because
downloading, starting and waiting all block; any thread may read ``state``, any event loop may wait
for the model.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from msgspec import Struct

from core.backends.embedded.files import check_model, read_template
from core.backends.embedded.process import ServerProcess
from core.config.config import Embedded
from core.errors import BackendUnavailable, DiglotError

if TYPE_CHECKING:
    from core.backends.embedded.weights import Progress, Report

_QUICK = 30.0
"""A child that ran longer than this before it crashed is simply restarted."""

_DEATHS = 4
"""Quick crashes in a row after which it is not restarted."""

_PAUSES = (0.0, 0.5, 2.0)
"""Seconds before the restart after the first, second... quick crash."""

_RETRY_AFTER = 30.0
"""Seconds after a failure before a request triggers another start."""

_SAMPLING = {"temp": 0.2, "top_p": 0.9, "penalty_repeat": 1.1}
"""Default sampling for SmolLM2, as in a Modelfile: the first two are recommended by its publisher;
without the third it repeats itself for ever.
"""

_SECTION = "diglot.embedded"


class State(Struct, frozen=True, kw_only=True):
    """The state of the embedded model. ``progress`` belongs to a download, ``error`` to a failure.

    ``base_url`` is empty unless the phase is ``ready``. ``restarts`` counts starts after a
    death of the child.
    """

    phase: Literal["stopped", "fetching", "starting", "ready", "failed"] = "stopped"
    base_url: str = ""
    progress: Progress | None = None
    error: str = ""
    restarts: int = 0


class EmbeddedModel:
    """The one embedded model of an app. Starts when first asked for; stop it before leaving.

        stopped ──start()──> fetching ──(file)──> starting ──(listens)──> ready
           ^                    │                  │    ^                   │
           │                    └──(no file)──┐    │    └───(child died)────┘
           │                                  v    v
           └──stop(), from anywhere        failed (too many deaths) ──start()──> fetching

    A thread moves it on; callers of ``start`` wait for one future, which each end settles.
    """

    def __init__(
        self, settings: Embedded | None = None, *, environ: Mapping[str, str] | None = None
    ) -> None:
        self.settings = settings or Embedded()
        self._environ = os.environ if environ is None else environ
        self._lock = threading.Lock()
        self._state = State()
        self._url: Future[str] = Future()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._child: ServerProcess | None = None
        self._failed_at = 0.0

    @property
    def state(self) -> State:
        """The current state, an immutable value."""
        return self._state

    @property
    def base_url(self) -> str:
        """The root of its OpenAI routes, without ``/v1``; empty unless it is ready."""
        return self._state.base_url

    @property
    def pid(self) -> int | None:
        """The process id of the child, None without one."""
        child = self._child
        return None if child is None else child.pid

    async def start(self, progress: Report | None = None) -> str:
        """Return ``base_url`` when the model is ready, started first where it is not running.

        ``progress`` is called from another thread. Raises BackendUnavailable when the model
        cannot be had or run, and ConfigError for a model file that cannot be used.
        """
        return await self._wait(self._begin(progress))

    async def ready(self) -> str:
        """Like ``start``, but raise the last failure again while it is recent."""
        if self._state.phase == "failed" and time.monotonic() - self._failed_at < _RETRY_AFTER:
            return await self._wait(self._url)
        return await self.start()

    async def stop(self) -> None:
        """Stop the child and any download. Nothing is left running afterwards."""
        await asyncio.to_thread(self._end)

    async def _wait(self, url: Future[str]) -> str:
        # Shielded: cancelling one caller stops neither the others nor the start.
        ready = asyncio.wrap_future(url)
        # Looked at here, or asyncio logs an error that no caller waits for any more.
        ready.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(ready)

    def _begin(self, progress: Report | None) -> Future[str]:
        with self._lock:
            if self._state.phase in ("stopped", "failed"):
                self._url, self._stop = Future(), threading.Event()
                self._state = State(phase="fetching")
                self._thread = threading.Thread(
                    target=self._look_after, args=(self._stop, progress), daemon=True
                )
                self._thread.start()
            return self._url

    def _end(self) -> None:
        with self._lock:
            self._stop.set()
            thread, child = self._thread, self._child
        if child is not None:
            child.close()
        if thread is not None:
            thread.join()

    def _look_after(self, stop: threading.Event, progress: Report | None) -> None:
        """Download, start and restart, until stopped or given up. Always settles the future."""
        error: DiglotError = BackendUnavailable("The embedded model was stopped.")
        try:
            orders = self._orders(self._model_file(stop, progress))
            self._publish(stop, State(phase="starting"))
            self._keep_running(orders, stop)
        except DiglotError as exc:
            error = exc
        except OSError as exc:
            error = BackendUnavailable(f"The embedded model could not be started: {exc}")
        finally:
            with self._lock:
                self._child = None
                if stop.is_set():
                    self._state = State()
                else:
                    self._failed_at = time.monotonic()
                    self._state = State(
                        phase="failed", error=error.message, restarts=self._state.restarts
                    )
                self._url = _open(self._url)
                self._url.set_exception(error)

    def _model_file(self, stop: threading.Event, progress: Report | None) -> Path:
        # To download, lock and unpack takes a megabyte; most gateways never fetch anything.
        from core.backends.embedded.weights import fetch_weights

        def report(value: Progress) -> None:
            self._publish(stop, State(phase="fetching", progress=value))
            if progress is not None:
                progress(value)

        named = self.settings.model
        if named is None:
            return fetch_weights(report, environ=self._environ, stop=stop)
        check_model(named, f"{_SECTION}.model")
        return named

    def _keep_running(self, orders: Mapping[str, Any], stop: threading.Event) -> None:
        """Run and restart the child. Raises BackendUnavailable after too many crashes."""
        deaths = restarts = port = 0
        while (child := self._spawn({**orders, "port": port}, stop)) is not None:
            born = time.monotonic()
            try:
                url = child.listening()
                if url:
                    # Reuse the port, so that displayed exchanges can still be repeated.
                    port = urlsplit(url).port or 0
                    self._publish(stop, State(phase="ready", base_url=url, restarts=restarts))
                end = child.wait()
            finally:
                child.close()
                child.release()
            if stop.is_set():
                return
            deaths = deaths + 1 if time.monotonic() - born < _QUICK else 1
            if deaths >= _DEATHS:
                raise BackendUnavailable(
                    f"The embedded model died {deaths} times within seconds, at last by {end}. "
                    "If memory is short, lower diglot.embedded.ctx or slots in the config; or "
                    f"start Ollama. {child.last_words()}".rstrip()
                )
            restarts += 1
            self._publish(stop, State(phase="starting", restarts=restarts))
            stop.wait(_PAUSES[deaths - 1])

    def _orders(self, model: Path) -> dict[str, Any]:
        """Return what the child is told. Raises ConfigError for a file that cannot be used."""
        settings = self.settings
        template = ""
        if settings.mmproj is not None:
            check_model(settings.mmproj, f"{_SECTION}.mmproj")
        if settings.chat_template is not None:
            template = read_template(settings.chat_template, f"{_SECTION}.chat_template")
        return {
            "model": str(model),
            "mmproj": "" if settings.mmproj is None else str(settings.mmproj),
            "chat_template": template,
            "name": settings.name,
            "ctx": settings.ctx,
            "slots": settings.slots,
            "max_tokens": settings.max_tokens,
            "threads": settings.threads or _cores(),
            "sampling": _SAMPLING if settings.model is None else {},
        }

    def _spawn(self, orders: Mapping[str, Any], stop: threading.Event) -> ServerProcess | None:
        """Start the child, unless the app is stopping: nobody would end it then."""
        with self._lock:
            self._child = None if stop.is_set() else ServerProcess(orders, self._environ)
            return self._child

    def _publish(self, stop: threading.Event, state: State) -> None:
        with self._lock:
            if stop.is_set():
                return
            self._state = state
            self._url = _open(self._url)
            if state.phase == "ready":
                self._url.set_result(state.base_url)


def _open(url: Future[str]) -> Future[str]:
    """Return the future that callers wait on: a new one where the last has been settled."""
    return Future() if url.done() else url


def _cores() -> int:
    """Return the number of cores to use: all of this process except one.

    llama.cpp's threads wait for each other in a busy loop after every step. With one on each
    core, anything else that wants to run (the interface, a browser, a build) stops them all:
    on two busy cores two threads wrote 0.7 tokens a second, where one wrote 106.
    """
    if sys.platform == "linux":
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(cores - 1, 1)
