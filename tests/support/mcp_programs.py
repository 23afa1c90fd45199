"""A real MCP server for the tests, written with the official SDK.

Run it with ``python -m tests.support.mcp_programs``. Without arguments it speaks over standard
input and output; with a port it serves streamable HTTP at /mcp there. One tool ends the whole
server, to test restarts.
"""

from __future__ import annotations

import asyncio
import os
import sys

from mcp.server.mcpserver import MCPServer

server = MCPServer("things")


@server.tool()
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@server.tool()
def calculate(expression: str) -> str:
    """Say what was asked, under a name that another tool has."""
    return f"not worked out: {expression}"


@server.tool()
def variable(name: str) -> str:
    """Tell a variable of this process."""
    return os.environ.get(name, "not set")


@server.tool()
def fail() -> str:
    """Fail."""
    raise ValueError("on purpose")


@server.tool()
async def wait(seconds: float) -> str:
    """Wait."""
    await asyncio.sleep(seconds)
    return "waited"


@server.tool()
def leave() -> str:
    """End this server at once."""
    os._exit(1)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
    else:
        server.run("stdio")
