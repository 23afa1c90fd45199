"""A fake Ollama that does what a question asks: slow answers, thinking, diagrams, faults.

For what a small real model does not do on demand. It speaks the native API.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.scripted_backend import Said, Scripted, running

__all__ = ["MODELS", "TITLE", "acting"]

TITLE = "A quiet harbour"
MODELS = ("actor:1b", "second:3b")
_CREATED = "2026-01-01T00:00:00Z"
_DIAGRAM = "Here it is:\n\n```mermaid\ngraph TD\n  A[Ask] --> B[Answer]\n```\n\nThat is all.\n"
_FAULTS = {
    "oom": (500, "model requires more system memory (8.4 GiB) than is available (3.1 GiB)"),
    "gone": (404, "model 'actor:1b' not found"),
    "odd": (500, "something nobody has heard of"),
}


@contextmanager
def acting() -> Iterator[Scripted]:
    """Run it; pulls, deletions and unloading are answered as well."""
    with running() as backend:
        entries = [
            {
                "name": name,
                "model": name,
                "size": 1_300_000_000,
                "digest": "d" * 64,
                "modified_at": _CREATED,
                "details": {"parameter_size": "1B", "quantization_level": "Q4_K_M"},
            }
            for name in MODELS
        ]
        backend.json("/api/tags", {"models": entries})
        held = {**entries[0], "size_vram": 0, "context_length": 4096, "expires_at": _CREATED}
        backend.json("/api/ps", {"models": [held]})
        capabilities = ["completion", "tools", "thinking", "vision"]
        template = "{{ $last := eq (len (slice $.Messages $i)) 1 }}"
        backend.json("/api/show", {"capabilities": capabilities, "template": template})
        backend.thinks("/api/chat", lambda body: _as_asked(body, _play(body)))
        backend.json("/api/generate", {"done": True})
        backend.json("/api/delete", {})
        yield backend


def _as_asked(body: dict[str, Any], said: Said) -> Said:
    """Return one whole body where no stream was requested."""
    if body.get("stream", True) or said.status != 200:
        return said
    *lines, end = map(json.loads, said.pieces)
    message: dict[str, Any] = end["message"]
    for line in lines:
        for key, value in line["message"].items():
            message[key] = value if key == "role" else message.get(key, type(value)()) + value
    return Said([json.dumps(end).encode()])


def _play(body: dict[str, Any]) -> Said:
    messages = body["messages"]
    asked = str(messages[-1].get("content", ""))
    if asked.startswith("Give this conversation a title"):
        return _said([{"content": TITLE}])
    if messages[-1]["role"] == "assistant":
        return _said([{"content": "and here is the rest."}])
    for word, (status, error) in _FAULTS.items():
        if f"fault {word}" in asked:
            return Said([json.dumps({"error": error}).encode()], status=status)
    if "think" in asked:
        return _said([{"thinking": "Let me see. "}] * 3 + [{"content": "I have thought."}])
    if "diagram" in asked:
        return _said([{"content": line} for line in _DIAGRAM.splitlines(keepends=True)])
    if "cut" in asked:
        return _said([{"content": "Here is the beginning, "}], reason="length")
    if "slow" in asked:
        # Five minutes: who asks this stops it, however long a busy machine takes to click.
        return _said([{"content": f"word{n} "} for n in range(6000)], pause=0.05)
    if "long" in asked:
        return _said([{"content": f"Paragraph {n} of a long answer.\n\n"} for n in range(200)])
    if body.get("tools") and messages[-1]["role"] == "user":
        calls = [
            {"function": {"name": "get_current_weather", "arguments": {"location": city}}}
            for city in ("上海", "London")
        ]
        return _said([{"content": "", "tool_calls": calls}])
    seen = f"{len(messages)} messages, {len(messages[-1].get('images') or [])} images"
    return _said([{"content": f"You said: {asked[:200]} "}, {"content": f"({seen})"}])


def _said(pieces: list[dict[str, Any]], *, reason: str = "stop", pause: float = 0.0) -> Said:
    lines: list[dict[str, Any]] = [
        {"message": {"role": "assistant", "content": "", **piece}, "done": False}
        for piece in pieces
    ]
    counts = {"prompt_eval_count": 3000, "eval_count": len(pieces), "eval_duration": 10**9}
    end = {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": reason}
    head = {"model": "actor:1b", "created_at": _CREATED}
    data = [json.dumps({**head, **line}).encode() + b"\n" for line in [*lines, {**end, **counts}]]
    return Said(data, content_type="application/x-ndjson", pause=pause)
