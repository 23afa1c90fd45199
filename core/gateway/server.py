"""Serving the gateway: one process, or several that share a port.

With several workers, uvicorn starts each anew, hands it the listening socket and starts it
again when it dies. What a worker is to serve it reads from its environment, since nothing but
text reaches a process that has just begun.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import uvicorn
from msgspec import Struct
from starlette.types import ASGIApp
from uvicorn.config import LOGGING_CONFIG

from core.backends.fleet import Fleet
from core.config.config import Config
from core.config.overrides import Overrides
from core.errors import ConfigError
from core.exchanges.key_rules import key_rules
from core.gateway.app import create_app
from core.gateway.heap import freeze_heap
from core.gateway.protocols.direct_protocol import DirectProtocol
from core.gateway.protocols.uvicorn_protocol import allow_connections
from core.gateway.telemetry.logs import log_json, mask_logs
from core.gateway.telemetry.workers import FOLDER
from core.http.addresses import is_loopback, ollama_address
from core.http.ports import check_port

if TYPE_CHECKING:
    from core.backends.embedded.weights import Progress

_CONFIG = "DIGLOT_WORKER_CONFIG"
_EXPOSED = "DIGLOT_WORKER_EXPOSED"
_OVERRIDES = "DIGLOT_WORKER_OVERRIDES"
_LOGS = "DIGLOT_WORKER_LOGS"


class Serving(Struct, frozen=True, kw_only=True):
    """Where and how to serve. ``workers`` is the number of processes.

    ``drain`` is how many seconds answers in work may go on once the server is to stop.
    ``certificate`` and ``private_key`` are PEM files; with them it is HTTPS.
    """

    config: Path | None = None
    host: str = "127.0.0.1"
    port: int = 4000
    workers: int = 1
    debug: bool = False
    drain: int = 25
    json_logs: bool = False
    certificate: Path | None = None
    private_key: Path | None = None
    overrides: Overrides = Overrides()


def check_start(options: Serving, environ: Mapping[str, str]) -> None:
    """Raise ConfigError, saying what to do, where ``serve`` could not begin.

    Looked at are the port, the certificate, and the address of the Ollama that answers where
    no model is named.
    """
    check_port(options.host, options.port)
    if options.certificate is not None:
        try:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(options.certificate, options.private_key)
        except OSError as exc:  # what is wrong with a certificate is one, too
            raise ConfigError(
                f"The certificate {options.certificate} and its key cannot be used: {exc}. Name "
                "PEM files with --ssl_certfile_path and --ssl_keyfile_path."
            ) from exc
    try:
        ollama_address(environ)
    except ValueError as exc:
        raise ConfigError(f"OLLAMA_HOST is not the address of a server: {exc}.") from exc


def serve(options: Serving, *, progress: Callable[[Progress], None] | None = None) -> None:
    """Serve until stopped. ``progress`` is told of the embedded model's fetch."""
    mask_logs()
    if options.json_logs:
        log_json()
    if options.workers > 1:
        # In it they find each other's counts.
        with tempfile.TemporaryDirectory(prefix="diglot-metrics-") as folder:
            os.environ.update(_told(options), **{FOLDER: folder})
            _run(options, f"{__name__}:worker")
    else:
        fleet = _fleet(options.config, options.overrides, progress)
        _run(options, _quiet(create_app(fleet, exposed=not is_loopback(options.host))))


def _told(options: Serving) -> dict[str, str]:
    """Return what workers read from their environment."""
    return {
        _CONFIG: str(options.config or ""),
        _EXPOSED: "" if is_loopback(options.host) else "1",
        _OVERRIDES: msgspec.json.encode(options.overrides).decode(),
        _LOGS: "json" if options.json_logs else "",
    }


def _run(options: Serving, app: ASGIApp | str) -> None:
    uvicorn.run(
        app,
        factory=options.workers > 1,
        workers=options.workers,
        host=options.host,
        port=options.port,
        loop="uvloop",
        http=DirectProtocol,
        ws="none",
        log_level="debug" if options.debug else "warning",
        access_log=options.debug,
        server_header=False,
        timeout_graceful_shutdown=options.drain,
        date_header=False,
        log_config=None if options.json_logs else LOGGING_CONFIG,
        ssl_certfile=options.certificate,
        ssl_keyfile=options.private_key,
    )


def worker() -> ASGIApp:
    """Return the app of one of several workers."""
    config = os.environ[_CONFIG]
    overrides = msgspec.json.decode(os.environ.get(_OVERRIDES, "{}"), type=Overrides)
    mask_logs()
    if os.environ.get(_LOGS) == "json":
        log_json()
    # Without a word on it, the strict way.
    exposed = os.environ.get(_EXPOSED, "1") == "1"
    return _quiet(create_app(_fleet(Path(config) if config else None, overrides), exposed=exposed))


def _fleet(
    config: Path | None,
    overrides: Overrides,
    progress: Callable[[Progress], None] | None = None,
) -> Fleet:
    def adjust(config: Config) -> Config:
        return overrides.apply(config, os.environ)

    return Fleet(config, progress=progress, adjust=adjust)


def _quiet(app: ASGIApp) -> ASGIApp:
    """Return ``app`` after raising this process's limit of open files and freezing its heap.

    What takes a tenth of a second to compile is compiled before.
    """
    allow_connections()
    key_rules()
    freeze_heap()
    return app
