"""MCP servers of a config, connected as long as a test needs them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core.config.tools import McpServer
from core.tools.runners.mcp_servers import McpServers
from core.tools.toolbox import Toolbox


@asynccontextmanager
async def open_mcp_servers(
    servers: tuple[McpServer, ...], toolbox: Toolbox
) -> AsyncIterator[McpServers]:
    """Keep servers connected, with their tools in ``toolbox``, until the end of the block."""
    opened = McpServers(servers, toolbox)
    opened.start()
    try:
        yield opened
    finally:
        await opened.aclose()
