"""The toolbox offered as an MCP server, and what asks it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.routing import Router

from core.backends.fleet import Fleet
from core.config.tools import ToolSettings
from core.gateway.call import GatewayState
from core.gateway.endpoints.mcp import McpEndpoint, own_tools
from core.gateway.gate import GatedRoute
from core.gateway.origins import OriginGuard
from core.tools.runners.mcp_servers import McpServers
from core.tools.toolbox import Toolbox, ToolResult
from core.translation.messages import ToolCall
from tests.support.programs import free_port


async def there(servers: McpServers, name: str = "things") -> None:
    """Wait until a server is connected."""
    for _ in range(600):
        if servers.status()[name] == "":
            return
        await asyncio.sleep(0.05)
    raise AssertionError(servers.status())


async def call(box: Toolbox, name: str, arguments: str = "{}", **more: Any) -> ToolResult:
    return await box.call(ToolCall(name=name, arguments=arguments), **more)


@asynccontextmanager
async def offered(*, offer: bool = True) -> AsyncIterator[str]:
    """Run a server that offers the examples, and say where."""
    port = free_port()
    fleet = Fleet(None, environ={})
    fleet._live.config = fleet.config.__class__(tools=ToolSettings(offer=offer))  # noqa: SLF001
    gateway_state = GatewayState(fleet)
    endpoint = McpEndpoint(gateway_state, lambda: own_tools(ToolSettings()))
    app = OriginGuard(
        Router([GatedRoute("/mcp", endpoint, ["POST"])]), gateway_state=gateway_state, exposed=False
    )
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", lifespan="off"))
    task = asyncio.create_task(server.serve())
    for _ in range(1000):
        if server.started:
            break
        await asyncio.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        server.should_exit = True
        await task
        await endpoint.aclose()
