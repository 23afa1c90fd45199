"""An app that a test serves itself, in a thread of its own, over a real socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from tests.programs import until

__all__ = ["bound", "serving_app"]


def bound() -> tuple[socket.socket, str]:
    """Return a socket at a free port of loopback, and the address of what is served there."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    return listener, f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def serving_app(app: ASGIApp, listener: socket.socket | None = None, **more: Any) -> Iterator[str]:
    """Serve an app until the block ends and yield its address. ``more`` is for uvicorn."""
    if listener is None:
        listener, _ = bound()
    options = {"log_level": "warning", "ws": "none", "lifespan": "on", **more}
    server = uvicorn.Server(uvicorn.Config(app, **options))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    until(lambda: server.started or not thread.is_alive())
    assert server.started
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
