"""What a config says of tools and of MCP servers."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.config.config import parse_config
from core.errors import ConfigError

CONFIG = """
mcp_servers:
  wiki: {url: "https://wiki.test/mcp", auth_type: bearer_token, auth_value: os.environ/WIKI}
diglot:
  tools:
    folder: tools
    offer: false
    time: 5
    memory: 100000000
    sandbox: {time: 1, memory: 1000000}
    http: {fetch: any, allow: [api.lan], max_bytes: 10, timeout: 3}
  mcp_servers:
    files: {command: npx, args: [-y, x], env: {KEY: os.environ/WIKI}, allowed_tools: [a]}
"""


def test_the_config_says_where_tools_come_from(tmp_path: Path) -> None:
    config = parse_config(CONFIG, environ={"WIKI": "s3cret"}, folder=tmp_path)
    assert not config.warnings
    tools = config.tools
    wiki, files = tools.servers
    assert wiki.headers == {"Authorization": "Bearer s3cret"}
    assert (files.command, files.args, files.allowed) == ("npx", ("-y", "x"), ("a",))
    assert files.env == {"KEY": "s3cret"}
    assert tools.folder == tmp_path / "tools" and not tools.offer
    assert (tools.time, tools.sandbox_time, tools.http.max_bytes) == (5, 1, 10)
    assert "s3cret" not in repr(tools)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("mcp_servers: {a: {}}", "either a command or a url"),
        ("mcp_servers: {a: {command: x, url: 'http://b/'}}", "either a command or a url"),
        ("mcp_servers: {a: {url: 'ftp://b/'}}", "must begin with http"),
        ("mcp_servers: {a: {url: 'http://b/', transport: sse}}", "no longer part of MCP"),
        ("mcp_servers: {a: {url: 'http://b/', auth_type: magic}}", "must be one of"),
        ("mcp_servers: {a: {command: x}}\ndiglot: {mcp_servers: {a: {command: y}}}", "two MCP"),
        ("diglot: {tools: {http: {fetch: some}}}", "must be one of public, any, none"),
        ("diglot: {tools: {time: 0}}", "above zero"),
    ],
)
def test_a_config_that_cannot_be_used_names_the_key(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        parse_config(text, environ={})
