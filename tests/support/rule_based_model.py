"""A model made of a few rules: it answers a conversation as an obedient model would.

It calls a tool where one is offered and not answered yet, fills a schema where one is set, and
else says a sentence. Spoken over both kinds of backend, in each one's own form, written here
without Diglot's code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.support.scripted_backend import Said, Scripted, running

CREATED = "2026-01-01T00:00:00Z"
SENTENCE = "Hello! It is a sunny day, isn't it?"


@dataclass(frozen=True)
class Thought:
    """What the model wants to say: text, or a call of a tool."""

    text: str = ""
    name: str = ""
    arguments: dict[str, Any] | None = None


@contextmanager
def thinking() -> Iterator[Scripted]:
    """Run the model as a server of both kinds."""
    with running() as backend:
        backend.thinks("/api/chat", answer_natively)
        backend.thinks("/v1/chat/completions", answer_openly)
        yield backend


def answer_natively(body: dict[str, Any]) -> Said:
    """Answer a request of Ollama's /api/chat (0.33)."""
    form = body.get("format")
    schema = form if isinstance(form, dict) else {} if form == "json" else None
    thought = think(body, schema, chosen=None)
    head = {"model": body["model"], "created_at": CREATED}
    counts = {"done": True, "done_reason": "stop", "prompt_eval_count": 7, "eval_count": 5}
    calls = []
    if thought.arguments is not None:
        calls = [{"function": {"name": thought.name, "arguments": thought.arguments}}]
    if not body.get("stream", True):
        message = {"role": "assistant", "content": thought.text}
        message |= {"tool_calls": calls} if calls else {}
        return Said([_json({**head, "message": message, **counts})])
    said: list[dict[str, Any]] = [{"content": piece} for piece in _pieces(thought.text)]
    said += [{"content": "", "tool_calls": calls}] if calls else []
    lines = [{**head, "message": {"role": "assistant", **m}, "done": False} for m in said]
    lines.append({**head, "message": {"role": "assistant", "content": ""}, **counts})
    return Said([_json(line) + b"\n" for line in lines], content_type="application/x-ndjson")


def answer_openly(body: dict[str, Any]) -> Said:
    """Answer a request of OpenAI's /v1/chat/completions (2026)."""
    form = body.get("response_format") or {}
    schema = {"json_schema": form.get("json_schema", {}).get("schema"), "json_object": {}}
    choice = body.get("tool_choice")
    thought = think(body, schema.get(form.get("type", "")), chosen=choice)
    calls = []
    if thought.arguments is not None:
        function = {"name": thought.name, "arguments": json.dumps(thought.arguments)}
        calls = [{"id": "call_b1", "type": "function", "function": function}]
    reason = "tool_calls" if calls else "stop"
    usage = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
    head = {"id": "chatcmpl-b1", "created": 1_767_225_600, "model": body["model"]}
    if not body.get("stream"):
        message = {"role": "assistant", "content": thought.text or None}
        message |= {"tool_calls": calls} if calls else {}
        choices = [{"index": 0, "message": message, "finish_reason": reason}]
        whole = {**head, "object": "chat.completion", "choices": choices, "usage": usage}
        return Said([_json(whole)])
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": piece} for piece in _pieces(thought.text)]
    for call in calls:
        deltas += _fragments(call)
    head["object"] = "chat.completion.chunk"
    chunks = [
        {**head, "choices": [{"index": 0, "delta": d, "finish_reason": None}]} for d in deltas
    ]
    chunks.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
    if (body.get("stream_options") or {}).get("include_usage"):
        chunks.append({**head, "choices": [], "usage": usage})
    events = [b"data: " + _json(chunk) + b"\n\n" for chunk in chunks]
    return Said([*events, b"data: [DONE]\n\n"], content_type="text/event-stream")


def think(body: dict[str, Any], schema: dict[str, Any] | None, chosen: Any) -> Thought:
    """Decide the answer to a conversation; both dialects agree on every field read here."""
    last = body["messages"][-1]
    question = _text(last.get("content"))
    tools = [tool["function"] for tool in body.get("tools") or [] if "function" in tool]
    if isinstance(chosen, dict):
        tools = [tool for tool in tools if tool["name"] == chosen["function"]["name"]]
    if schema is not None:
        filled = _filled(schema or {"required": ["setup", "punchline"]}, question, schema)
        return Thought(text=json.dumps(filled, ensure_ascii=False))
    if tools and chosen != "none" and last["role"] == "user":
        tool = next((t for t in tools if re.search(rf"\b{t['name']}\b", question)), tools[0])
        arguments = _filled(tool.get("parameters") or {}, question, tool.get("parameters") or {})
        return Thought(name=tool["name"], arguments=arguments)
    return Thought(text=SENTENCE)


def _filled(schema: dict[str, Any], question: str, root: dict[str, Any] | None) -> Any:
    """Make up a value that fits a schema, with what the question mentions."""
    if "$ref" in schema:
        found: Any = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        return _filled(found, question, root)
    if "const" in schema:
        return schema["const"]
    quoted = re.search(r"'([^']+)'", question)
    if "enum" in schema:
        known = [value for value in schema["enum"] if quoted and value == quoted[1]]
        return [*known, *schema["enum"]][0]
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return _filled(schema[key][0], question, root)
    match schema.get("type"):
        case "integer" | "number":
            number = re.search(r"\d+", question)
            return int(number[0]) if number else 1
        case "boolean":
            return True
        case "string":
            return quoted[1] if quoted else "a cat"
        case "array":
            return [_filled(schema.get("items", {"type": "string"}), question, root)]
    properties = schema.get("properties", {})
    names = schema.get("required", list(properties))
    return {n: _filled(properties.get(n, {"type": "string"}), question, root) for n in names}


def _text(content: Any) -> str:
    if isinstance(content, list):
        return " ".join(part.get("text", "") for part in content)
    return content or ""


def _pieces(text: str) -> list[str]:
    return re.findall(r"\S+\s*", text)


def _fragments(call: dict[str, Any]) -> list[dict[str, Any]]:
    """Cut a call as OpenAI does: its name first, then its arguments in fragments."""
    text = call["function"]["arguments"]
    first = {**call, "function": {"name": call["function"]["name"], "arguments": ""}}
    rest = [{"function": {"arguments": text[i : i + 5]}} for i in range(0, len(text), 5)]
    return [{"tool_calls": [{"index": 0, **part}]} for part in (first, *rest)]


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
