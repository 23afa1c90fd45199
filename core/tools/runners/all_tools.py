"""The process's tools: the examples, the operator's folder, and MCP servers, in one toolbox."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from core.config.tools import ToolSettings
from core.errors import ConfigError, InvalidRequest
from core.tools.definitions.values import Definition
from core.tools.examples import example_toolbox
from core.tools.folders import load_folder
from core.tools.runners.http_tools import HttpTools
from core.tools.runners.mcp_servers import McpServers
from core.tools.runners.sandbox import Sandbox, SandboxLimits
from core.tools.runners.trusted import Trusted, TrustedLimits
from core.tools.toolbox import Toolbox

_LOG = logging.getLogger(__name__)


class ToolRuntime:
    """The tools of this process, and the runners for tools that people define.

    ``toolbox`` changes as MCP servers come and go; ``trouble`` says what could not be loaded.
    """

    def __init__(self, settings: ToolSettings) -> None:
        self.toolbox = example_toolbox()
        self.http = HttpTools(settings.http)
        self.sandbox = Sandbox(_sandbox_limits(settings))
        self.mcp = McpServers(settings.servers, self.toolbox)
        self.trouble = ""
        if settings.folder is not None:
            try:
                self._add_folder(settings.folder, settings)
            except (ConfigError, InvalidRequest) as exc:
                self.trouble = exc.message
                _LOG.error("the tools folder cannot be used: %s", exc.message)

    def box(self, definitions: tuple[Definition, ...]) -> Toolbox:
        """Return a toolbox of user definitions with their runners: Python in the sandbox, HTTP
        requests under the address rules, else a tool of the same name here.

        Raises InvalidRequest for two of one name.
        """
        box = self.toolbox.declaring(d.tool for d in definitions if not d.source and d.http is None)
        for one in definitions:
            if one.source:
                box.add(one.tool, self.sandbox.runner(one))
            elif one.http is not None:
                box.add(one.tool, self.http.runner(one))
        return box

    def _add_folder(self, folder: Path, settings: ToolSettings) -> None:
        trusted = Trusted(folder, _trusted_limits(settings))
        definitions = load_folder(folder)
        files = _files_of(folder, definitions)
        for one in definitions:
            # The operator's own come before the examples.
            self.toolbox.discard(one.tool.name)
            if one.source:
                self.toolbox.add(one.tool, trusted.runner(one, files[one.source]))
            elif one.http is not None:
                self.toolbox.add(one.tool, self.http.runner(one, environ=os.environ))
            else:
                self.toolbox.add(one.tool)


@asynccontextmanager
async def open_tool_runtime(settings: ToolSettings) -> AsyncIterator[ToolRuntime]:
    """Open the tools of a config until the end of the block; MCP servers connect meanwhile."""
    tool_runtime = await asyncio.to_thread(ToolRuntime, settings)
    tool_runtime.mcp.start()
    try:
        yield tool_runtime
    finally:
        await tool_runtime.mcp.aclose()
        await asyncio.to_thread(tool_runtime.sandbox.close)


def _files_of(folder: Path, definitions: tuple[Definition, ...]) -> dict[str, str]:
    """Return, by source, the name of the file that holds it."""
    wanted = {definition.source for definition in definitions}
    found = {}
    for path in folder.glob("*.py"):
        text = path.read_text("utf-8")
        if text in wanted:
            found[text] = path.name
    return found


def _trusted_limits(settings: ToolSettings) -> TrustedLimits:
    default = TrustedLimits()
    return TrustedLimits(
        time=settings.time or default.time, memory=settings.memory or default.memory
    )


def _sandbox_limits(settings: ToolSettings) -> SandboxLimits:
    default = SandboxLimits()
    return SandboxLimits(
        time=settings.sandbox_time or default.time,
        memory=settings.sandbox_memory or default.memory,
    )
