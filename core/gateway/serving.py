"""Serving the gateway: one process, or several that share a port.

With several workers, uvicorn starts each anew, hands it the listening socket and starts it
again when it dies. What a worker is to serve it reads from its environment, since nothing but
text reaches a process that has just begun.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from pathlib import Path

import uvicorn
from msgspec import Struct
from starlette.types import ASGIApp

from core.backends.fleet import Fleet
from core.backends.weights import Progress
from core.gateway.app import create_app

__all__ = ["Serving", "serve", "worker"]

_CONFIG = "DIGLOT_WORKER_CONFIG"


class Serving(Struct, frozen=True, kw_only=True):
    """Where and how to serve. ``workers`` is the number of processes."""

    config: Path | None = None
    host: str = "127.0.0.1"
    port: int = 4000
    workers: int = 1
    debug: bool = False


def serve(options: Serving, *, progress: Callable[[Progress], None] | None = None) -> None:
    """Serve until stopped. ``progress`` is told of the embedded model's fetch."""
    app: ASGIApp | str = f"{__name__}:worker"
    if options.workers > 1:
        os.environ[_CONFIG] = str(options.config or "")
    else:
        app = _quiet(create_app(Fleet(options.config, progress=progress)))
    uvicorn.run(
        app,
        factory=options.workers > 1,
        workers=options.workers,
        host=options.host,
        port=options.port,
        loop="uvloop",
        http="httptools",
        log_level="debug" if options.debug else "warning",
        access_log=options.debug,
        server_header=False,
        date_header=False,
    )


def worker() -> ASGIApp:
    """Return the app of one of several workers."""
    config = os.environ[_CONFIG]
    return _quiet(create_app(Fleet(Path(config) if config else None)))


def _quiet(app: ASGIApp) -> ASGIApp:
    """Return ``app`` once the garbage collector has been told what stays for good.

    Looking through all modules again took 60 ms now and then, in which every stream stood still.
    """
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
    return app
