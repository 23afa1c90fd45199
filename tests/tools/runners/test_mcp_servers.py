"""MCP servers of the config: connected, their tools called, started again."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import mcp
import pytest
from mcp import types

from core.config.tools import McpServer
from core.gateway.endpoints.mcp import mcp_server
from core.tools.examples import example_toolbox
from core.tools.loop import run_tools
from core.tools.toolbox import Answered, Toolbox, ToolResult
from core.translation.events import Event, Finish, MessageStart, TextDelta, ToolCallDelta
from core.translation.messages import ChatRequest, Message, Text, Tool, ToolCall, text_of
from tests.support.mcp_servers import open_mcp_servers
from tests.support.offered_tools import call, offered, there
from tests.support.programs import ROOT, free_port

pytestmark = pytest.mark.slow

PROGRAM = ("-m", "tests.support.mcp_programs")
STDIO = McpServer(name="things", command=sys.executable, args=PROGRAM, folder=str(ROOT),
                  env={"GIVEN": "yes"}, timeout=20)  # fmt: skip


@asynccontextmanager
async def http_program(port: int) -> AsyncIterator[McpServer]:
    """Run the tests' server at a port."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *PROGRAM, str(port), cwd=ROOT,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield McpServer(name="things", url=f"http://127.0.0.1:{port}/mcp", timeout=20)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def tried_out(server: McpServer) -> dict[str, str]:
    """Hold a server against what one must do over any transport; return variables it has."""
    box = example_toolbox()
    async with open_mcp_servers((server,), box) as servers:
        await there(servers)
        added = await call(box, "add", '{"a": 2, "b": 3}')
        assert (added.ok, added.content) == (True, "5")
        # A name that is taken gets the server's in front; the tool that had it stays.
        assert (await call(box, "calculate", '{"expression": "1+1"}')).content == "2"
        other = await call(box, "things_calculate", '{"expression": "1+1"}')
        assert other.content == "not worked out: 1+1"
        assert set(servers.tools("things")) >= {"add", "things_calculate", "fail"}
        failed = await call(box, "fail")
        assert not failed.ok and "Error executing tool fail" in failed.content
        wrong = await call(box, "add", '{"a": "x", "b": 3}')
        assert not wrong.ok and "not of type 'integer'" in wrong.content
        slow = await call(box, "wait", '{"seconds": 60}', timeout=0.3)
        assert not slow.ok and "did not finish" in slow.content
        assert (await call(box, "add", '{"a": 1, "b": 1}')).content == "2", "still connected"
        return {
            name: (await call(box, "variable", f'{{"name": "{name}"}}')).content
            for name in ("GIVEN", "DIGLOT_SECRET")
        }


async def test_a_server_over_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGLOT_SECRET", "s3cret")
    box = await tried_out(STDIO)
    assert box == {"GIVEN": "yes", "DIGLOT_SECRET": "not set"}, "only what the config gives"


async def test_a_server_over_http() -> None:
    async with http_program(free_port()) as server:
        await tried_out(server)


async def test_a_server_that_comes_late_or_again_is_found() -> None:
    port = free_port()
    box = Toolbox()
    server = McpServer(name="things", url=f"http://127.0.0.1:{port}/mcp", timeout=10)
    async with open_mcp_servers((server,), box) as servers:
        await servers.ready()
        assert servers.status()["things"] and not box.names
        async with http_program(port):
            await there(servers)
            assert (await call(box, "add", '{"a": 1, "b": 1}')).ok
        assert not (await call(box, "add", '{"a": 1, "b": 1}')).ok
        async with http_program(port):
            for _ in range(200):
                if (await call(box, "add", '{"a": 1, "b": 1}')).ok:
                    break
                await asyncio.sleep(0.1)
            else:
                raise AssertionError(servers.status())


async def test_a_started_server_that_dies_is_started_again_and_ends_with_its_owner() -> None:
    box = Toolbox()
    async with open_mcp_servers((STDIO,), box) as servers:
        await there(servers)
        assert not (await call(box, "leave")).ok
        await there(servers)
        again = await call(box, "add", '{"a": 2, "b": 2}')
        assert (again.ok, again.content) == (True, "4")
        assert box.names.count("add") == 1
        assert _programs()
    for _ in range(200):
        if not _programs():
            break
        await asyncio.sleep(0.05)
    assert not _programs()


