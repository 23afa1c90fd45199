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
from typing import Any, Literal

from msgspec import Struct, field

from core.config.section import Section
from core.errors import ConfigError
from core.http.address_policy import AddressPolicy

__all__ = ["HttpLimits", "McpServer", "ToolSettings", "read_tool_settings"]

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


class HttpLimits(Struct, frozen=True, kw_only=True):
    """Where HTTP tools may be sent, bytes of an answer, seconds of a call."""

    address: AddressPolicy = AddressPolicy()
    max_bytes: int = 2 * 1024 * 1024
    timeout: float = 15.0


class ToolSettings(Struct, frozen=True, kw_only=True):
    """What the config says of tools. None of a limit is the default of what has it."""

    folder: Path | None = None
    offer: bool = True
    time: float | None = None
    memory: int | None = None
    sandbox_time: float | None = None
    sandbox_memory: int | None = None
    http: HttpLimits = HttpLimits()
    servers: tuple[McpServer, ...] = ()


def read_tool_settings(root: Section, own: Section, folder: Path) -> ToolSettings:
    """Return what a config says of tools. Raises ConfigError with the key's path."""
    section = own.section("tools")
    named = section.text("folder")
    sandbox = section.section("sandbox")
    both = (root.section("mcp_servers"), own.section("mcp_servers"))
    servers = [_server(part, name, folder) for part in both for name in part.keys()]  # noqa: SIM118  # a Section, no mapping
    twice = {s.name for s in servers if [o.name for o in servers].count(s.name) > 1}
    if twice:
        raise ConfigError(f"there are two MCP servers called {min(twice)}", path="mcp_servers")
    place = folder / Path(named).expanduser() if named else None
    return ToolSettings(
        folder=place,
        offer=section.flag("offer", default=True),
        time=section.number("time"),
        memory=section.count("memory"),
        sandbox_time=sandbox.number("time"),
        sandbox_memory=sandbox.count("memory"),
        http=_http(section.section("http")),
        servers=tuple(servers),
    )


def _http(section: Section) -> HttpLimits:
    fetch = section.text("fetch") or "public"
    if fetch not in ("public", "any", "none"):
        raise section.error("fetch", "must be public, any or none")
    known: Literal["public", "any", "none"] = fetch  # type: ignore[assignment]
    default = HttpLimits()
    return HttpLimits(
        address=AddressPolicy(fetch=known, allow=tuple(section.setting("allow", "strings") or ())),
        max_bytes=section.count("max_bytes") or default.max_bytes,
        timeout=section.number("timeout") or default.timeout,
    )


def _server(part: Section, name: str, folder: Path) -> McpServer:
    section = part.section(name)
    command, url = section.text("command"), section.text("url")
    if bool(command) == bool(url):
        raise part.error(name, "needs either a command or a url")
    transport = section.text("transport")
    if transport == "sse":
        raise section.error("transport", "sse is no longer part of MCP; use the server's http")
    if url and not url.startswith(("http://", "https://")):
        raise section.error("url", "must begin with http:// or https://")
    headers = {
        **section.section("static_headers").texts(),
        **section.section("headers").texts(),
        **_auth(section),
    }
    return McpServer(
        name=name,
        command=command,
        args=tuple(section.setting("args", "strings") or ()),
        env=section.section("env").texts(),
        folder=str(folder / section.text("cwd")) if section.has("cwd") else str(folder),
        url=url,
        headers=headers,
        allowed=tuple(section.setting("allowed_tools", "strings") or ()),
        timeout=section.number("timeout") or 30.0,
    )


def _auth(section: Section) -> dict[str, str]:
    kind = section.text("auth_type") or "none"
    if kind not in _AUTH:
        raise section.error("auth_type", f"must be one of {', '.join(_AUTH)}")
    header, before = _AUTH[kind]
    value = section.text("auth_value", unset="warn") or section.text(
        "authentication_token", unset="warn"
    )
    return {header: before + value} if header and value else {}
