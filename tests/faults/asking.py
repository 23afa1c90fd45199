"""Asking in every dialect, and judging what came by that dialect's own rules."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

__all__ = ["CLIENT_DIALECTS", "Outcome", "ask", "asked_body", "judge"]

CLIENT_DIALECTS = {
    "openai": "/v1/chat/completions",
    "completions": "/v1/completions",
    "responses": "/v1/responses",
    "anthropic": "/v1/messages",
    "ollama": "/api/chat",
    "generate": "/api/generate",
}


@dataclass
class Outcome:
    """What a client got. ``complete`` is a proper end; ``error`` is the dialect's own error."""

    status: int
    text: str = ""
    complete: bool = False
    error: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


def asked_body(client_dialect: str, model: str, text: str, *, stream: bool) -> dict[str, Any]:
    """Return a request body of a dialect."""
    body: dict[str, Any] = {"model": model, "stream": stream}
    if client_dialect in ("completions", "generate"):
        return {**body, "prompt": text}
    if client_dialect == "responses":
        return {**body, "input": text}
    if client_dialect == "anthropic":
        body["max_tokens"] = 50
    return {**body, "messages": [{"role": "user", "content": text}]}


async def ask(
    client: httpx.AsyncClient, client_dialect: str, model: str, text: str, *, stream: bool
) -> Outcome:
    """Ask and return what came, whole or not."""
    body = asked_body(client_dialect, model, text, stream=stream)
    answer = await client.post(CLIENT_DIALECTS[client_dialect], json=body)
    return judge(
        client_dialect, answer.status_code, answer.content, dict(answer.headers), stream=stream
    )


def judge(
    client_dialect: str, status: int, data: bytes, headers: dict[str, str], *, stream: bool
) -> Outcome:
    """Read an answer. What is no answer of the dialect raises AssertionError."""
    outcome = Outcome(status, headers=headers)
    if status >= 400:
        assert headers["content-type"].startswith("application/json")
        outcome.error = _error(client_dialect, json.loads(data))
        return outcome
    if not stream:
        outcome.text = _said(client_dialect, json.loads(data))
        outcome.complete = True
        return outcome
    for name, record in _records(client_dialect, data):
        _take(client_dialect, name, record, outcome)
    return outcome


def _records(client_dialect: str, data: bytes) -> list[tuple[str, Any]]:
    if client_dialect in ("ollama", "generate"):
        assert data.endswith(b"\n") or not data
        return [("", json.loads(line)) for line in data.splitlines()]
    found = []
    assert data.endswith(b"\n\n") or not data
    for block in data.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
        if "data" in fields:
            raw = fields["data"]
            found.append((fields.get("event", ""), raw if raw == "[DONE]" else json.loads(raw)))
    return found


def _take(client_dialect: str, name: str, record: Any, outcome: Outcome) -> None:
    assert not outcome.complete, "something follows the end"
    assert outcome.error is None or record == "[DONE]", "something follows an error"
    if record == "[DONE]":
        outcome.complete = outcome.error is None
    elif name == "error" or (isinstance(record, dict) and record.get("error")):
        outcome.error = _error(client_dialect, record)
    elif client_dialect == "responses":
        if name == "response.output_text.delta":
            outcome.text += record["delta"]
        if name == "response.failed":
            outcome.error = record["response"]["error"]["message"]
        outcome.complete = name == "response.completed"
    elif client_dialect == "anthropic":
        outcome.text += record.get("delta", {}).get("text", "")
        outcome.complete = name == "message_stop"
    elif client_dialect in ("ollama", "generate"):
        outcome.text += _said(client_dialect, record)
        outcome.complete = record["done"]
    else:
        for choice in record["choices"]:
            outcome.text += choice.get("text") or choice.get("delta", {}).get("content") or ""


def _said(client_dialect: str, body: dict[str, Any]) -> str:
    """Return the text of a whole answer, or of one native line."""
    match client_dialect:
        case "openai":
            return str(body["choices"][0]["message"]["content"])
        case "completions":
            return str(body["choices"][0]["text"])
        case "responses":
            return "".join(p["text"] for item in body["output"] for p in item.get("content", []))
        case "anthropic":
            return "".join(block["text"] for block in body["content"])
        case "ollama":
            return str(body["message"]["content"])
    return str(body["response"])


def _error(client_dialect: str, body: dict[str, Any]) -> str:
    """Return the message of an error in the form that this dialect has for it."""
    if client_dialect in ("ollama", "generate"):
        assert isinstance(body["error"], str)
        return body["error"]
    if client_dialect == "anthropic":
        assert body["type"] == "error" and body["error"]["type"]
        return str(body["error"]["message"])
    if client_dialect == "responses" and body.get("type") == "error" and "message" in body:
        return str(body["message"])
    # In a stream that is passed on a server's own error may stand, which need not have a type.
    assert isinstance(body["error"]["message"], str)
    return str(body["error"]["message"])