def _programs() -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if b"tests.support.mcp_programs" in words and parent == os.getpid():
                found.append(int(entry.name))
    return found


async def test_a_program_that_is_not_there_is_said() -> None:
    server = McpServer(name="none", command="no-such-program-here")
    async with open_mcp_servers((server,), Toolbox()) as servers:
        await servers.ready()
        assert "no-such-program-here" in servers.status()["none"] or servers.status()["none"]


async def test_looking_again_leaves_tools_in_their_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.tools.runners.mcp_servers._LOOK_AGAIN", 0.05)
    box = Toolbox()
    async with offered() as url, open_mcp_servers((McpServer(name="far", url=url),), box) as opened:
        await there(opened, "far")
        box.add(Tool(name="last"))
        before = box.names
        for _ in range(20):
            await asyncio.sleep(0.05)
            assert box.names == before
        assert opened.status() == {"far": ""}


async def test_a_chat_runs_the_tools_of_a_server() -> None:
    asked: list[ChatRequest] = []

    async def chat(request: ChatRequest) -> AsyncIterator[Event]:
        """Be a model that calls once, then says what it was told."""
        asked.append(request)
        yield MessageStart(model="m")
        if len(asked) == 1:
            yield ToolCallDelta(index=0, id="1", name="calculate", arguments='{"expression":"6*7"}')
            yield Finish(reason="tool_calls")
        else:
            yield TextDelta(text=text_of(request.messages[-1]))
            yield Finish(reason="stop")

    box = Toolbox()
    async with offered() as url, open_mcp_servers((McpServer(name="far", url=url),), box) as opened:
        await there(opened, "far")
        request = ChatRequest(
            model="m", messages=(Message(role="user", parts=(Text("?"),)),), tools=box.tools
        )
        values = [value async for value in run_tools(chat, request, box)]
    assert [v.content for v in values if isinstance(v, ToolResult)] == ["42"]
    assert [v.text for v in values if isinstance(v, TextDelta)] == ["42"]


async def test_what_a_server_of_others_gives_comes_through_as_it_is() -> None:
    box = Toolbox()
    original = types.Tool(
        name="draw", title="Draw", description="Draws.", input_schema={"type": "object"},
        output_schema={"type": "object", "properties": {"n": {"type": "integer"}}},
        annotations=types.ToolAnnotations(read_only_hint=True),
    )  # fmt: skip
    content = [
        types.TextContent(text="here"),
        types.ImageContent(data="aGk=", mime_type="image/png"),
        types.AudioContent(data="aGk=", mime_type="audio/wav"),
        types.EmbeddedResource(resource=types.TextResourceContents(uri="a://b", text="x")),
    ]
    answer = types.CallToolResult(content=content, structured_content={"n": 1})
    failed = types.CallToolResult(content=[types.TextContent(text="no ink")], is_error=True)
    answers = [Answered("here", answer), Answered("no ink", failed, ok=False)]

    async def run(call: ToolCall) -> Answered:
        return answers.pop(0)

    box.add(Tool(name="things_draw", description="Draws."), run, original=original)
    async with mcp.Client(mcp_server(box)) as client:
        assert client.server_info and client.server_info.version
        shown = (await client.list_tools()).tools
        assert shown == [original.model_copy(update={"name": "things_draw"})]
        for told in (answer, failed):
            came = await client.call_tool("things_draw", {})
            assert (came.content, came.structured_content, came.is_error) == (
                told.content,
                told.structured_content,
                told.is_error,
            )
        with pytest.raises(mcp.MCPError) as unknown:
            await client.call_tool("none", {})
        assert (unknown.value.error.code, unknown.value.error.message) == (
            -32602,
            "Unknown tool: none",
        )
        with pytest.raises(mcp.MCPError) as cursor:
            await client.list_tools(cursor="x")
        assert cursor.value.error.code == -32602
