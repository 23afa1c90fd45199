"""The tools of a process: examples, folder and MCP servers."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.config.tools import McpServer, ToolSettings
from core.tools.runners.all_tools import open_tool_runtime
from tests.support.offered_tools import call, offered, there

pytestmark = pytest.mark.slow


async def test_the_shop_has_examples_folder_and_servers(tmp_path: Path) -> None:
    (tmp_path / "calculate.py").write_text(
        'def calculate(expression: str) -> str:\n    """Mine."""\n    return "mine"\n'
    )
    async with offered() as url:
        settings = ToolSettings(folder=tmp_path, servers=(McpServer(name="far", url=url),))
        async with open_tool_runtime(settings) as tool_runtime:
            await there(tool_runtime.mcp, "far")
            box = tool_runtime.toolbox
            assert (await call(box, "calculate", '{"expression": "1"}')).content == "mine"
            assert (await call(box, "far_calculate", '{"expression": "6*7"}')).content == "42"
            assert not tool_runtime.trouble
    (tmp_path / "bad.py").write_text("def f(:")
    async with open_tool_runtime(ToolSettings(folder=tmp_path)) as tool_runtime:
        assert "bad.py: line 1" in tool_runtime.trouble
        assert "calculate" in tool_runtime.toolbox.names
