"""The config's sections about tools: ``diglot.tools`` and ``mcp_servers``, Diglot's or LiteLLM's.

diglot:
  tools:
    folder: tools/          # the operator's own tools, relative to the config file
    offer: true             # the toolbox is an MCP server at /mcp
    time: 20                # of one call of the operator's tools: seconds
    memory: 1073741824      # bytes
    sandbox: {time: 2, memory: 67108864}
    http: {fetch: public, allow: [api.lan], max_bytes: 2000000, timeout: 15}
  mcp_servers:
    files: {command: npx, args: [-y, some-server], env: {KEY: os.environ/KEY}}
    wiki: {url: "https://wiki.example/mcp", headers: {Authorization: os.environ/WIKI}}
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from core.config.files import path_in
from core.config.keys.reading import as_texts
from core.config.keys.schema import Fetching, Mcp, Root, as_names
from core.errors import ConfigError
from core.http.address_policy import AddressPolicy, FetchPolicy

Policy = TypeVar("Policy", bound=FetchPolicy)

# LiteLLM's ways to say a key, and the header that each means.
_AUTH = {
    "none": ("", ""),
    "api_key": ("x-api-key", ""),
    "bearer_token": ("Authorization", "Bearer "),
    "basic": ("Authorization", "Basic "),
    "authorization": ("Authorization", ""),
}


class McpServer(Struct, frozen=True, kw_only=True):
    """One MCP server: a program to start (``command``), or an address (``url``).

    ``env`` is added to a few harmless variables, not to this process's own. ``timeout`` is of
    one call, in seconds.
    """

    name: str
    command: str = ""
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    folder: str = ""
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    allowed: tuple[str, ...] = ()
    timeout: float = 30.0

    # Headers and variables are where keys stand: they must not leave through a print.
    def __repr__(self) -> str:
        return f"McpServer(name={self.name!r}, command={self.command!r}, url={self.url!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("name", self.name), ("command", self.command), ("url", self.url)]


class HttpLimits(FetchPolicy, frozen=True, kw_only=True):
    """What HTTP tools may reach, and their limits."""

    max_bytes: int = 2 * 1024 * 1024
    timeout: float = 15.0


class ToolSettings(Struct, frozen=True, kw_only=True):
    """The config's settings for tools. A limit of None leaves the tool's own default."""

    folder: Path | None = None
    offer: bool = True
    time: float | None = None
    memory: int | None = None
    sandbox_time: float | None = None
    sandbox_memory: int | None = None
    http: HttpLimits = HttpLimits()
    servers: tuple[McpServer, ...] = ()


def read_tool_settings(root: Root, folder: Path) -> ToolSettings:
    """Read the settings for tools. Raises ConfigError with the key's path."""
    tools, own = root.diglot.tools, root.diglot.mcp_servers
    both = (("mcp_servers", root.mcp_servers), ("diglot.mcp_servers", own))
    for name in root.mcp_servers.keys() & own.keys():
        raise ConfigError(f"there are two MCP servers called {name}", path="mcp_servers")
    return ToolSettings(
        folder=path_in(folder, tools.folder),
        offer=tools.offer,
        time=tools.time,
        memory=tools.memory,
        sandbox_time=tools.sandbox.time,
        sandbox_memory=tools.sandbox.memory,
        http=fetch_policy(tools.http, "diglot.tools.http", HttpLimits()),
        servers=tuple(
            _server(server, name, f"{section}.{name}", folder)
            for section, servers in both
            for name, server in servers.items()
        ),
    )


def fetch_policy(section: Fetching, path: str, usual: Policy) -> Policy:
    """Return what a section allows. Raises ConfigError for an invalid address."""
    try:
        address = AddressPolicy(fetch=section.fetch, allow=as_names(section.allow))
    except ConfigError as exc:
        raise ConfigError(f"{path}.allow: {exc.message}", path=f"{path}.allow") from exc
    return replace(
        usual,
        address=address,
        max_bytes=section.max_bytes or usual.max_bytes,
        timeout=section.timeout or usual.timeout,
    )


def _server(server: Mcp, name: str, path: str, folder: Path) -> McpServer:
    if bool(server.command) == bool(server.url):
        raise ConfigError(f"{path} needs either a command or a url", path=path)
    if server.transport == "sse":
        problem = "sse is no longer part of MCP; use the server's http"
        raise ConfigError(f"{path}.transport: {problem}", path=f"{path}.transport")
    if server.url and not server.url.startswith(("http://", "https://")):
        raise ConfigError(f"{path}.url must begin with http:// or https://", path=f"{path}.url")
    header, before = _AUTH[server.auth_type]
    value = server.auth_value or server.authentication_token
    auth = {header: before + value} if header and value else {}
    return McpServer(
        name=name,
        command=server.command,
        args=tuple(server.args),
        env=as_texts(server.env),
        folder=str(folder / server.cwd),
        url=server.url,
        headers={**as_texts(server.static_headers), **as_texts(server.headers), **auth},
        allowed=as_names(server.allowed_tools),
        timeout=server.timeout,
    )
