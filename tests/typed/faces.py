"""The dialects that clients speak, with the official packages' types for their answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import anthropic.types
import ollama
import openai.types
import openai.types.chat
import openai.types.responses
from pydantic import TypeAdapter

__all__ = ["FACES", "Face", "records"]


@dataclass(frozen=True)
class Face:
    """One route: what is asked, what an answer is, and what a backend of each kind is asked.

    ``text`` finds the text in a whole answer, ``piece`` in one event of a stream.
    """

    path: str
    body: dict[str, Any]
    whole: Any
    event: Any = None
    ollama: str = "/api/chat"
    openai: str = "/v1/chat/completions"
    text: Callable[[Any], str] | None = None
    piece: Callable[[Any], str] | None = None
    name: str = field(default="")

    @property
    def streams(self) -> tuple[bool, ...]:
        return (False,) if self.event is None else (False, True)

    def check_whole(self, raw: bytes) -> Any:
        """Hold a whole answer against the package's type, strictly; return it as JSON."""
        TypeAdapter(self.whole).validate_json(raw, strict=True)
        return json.loads(raw)

    def check_event(self, raw: bytes) -> Any:
        """Hold one event of a stream against the package's type, strictly."""
        event = json.loads(raw)
        if self.event is openai.types.Completion:
            # OpenAI's own streams have a null here until the end, which its type leaves out.
            for choice in event["choices"]:
                choice["finish_reason"] = choice["finish_reason"] or "stop"
        TypeAdapter(self.event).validate_json(json.dumps(event), strict=True)
        return event


def records(data: bytes) -> list[bytes]:
    """Cut a stream into the JSON of its events; ``[DONE]`` is left out."""
    if b"data: " not in data:
        return [line for line in data.split(b"\n") if line]
    lines = [line.removeprefix(b"data: ") for line in data.split(b"\n") if line[:6] == b"data: "]
    return [line for line in lines if line != b"[DONE]"]


def _delta(event: Any) -> str:
    return "".join(choice["delta"].get("content") or "" for choice in event["choices"])


def _said(response: Any) -> str:
    items = [item for item in response["output"] if item["type"] == "message"]
    return "".join(part["text"] for item in items for part in item["content"])


_MESSAGES = [{"role": "user", "content": "Say hello."}]
_LIMIT = {"max_tokens": 5, "temperature": 0, "seed": 1}
_OPTIONS = {"options": {"num_predict": 5, "temperature": 0, "seed": 1}}
_RAW = {"ollama": "/api/generate", "openai": "/v1/completions"}
_EMBED: dict[str, Any] = {"ollama": "/api/embed", "openai": "/v1/embeddings"}

FACES = [
    Face(
        "/v1/chat/completions",
        {"messages": _MESSAGES, **_LIMIT},
        openai.types.chat.ChatCompletion,
        openai.types.chat.ChatCompletionChunk,
        text=lambda body: str(body["choices"][0]["message"]["content"]),
        piece=_delta,
    ),
    Face(
        "/v1/completions",
        {"prompt": "Once upon", **_LIMIT},
        openai.types.Completion,
        openai.types.Completion,
        **_RAW,
        text=lambda body: str(body["choices"][0]["text"]),
        piece=lambda event: "".join(choice["text"] for choice in event["choices"]),
    ),
    Face(
        "/v1/responses",
        {"input": "Say hello.", "max_output_tokens": 5, "temperature": 0, "seed": 1},
        openai.types.responses.Response,
        openai.types.responses.ResponseStreamEvent,
        text=_said,
        piece=lambda event: event["delta"] if event["type"].endswith("output_text.delta") else "",
    ),
    Face(
        "/v1/messages",
        {"messages": _MESSAGES, **_LIMIT},
        anthropic.types.Message,
        anthropic.types.RawMessageStreamEvent,
        text=lambda body: "".join(block["text"] for block in body["content"]),
        piece=lambda event: event.get("delta", {}).get("text", ""),
    ),
    Face(
        "/api/chat",
        {"messages": _MESSAGES, **_OPTIONS},
        ollama.ChatResponse,
        ollama.ChatResponse,
        text=lambda body: str(body["message"]["content"]),
        piece=lambda event: str(event["message"]["content"]),
    ),
    Face(
        "/api/generate",
        {"prompt": "Say hello.", **_OPTIONS},
        ollama.GenerateResponse,
        ollama.GenerateResponse,
        ollama="/api/generate",
        text=lambda body: str(body["response"]),
        piece=lambda event: str(event["response"]),
    ),
    Face(
        "/api/generate",
        {"prompt": "Once upon", "raw": True, **_OPTIONS},
        ollama.GenerateResponse,
        ollama.GenerateResponse,
        **_RAW,
        text=lambda body: str(body["response"]),
        piece=lambda event: str(event["response"]),
        name="/api/generate, raw",
    ),
    Face(
        "/v1/embeddings",
        {"input": ["a", "b"], "dimensions": 4},
        openai.types.CreateEmbeddingResponse,
        **_EMBED,
    ),
    Face("/api/embed", {"input": ["a", "b"], "dimensions": 4}, ollama.EmbedResponse, **_EMBED),
    Face(
        "/api/embeddings",
        {"prompt": "a"},
        ollama.EmbeddingsResponse,
        **{**_EMBED, "ollama": "/api/embeddings"},
    ),
]
