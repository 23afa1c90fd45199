"""Calls of tools that an API knows itself come back in that API's form, whole and streamed."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from openai.types.responses import ResponseOutputItem
from pydantic import TypeAdapter

from core.translation.dialects.registry import DIALECTS
from core.translation.dialects.shared.client_tools import ANTHROPIC, RESPONSES
from core.translation.events import Finish, MessageStart, ToolCallDelta
from core.translation.stamp import Stamp
from core.translation.translate import translate_request, translate_response

CALLS: dict[str, tuple[dict[str, Any], str, str]] = {
    "local_shell": ({"command": ["ls", "-l"]}, "local_shell_call", "action"),
    "shell": ({"commands": ["ls -l"]}, "shell_call", "action"),
    "apply_patch": (
        {"type": "create_file", "path": "a", "diff": "+x"}, "apply_patch_call", "operation",
    ),
    "computer_use_preview": (
        {"type": "click", "x": 1, "y": 2, "button": "left"}, "computer_call", "action",
    ),
}  # fmt: skip
ITEM: TypeAdapter[Any] = TypeAdapter(ResponseOutputItem)


def asked(kind: str) -> dict[str, Any]:
    return {"model": "m", "input": "hi", "tools": [{"type": kind}]}


def stamp(kind: str) -> Stamp:
    return Stamp(id="1", created=1_700_000_000_000_000_000, model="m", asked=asked(kind))


@pytest.mark.parametrize("kind", CALLS)
def test_a_whole_call_has_the_clients_form(kind: str) -> None:
    given, item_type, key = CALLS[kind]
    name = RESPONSES[kind].name
    call = {"id": "c1", "function": {"index": 0, "name": name, "arguments": given}}
    answer = {"model": "m", "created_at": "2026-01-01T00:00:00Z", "done": True,
              "done_reason": "stop",
              "message": {"role": "assistant", "content": "", "tool_calls": [call]}}  # fmt: skip
    body = translate_response(answer, source="ollama", target="responses", stamp=stamp(kind), now=0)
    (item,) = body["output"]
    assert (item["type"], item["call_id"]) == (item_type, "c1")
    assert given.items() <= item[key].items()
    ITEM.validate_python(item)


@pytest.mark.parametrize("kind", CALLS)
def test_a_streamed_call_is_told_when_it_is_whole(kind: str) -> None:
    given, item_type, key = CALLS[kind]
    arguments = json.dumps(given)
    encoder = DIALECTS["responses"].encoder(stamp(kind), include_usage=True)
    name = RESPONSES[kind].name
    data = encoder.encode(
        [
            MessageStart("m"),
            ToolCallDelta(index=0, id="c1", name=name, arguments=arguments[:5]),
            ToolCallDelta(index=0, arguments=arguments[5:]),
            Finish(reason="tool_calls"),
        ],
        now=0,
    )
    events = [json.loads(line[6:]) for line in data.decode().split("\n") if line[:6] == "data: "]
    kinds = [event["type"] for event in events]
    assert not any("arguments" in kind or "input" in kind for kind in kinds)
    done = next(e["item"] for e in events if e["type"] == "response.output_item.done")
    assert done["type"] == item_type
    assert given.items() <= done[key].items()
    ITEM.validate_python(done)


@pytest.mark.parametrize("kind", CALLS)
def test_its_result_finds_the_call_again(kind: str) -> None:
    given, item_type, key = CALLS[kind]
    items = [
        {"role": "user", "content": "hi"},
        {"type": item_type, "call_id": "c1", key: given},
        {"type": f"{item_type}_output", "call_id": "c1", "output": "ok"},
    ]
    body = translate_request({**asked(kind), "input": items}, source="responses", target="ollama")
    _, assistant, result = body["messages"]
    (call,) = assistant["tool_calls"]
    assert call["function"]["arguments"] == given
    assert call["function"]["name"] == result["tool_name"] == RESPONSES[kind].name


@pytest.mark.parametrize("tool", [*ANTHROPIC.values(), *RESPONSES.values()], ids=lambda t: t.name)
def test_every_schema_is_one(tool: Any) -> None:
    jsonschema.Draft202012Validator.check_schema(tool.parameters)


@pytest.mark.parametrize("name", ["bash", "my_shell"])
def test_anthropics_keep_the_name_that_the_client_gave(name: str) -> None:
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}],
            "tools": [{"type": "bash_20250124", "name": name}]}  # fmt: skip
    sent = translate_request(body, source="anthropic", target="openai")
    assert [tool["function"]["name"] for tool in sent["tools"]] == [name]
