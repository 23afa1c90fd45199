"""The pass-through floor: Diglot's server and client with nothing between them.

    python -m bench.gateways.floor --port 14000 --backend http://127.0.0.1:11999

What it costs is what uvicorn, the client and the network cost; what Diglot costs above it is
Diglot's own. It sends the request's bytes on as they are and answers with the backend's.
"""

from __future__ import annotations

import argparse
import gc

import uvicorn
from starlette.types import Receive, Scope, Send

from core.http.client import Client

JSON = [(b"content-type", b"application/json")]


class Floor:
    """The ASGI app."""

    def __init__(self, backend: str) -> None:
        self._url = backend + "/api/chat"
        self._client = Client()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            return
        body = b""
        more = scope["method"] == "POST"
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        if not body:
            await send({"type": "http.response.start", "status": 200, "headers": JSON})
            await send({"type": "http.response.body", "body": b"{}"})
            return
        reply = await self._client.send("POST", self._url, body=body)
        try:
            await send({"type": "http.response.start", "status": 200, "headers": JSON})
            while piece := await reply.chunk():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            reply.close()


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--backend", required=True)
    options = parser.parse_args()
    gc.freeze()
    gc.set_threshold(1_000, 1_000, 20)
    uvicorn.run(
        Floor(options.backend),
        port=options.port,
        lifespan="off",
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
    )


if __name__ == "__main__":
    main()
