"""What another MCP server answers is counted while it is read."""

from __future__ import annotations

import asyncio
import gzip
import http.server
import json
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from core.config.tools import McpServer
from core.tools.toolbox import Toolbox
from core.translation.messages import ToolCall
from tests.support.mcp_servers import open_mcp_servers

MB = 1_000_000
BEGIN = b'{"jsonrpc":"2.0","id":%d,"result":{"content":[{"type":"text","text":"'
END = b'"}]}}'
TOOL = {"name": "long", "description": "", "inputSchema": {"type": "object"}}


def answer_to(asked: dict[str, Any]) -> dict[str, Any] | None:
    """Return a JSON-RPC result, None where the answer is the long one."""
    match asked.get("method"):
        case "initialize":
            result: dict[str, Any] = {
                "protocolVersion": asked["params"]["protocolVersion"],
                "capabilities": {"tools": {}}, "serverInfo": {"name": "s", "version": "1"},
            }  # fmt: skip
        case "tools/list":
            # There is always a next page.
            result = {"tools": [] if asked.get("params", {}).get("cursor") else [TOOL],
                      "nextCursor": "more"}  # fmt: skip
        case "tools/call":
            return None
        case _:
            result = {}
    return {"jsonrpc": "2.0", "id": asked.get("id"), "result": result}


@contextmanager
def server(packed: bool) -> Iterator[str]:
    """A server whose tool answers with a text of 60 MB, perhaps packed into 60 KB."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            answer = answer_to(asked)
            pieces = [json.dumps(answer).encode()]
            if answer is None:
                begin = BEGIN % asked["id"]
                pieces = [begin + b"x" * (MB - len(begin)), *[b"x" * MB] * 58, b"x" * MB + END]
                if packed:
                    pieces = [gzip.compress(b"".join(pieces), 1)]
            self.send_response(200 if "id" in asked else 202)
            if packed and answer is None:
                self.send_header("content-encoding", "gzip")
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(sum(map(len, pieces)) if "id" in asked else 0))
            self.end_headers()
            with suppress(OSError):
                for piece in pieces if "id" in asked else ():
                    self.wfile.write(piece)

        def do_GET(self) -> None:
            self.send_error(405)

        do_DELETE = do_GET

        def log_message(self, *args: Any) -> None:
            pass

    serving = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=serving.serve_forever, args=[0.02], daemon=True).start()
    yield f"http://127.0.0.1:{serving.server_port}/mcp"
    serving.shutdown()
    serving.server_close()


@pytest.mark.slow
@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_that_is_too_long_is_not_read(packed: bool) -> None:
    async def go() -> None:
        box = Toolbox()
        far = McpServer(name="far", url=url, timeout=20)
        async with open_mcp_servers((far,), box) as opened:
            async with asyncio.timeout(30):
                await opened.ready()
            assert box.names == ("long",), opened.status()
            began = peak_memory()
            result = await box.call(ToolCall(name="long", arguments="{}"))
            assert not result.ok
            assert "more than" in result.content
            # The server stands in this process, too; read whole it took 250 MB more.
            assert peak_memory() - began < (150 if packed else 60) * MB

    with server(packed) as url:
        asyncio.run(go())


def peak_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
