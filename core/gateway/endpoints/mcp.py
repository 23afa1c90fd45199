"""The toolbox as an MCP server: at ``/mcp`` over streamable HTTP, or over standard input.

The SDK is imported and the tools are opened at the first request: most gateways never get one.
"""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from core.config.tools import ToolSettings
from core.errors import DiglotError, InvalidRequest
from core.gateway.auth import Principal
from core.gateway.call import CallScope, GatewayState
from core.gateway.gate import Endpoint, noted
from core.translation.codec.json import decode_json, encode_json
from core.translation.fields.field import COMMON
from core.translation.messages import Tool, ToolCall

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    from core.tools.toolbox import Toolbox

OpenTools = Callable[[], "AbstractAsyncContextManager[Toolbox]"]

_CALL_TIME = 60.0
_PATIENCE = 10.0
"""Seconds that the first request waits for the MCP servers whose tools are passed on."""
_INSTRUCTIONS = "Tools of a Diglot server. Each result is text, or JSON as text."


class McpEndpoint(Endpoint):
    """Answers ``/mcp``. ``open_tools`` opens the tools; the config tells whether to offer them.

    Bodies may have 4 MB, as many as the SDK takes. Invalid ids and protocol versions are refused
    before: the SDK treats a request with the id null as a notification.
    """

    most = 4 * 1024 * 1024

    def __init__(self, gateway_state: GatewayState, open_tools: OpenTools) -> None:
        super().__init__(gateway_state, dialect=COMMON)
        self._open_tools = open_tools
        self._owner: asyncio.Task[None] | None = None
        self._manager: asyncio.Future[StreamableHTTPSessionManager] | None = None

    def check(self, principal: Principal, body: bytes) -> None:
        """Nothing to check: the body names no model."""

    async def serve(
        self, call: CallScope, body: bytes, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer one request."""
        call.principal.check_tools()
        if not self.fleet.config.tools.offer:
            raise InvalidRequest(
                "this server does not offer its tools; its config says diglot.tools.offer: false",
                status=404, code="not_found",
            )  # fmt: skip
        refusal = refused(Headers(scope=scope).get("mcp-protocol-version"), body)
        if refusal is not None:
            await refusal(scope, receive, noted(call, send))
            return
        if self._manager is None:
            self._manager = asyncio.get_running_loop().create_future()
            self._owner = asyncio.create_task(self._own(self._manager))
        manager = await asyncio.shield(self._manager)
        await manager.handle_request(scope, _again(body, receive), noted(call, send))

    async def aclose(self) -> None:
        """Close what the first request opened."""
        if self._owner is not None:
            self._owner.cancel()
            await asyncio.gather(self._owner, return_exceptions=True)
        self._owner = self._manager = None

    async def _own(self, ready: asyncio.Future[StreamableHTTPSessionManager]) -> None:
        """Keep the tools and the SDK's manager open; both need one task for opening and closing."""
        try:
            # Not at the top: see above.
            from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

            async with self._open_tools() as toolbox:
                # The OriginGuard has checked host and origin already.
                manager = StreamableHTTPSessionManager(
                    mcp_server(toolbox), json_response=True, stateless=True
                )
                async with manager.run():
                    ready.set_result(manager)
                    await asyncio.Event().wait()
        except Exception as exc:
            if ready.done():
                raise
            ready.set_exception(exc)
            self._manager = None


def refused(version: str | None, body: bytes) -> Response | None:
    """Return a 400 for a message that MCP does not allow over HTTP, otherwise None.

    A request's id is a text or a whole number, never null (MCP 2025-06-18, base protocol), and a
    ``MCP-Protocol-Version`` that the server does not speak is 400 (the same, transports).
    """
    from mcp import types
    from mcp.types.version import SUPPORTED_PROTOCOL_VERSIONS

    try:
        message = decode_json(body)
    except DiglotError:
        return None  # the SDK says what is wrong with it
    known = message.get("id") if isinstance(message, dict) else None
    valid = isinstance(known, str) or type(known) is int
    if version is not None and version not in SUPPORTED_PROTOCOL_VERSIONS:
        spoken = ", ".join(SUPPORTED_PROTOCOL_VERSIONS)
        error: dict[str, Any] = {
            "code": types.UNSUPPORTED_PROTOCOL_VERSION,
            "message": f"Unsupported protocol version: {version[:40]}; this server has {spoken}",
            "data": {"supported": list(SUPPORTED_PROTOCOL_VERSIONS), "requested": version[:40]},
        }
    elif isinstance(message, dict) and "id" in message and "method" in message and not valid:
        text = "Invalid Request: id must be a string or an integer"
        error = {"code": types.INVALID_REQUEST, "message": text}
    else:
        return None
    reply = {"jsonrpc": "2.0", "id": known if valid else None, "error": error}
    return Response(encode_json(reply), status_code=400, media_type="application/json")


def _again(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that first returns a body that was read already."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receiving() -> Message:
        return first.pop() if first else await receive()

    return receiving


def mcp_server(toolbox: Toolbox) -> Server[Any]:
    """Return a server of the tools in a toolbox, as it is at each request."""
    from mcp import types
    from mcp.server.lowlevel import Server
    from mcp.shared.exceptions import MCPError

    def shown(tool: Tool) -> types.Tool:
        original = toolbox.original(tool.name)
        if original is not None:
            # Titles, annotations and the output schema come from its own server.
            renamed: types.Tool = original.model_copy(update={"name": tool.name})
            return renamed
        schema = dict(tool.parameters or {"type": "object", "properties": {}})
        return types.Tool(name=tool.name, description=tool.description or None, input_schema=schema)

    async def list_tools(_: Any, params: Any) -> types.ListToolsResult:
        if params is not None and params.cursor is not None:
            raise MCPError(types.INVALID_PARAMS, "there is one page of tools, and no such cursor")
        tools = [shown(tool) for tool in toolbox.tools if toolbox.runs(tool.name)]
        return types.ListToolsResult(tools=tools)

    async def call_tool(_: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        if params.name not in toolbox.names:
            # A protocol error (MCP 2025-06-18, tools, error handling).
            raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {params.name[:100]}")
        arguments = encode_json(params.arguments or {}).decode()
        result = await toolbox.call(
            ToolCall(name=params.name, arguments=arguments), timeout=_CALL_TIME
        )
        if isinstance(result.original, types.CallToolResult):
            return result.original
        return types.CallToolResult(
            content=[types.TextContent(text=result.content)], is_error=not result.ok
        )

    return Server("diglot", version=_version(), instructions=_INSTRUCTIONS,
                  on_list_tools=list_tools, on_call_tool=call_tool)  # fmt: skip


def _version() -> str:
    project = Path(__file__).parents[3] / "pyproject.toml"
    return str(tomllib.loads(project.read_text("utf-8"))["project"]["version"])


@asynccontextmanager
async def own_tools(settings: ToolSettings) -> AsyncIterator[Toolbox]:
    """Open the tools of a gateway that runs alone, when they are first asked for."""
    # Imported here: it loads modules for reading functions, which a gateway does not need
    # otherwise.
    from core.tools.runners.all_tools import open_tool_runtime

    async with open_tool_runtime(settings) as tool_runtime:
        with suppress(TimeoutError):
            await asyncio.wait_for(tool_runtime.mcp.ready(), _PATIENCE)
        yield tool_runtime.toolbox


async def serve_stdio(open_tools: OpenTools) -> None:
    """Serve the toolbox over standard input and output until the input ends."""
    from mcp.server.stdio import stdio_server

    async with open_tools() as toolbox, stdio_server() as (read, write):
        server = mcp_server(toolbox)
        await server.run(read, write, server.create_initialization_options())
