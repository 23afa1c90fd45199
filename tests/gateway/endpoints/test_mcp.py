"""The toolbox as an MCP server, over HTTP and standard input."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import httpx
import mcp
import pytest
from mcp.client.streamable_http import streamable_http_client

from core.config.tools import McpServer
from core.tools.examples import example_toolbox
from core.tools.toolbox import Toolbox
from tests.support.mcp_servers import open_mcp_servers
from tests.support.offered_tools import call, offered, there
from tests.support.programs import ROOT, gateway

pytestmark = pytest.mark.slow


async def seen(transport: Any) -> tuple[list[str], str, bool]:
    """Use a server as any MCP client does."""
    async with mcp.Client(transport) as client:
        tools = (await client.list_tools()).tools
        good: Any = await client.call_tool("calculate", {"expression": "6*7"})
        bad = await client.call_tool("calculate", {"expression": "import os"})
        return [t.name for t in tools], good.content[0].text, bool(bad.is_error)


NAMES = list(example_toolbox().names)


async def test_the_toolbox_is_offered_over_http() -> None:
    async with offered() as url:
        for _ in range(2):
            assert await seen(streamable_http_client(url)) == (NAMES, "42", True)


async def test_the_gateway_offers_it_beside_its_other_routes(tmp_path: Path) -> None:
    with gateway("model_list: []\n", folder=tmp_path, environ={}) as base:
        assert await seen(streamable_http_client(f"{base}/mcp")) == (NAMES, "42", True)


LIST = {"jsonrpc": "2.0", "id": 7, "method": "tools/list"}
ACCEPT = {"accept": "application/json, text/event-stream"}


@pytest.mark.parametrize("wrong", [None, True, 1.5, [], {}])
async def test_a_request_whose_id_is_not_one_is_refused(wrong: Any) -> None:
    async with offered() as url, httpx.AsyncClient(trust_env=False, headers=ACCEPT) as client:
        reply = await client.post(url, json={**LIST, "id": wrong})
        assert reply.status_code == 400
        assert reply.json() == {
            "jsonrpc": "2.0",
            "id": None,
            "error": {
                "code": -32600,
                "message": "Invalid Request: id must be a string or an integer",
            },
        }
        for right in (0, "", "a"):
            assert (await client.post(url, json={**LIST, "id": right})).json()["id"] == right
        notification = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        assert (await client.post(url, json=notification)).status_code == 202


async def test_a_protocol_version_that_is_not_spoken_is_refused() -> None:
    async with offered() as url, httpx.AsyncClient(trust_env=False, headers=ACCEPT) as client:
        for version in ("1999-01-01", "newest"):
            named = {"mcp-protocol-version": version}
            reply = await client.post(url, json=LIST, headers=named)
            error = reply.json()["error"]
            assert (reply.status_code, reply.json()["id"]) == (400, 7)
            assert error["data"]["requested"] == version
            assert "2025-06-18" in error["data"]["supported"]
        named = {"mcp-protocol-version": "2025-06-18"}
        assert (await client.post(url, json=LIST, headers=named)).status_code == 200


async def test_a_body_beyond_four_megabytes_is_refused() -> None:
    async with offered() as url, httpx.AsyncClient(trust_env=False, headers=ACCEPT) as client:
        reply = await client.post(url, json={**LIST, "params": {"x": "a" * 5_000_000}})
        assert (reply.status_code, reply.json()["error"]["code"]) == (413, "request_too_large")
        assert "4 MB" in reply.json()["error"]["message"]
        assert (await client.post(url, json=LIST)).status_code == 200


async def test_a_stop_waits_for_no_stream_that_says_nothing(tmp_path: Path) -> None:
    with gateway("model_list: []\n", folder=tmp_path, environ={}) as base:
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            reply = await client.get(f"{base}/mcp", headers={"accept": "text/event-stream"})
            assert (reply.status_code, reply.headers["allow"]) == (405, "POST")
            assert (await client.post(f"{base}/mcp", json=LIST, headers=ACCEPT)).json()["id"] == 7
            began = time.monotonic()
    assert time.monotonic() - began < 10, "the gateway stopped with the connection still open"


async def test_a_config_may_keep_the_tools_to_itself() -> None:
    async with offered(offer=False) as url, httpx.AsyncClient(trust_env=False) as client:
        reply = await client.post(url, json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
        assert reply.status_code == 404
        assert "diglot.tools.offer" in reply.json()["error"]["message"]


async def test_the_toolbox_is_offered_over_standard_input(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools/shout.py").write_text(
        'def shout(text: str) -> str:\n    """Shout."""\n    import os\n'
        "    return text.upper() + str(os.getpid() > 0)\n"
    )
    config = tmp_path / "config.yaml"
    config.write_text("diglot: {tools: {folder: tools}}\n")
    parameters = mcp.StdioServerParameters(
        command=sys.executable, args=["-m", "core", "--mcp", "--config", str(config)], cwd=ROOT
    )
    names, result, failed = await seen(mcp.stdio_client(parameters))
    assert (result, failed) == ("42", True)
    assert names == [*NAMES, "shout"]


async def test_one_diglot_uses_the_tools_of_another_as_far_as_it_may() -> None:
    box = Toolbox()
    async with offered() as url:
        servers = (
            McpServer(name="far", url=url),
            McpServer(name="some", url=url, allowed=("calculate",)),
        )
        async with open_mcp_servers(servers, box) as opened:
            await there(opened, "far")
            await there(opened, "some")
            assert {len(opened.tools(name)) for name in ("far", "some")} == {1, len(NAMES)}
            assert {t.name for t in example_toolbox().tools} <= set(box.names)
            assert (await call(box, "calculate", '{"expression": "2**5"}')).content == "32"
