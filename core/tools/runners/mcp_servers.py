"""The MCP servers of the config: keeps them connected, and their tools in a toolbox.

Each server has a task that owns its connection: it connects, lists the tools, refreshes them now
and then, and reconnects with growing pauses when the connection is lost. A call without a
connection waits a moment for one. Server processes that were started are stopped at the end.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any, TextIO

from core.config.tools import McpServer
from core.errors import InvalidRequest
from core.tools.arguments import validate_arguments
from core.tools.toolbox import Answered, Runner, Toolbox
from core.translation.codec.json import encode_json
from core.translation.messages import Tool, ToolCall

if TYPE_CHECKING:
    import mcp

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
_LOOK_AGAIN = 60.0
_CONNECT_TIME = 30.0
_PATIENCE = 20.0
_MOST_TOOLS = 500
# A server may name a next page for ever.
_MOST_PAGES = 50


class McpToolError(Exception):
    """A call failed, at the server or on the way; the text is for the model."""


class _Connection:
    """One server, and the task that keeps it connected."""

    def __init__(self, server: McpServer, toolbox: Toolbox) -> None:
        self.server = server
        self.error = ""
        self._toolbox = toolbox
        self._names: dict[str, str] = {}
        self._tools: dict[str, Tool] = {}
        self._client: mcp.Client | None = None
        self._connected = asyncio.Event()
        self._tried = asyncio.Event()
        self._lost = asyncio.Event()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its tools in the toolbox."""
        return tuple(self._names.values())

    @property
    def connected(self) -> bool:
        """Whether it is connected."""
        return self._connected.is_set()

    async def tried(self) -> None:
        """Wait until the first attempt to connect has succeeded or failed."""
        await self._tried.wait()

    async def keep(self) -> None:
        """Stay connected until cancelled."""
        pause = _FIRST_PAUSE
        while True:
            try:
                await self._connect_once()
                pause = _FIRST_PAUSE
            # Third-party servers, and a client that raises exception groups: whatever it is, retry.
            except Exception as exc:
                self.error = _said(exc)
            finally:
                self._client = None
                self._connected.clear()
                self._tried.set()
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _connect_once(self) -> None:
        """Connect, and return or raise when the connection is lost."""
        async with AsyncExitStack() as stack:
            async with asyncio.timeout(_CONNECT_TIME) as time:
                client = await self._opened(stack)
                await self._list(client)
                time.reschedule(None)
            self._client = client
            self._lost.clear()
            self.error = ""
            self._connected.set()
            self._tried.set()
            while not self._lost.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._lost.wait(), _LOOK_AGAIN)
                if not self._lost.is_set():
                    await self._list(client)

    async def _opened(self, stack: AsyncExitStack) -> mcp.Client:
        # Not at the top: this is loaded only where a server is named.
        import httpx2
        import mcp
        from mcp.client.streamable_http import streamable_http_client

        from core.tools.runners.bounded_answers import ASKED_PLAIN, bound

        server = self.server
        if server.command:
            parameters = mcp.StdioServerParameters(
                command=server.command, args=list(server.args), env=dict(server.env),
                cwd=server.folder or None,
            )  # fmt: skip
            nothing = stack.enter_context(_nowhere())
            transport: Any = mcp.stdio_client(parameters, errlog=nothing)
        else:
            http = await stack.enter_async_context(
                httpx2.AsyncClient(
                    headers={**ASKED_PLAIN, **server.headers},
                    timeout=server.timeout,
                    event_hooks={"response": [bound]},
                )
            )
            transport = streamable_http_client(server.url, http_client=http)
        client = mcp.Client(transport, read_timeout_seconds=server.timeout, cache=None)
        return await stack.enter_async_context(client)

    async def _list(self, client: mcp.Client) -> None:
        """Bring the toolbox up to date with what the server has now."""
        found: list[Any] = []
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            page = await client.list_tools(cursor=cursor)
            found += page.tools
            cursor = page.next_cursor
            if not cursor or len(found) >= _MOST_TOOLS:
                break
        allowed = self.server.allowed
        offered = {t.name: t for t in found[:_MOST_TOOLS] if not allowed or t.name in allowed}
        for name in [n for n in self._names if n not in offered]:
            self._toolbox.discard(self._names.pop(name))
        for name, item in offered.items():
            shown = self._names.get(name) or self._name(name)
            tool = Tool(
                name=shown, description=item.description or "", parameters=item.input_schema
            )
            # An unchanged tool keeps its place.
            known = self._toolbox.original(shown)
            if name not in self._names or self._tools[name] != tool or known != item:
                self._toolbox.discard(shown)
                self._toolbox.add(tool, self._runner(name, tool), original=item)
                self._names[name], self._tools[name] = shown, tool

    def _name(self, name: str) -> str:
        taken = self._toolbox.names
        return name if name not in taken else f"{self.server.name}_{name}"

    def _runner(self, name: str, tool: Tool) -> Runner:
        async def run(call: ToolCall) -> Answered:
            return await self._call(name, validate_arguments(tool, call.arguments))

        return run

    async def _call(self, name: str, arguments: dict[str, Any]) -> Answered:
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._connected.wait()
        except TimeoutError as exc:
            raise McpToolError(
                f"the MCP server {self.server.name} is not there: {self.error or 'no answer'}"
            ) from exc
        client = self._client
        assert client is not None
        try:
            async with asyncio.timeout(self.server.timeout):
                result = await client.call_tool(name, arguments)
        except TimeoutError as exc:
            raise McpToolError(f"no answer within {self.server.timeout:g} s") from exc
        except Exception as exc:
            if not _is_answer(exc):
                self._connected.clear()
                self._lost.set()
            raise McpToolError(_said(exc)) from exc
        return Answered(_text(result), result, not result.is_error)


