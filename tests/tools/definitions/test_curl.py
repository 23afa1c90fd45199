"""A curl command becomes a tool."""

from __future__ import annotations

from typing import Any

from core.tools.definitions.reading import parse_any
from core.tools.http_template import fill


def test_a_curl_command_becomes_a_tool_without_its_keys() -> None:
    parsed = parse_any(
        "curl -sS -X PUT 'https://me:pw@api.test/v2/items/list?lang=en&api_key=s3cret' \\\n"
        "  -H 'Authorization: Bearer s3cret' -H 'X-Mode: {fast}' -u me:s3cret \\\n"
        '  --data-raw \'{"q": "hi", "n": 3, "deep": {"on": true}, "token": "s3cret"}\' | jq .'
    )
    (definition,) = parsed.definitions
    assert "s3cret" not in str(parsed) and "pw@" not in str(parsed)
    assert {"Authorization", "api_key", "-u", "token"} <= {r.path for r in parsed.remarks}
    schema: Any = definition.tool.parameters
    assert list(schema["properties"]) == ["lang", "q", "n", "deep"]
    assert schema["properties"]["n"] == {"type": "integer", "examples": [3]}
    assert definition.http is not None
    call = fill(definition.http, {"lang": "zh", "q": "x", "n": 1, "deep": {"on": False}})
    assert call.url == "https://api.test/v2/items/list?lang=zh"
    assert call.content == b'{"q":"x","n":1,"deep":{"on":false}}'
    assert dict(call.headers) == {"X-Mode": "{fast}", "Content-Type": "application/json"}
