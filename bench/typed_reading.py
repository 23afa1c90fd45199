"""Whether requests could be read as typed Structs: how long it takes, and what it would refuse.

    python bench/typed_reading.py

The Structs below declare a chat request as OpenAI's API reference does (2026-08), for msgspec to
read. Beside them stand the readers of core.translation.dialects, over the requests in
tests/vectors that these accept.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from core.errors import DiglotError  # noqa: E402  # found through the line above
from core.translation.codec.json import decode_json, encode_json  # noqa: E402
from core.translation.dialects.registry import DIALECTS  # noqa: E402

_ROUNDS, _TIMES = 9, 300


class _Typed(Struct, tag_field="type"):
    """What says by its ``type`` what it is."""


class Words(_Typed, tag="text"):
    text: str


class Picture(_Typed, tag="image_url"):
    image_url: dict[str, Any]


class Sound(_Typed, tag="input_audio"):
    input_audio: dict[str, Any]


class Document(_Typed, tag="file"):
    file: dict[str, Any]


class Refusal(_Typed, tag="refusal"):
    refusal: str


class CalledFunction(Struct):
    name: str
    arguments: str


class FunctionCall(_Typed, tag="function"):
    id: str
    function: CalledFunction


class CustomCall(_Typed, tag="custom"):
    id: str
    custom: dict[str, Any]


class Function(Struct):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class FunctionTool(_Typed, tag="function"):
    function: Function


class CustomTool(_Typed, tag="custom"):
    custom: dict[str, Any]


class Message(Struct):
    role: Literal["developer", "system", "user", "assistant", "tool", "function"]
    content: str | list[Words | Picture | Sound | Document | Refusal] | None = None
    name: str | None = None
    tool_calls: list[FunctionCall | CustomCall] | None = None
    tool_call_id: str | None = None
    refusal: str | None = None


class Request(Struct):
    model: str
    messages: list[Message]
    tools: list[FunctionTool | CustomTool] | None = None
    tool_choice: str | dict[str, Any] | None = None
    stream: bool | None = None
    stream_options: dict[str, Any] | None = None
    temperature: float | None = None
    top_p: float | None = None
    n: int | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    response_format: dict[str, Any] | None = None
    reasoning_effort: str | None = None


def main() -> None:
    """Measure and print."""
    typed, read = msgspec.json.Decoder(Request).decode, DIALECTS["openai"].parse_request
    accepted, refused = 0, 0
    for body in requests():
        try:
            read(decode_json(body))
        except DiglotError:
            continue
        accepted += 1
        try:
            typed(body)
        except msgspec.ValidationError:
            refused += 1
    print(f"of {accepted} requests that are accepted the Structs refuse {refused}\n")
    body = agent()
    print(f"a request of an agent, {len(body):,} bytes, in µs:")
    print(f"  decoded to dicts          {took(lambda: decode_json(body)):6.1f}")
    print(f"  decoded and read as today {took(lambda: read(decode_json(body))):6.1f}")
    print(f"  decoded to the Structs    {took(lambda: typed(body)):6.1f}")


def requests() -> Iterator[bytes]:
    """Yield the requests of OpenAI's chat dialect among the vectors."""
    for file in sorted((ROOT / "tests/vectors/requests").rglob("*.json")):
        vector = json.loads(file.read_text("utf-8"))
        if vector.get("source") == "openai" and isinstance(vector["input"], dict):
            yield json.dumps({"model": "m", **vector["input"]}).encode()


def agent() -> bytes:
    """Return a request with twelve turns that call tools, and twelve tools."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": "You are an agent. " * 60}]
    for turn in range(12):
        call = {"name": "read", "arguments": f'{{"path": "/notes/{turn}"}}'}
        calls = [{"id": f"call_{turn}", "type": "function", "function": call}]
        messages += [
            {"role": "user", "content": [{"type": "text", "text": f"Do thing {turn}. " * 20}]},
            {"role": "assistant", "content": None, "tool_calls": calls},
            {"role": "tool", "tool_call_id": f"call_{turn}", "content": "a line\n" * 80},
        ]
    field = {"type": "string", "description": "What it is. " * 4}
    schema = {"type": "object", "properties": dict.fromkeys("abcdef", field), "required": ["a"]}
    tools = [
        {"type": "function", "function": {"name": f"tool_{n}", "parameters": schema}}
        for n in range(12)
    ]
    return encode_json({"model": "m", "messages": messages, "tools": tools, "stream": True})


def took(work: Callable[[], object]) -> float:
    """Return the µs of CPU that ``work`` takes, the best of some rounds."""
    best = float("inf")
    for _ in range(_ROUNDS):
        began = time.process_time()
        for _ in range(_TIMES):
            work()
        best = min(best, time.process_time() - began)
    return best / _TIMES * 1e6


if __name__ == "__main__":
    main()