class McpServers:
    """The servers of a config, each under its name."""

    def __init__(self, servers: tuple[McpServer, ...], toolbox: Toolbox) -> None:
        self._connections = [_Connection(server, toolbox) for server in servers]
        self._tasks: list[asyncio.Task[None]] = []

    def status(self) -> dict[str, str]:
        """Return for each server the error, "" where it is connected."""
        return {
            c.server.name: "" if c.connected else c.error or "is being connected"
            for c in self._connections
        }

    def tools(self, name: str) -> tuple[str, ...]:
        """Return the names that a server's tools have in the toolbox."""
        for connection in self._connections:
            if connection.server.name == name:
                return connection.names
        raise InvalidRequest(f"there is no MCP server {name}", path="name")

    async def ready(self) -> None:
        """Wait until each server has been tried once."""
        await asyncio.gather(*(connection.tried() for connection in self._connections))

    def start(self) -> None:
        """Begin to connect, without waiting for it."""
        self._tasks = [asyncio.create_task(c.keep(), name=f"mcp {c.server.name}")
                       for c in self._connections]  # fmt: skip

    async def aclose(self) -> None:
        """End all connections, and the programs that were started for them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _nowhere() -> TextIO:
    """Return the sink for the standard error of server processes."""
    return open(os.devnull, "w", encoding="utf-8")


def _is_answer(exc: Exception) -> bool:
    """Tell whether the server itself refused, over a working connection."""
    from mcp import MCPError

    return isinstance(exc, MCPError) and exc.error.code not in (-32000, -32001)


def _text(result: Any) -> str:
    """Return a result as text: its texts, or else its structured value."""
    parts = []
    for part in result.content:
        text = getattr(part, "text", None)
        if text is None and getattr(part, "resource", None) is not None:
            text = getattr(part.resource, "text", None)
        parts.append(text if text is not None else f"[{part.type}]")
    if parts:
        return "\n".join(parts)
    if result.structured_content is not None:
        return encode_json(result.structured_content).decode()
    return ""


def _said(exc: BaseException) -> str:
    while isinstance(exc, BaseExceptionGroup):
        exc = exc.exceptions[0]
    return (str(exc) or type(exc).__name__)[:500]
