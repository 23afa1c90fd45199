"""Six exchanges to learn from: simple, streaming, options, tools, thinking, structured output.

Each is small enough for the embedded model, and is really sent to whatever answers here.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from core.backends.fleet import Fleet
from core.inspector.probes.subject import FleetAsker
from core.note import Note
from core.translation.codec.json import encode_json
from core.translation.dialects.registry import DIALECTS

__all__ = ["TOUR", "Stop", "take"]

_SHORT = 48


class Stop(Struct, frozen=True, kw_only=True):
    """One exchange. ``client_dialect`` is what it is asked in, ``tab`` what to look at first.

    ``title`` names it, ``look`` says what there is to see; ``question`` is what is asked.
    """

    name: str
    client_dialect: str
    tab: str
    title: Note
    look: Note
    question: Note
    fields: dict[str, Any]

    def body(self, model: str, language: str) -> dict[str, Any]:
        """Return the request."""
        question = self.question.text(language)
        if self.client_dialect == "generate":
            return {"model": model, "prompt": question, **self.fields}
        messages = [{"role": "user", "content": question}]
        return {"model": model, "messages": messages, **self.fields}


_WEATHER = {
    "type": "function",
    "function": {
        "name": "get_current_weather",
        "description": "获取指定地点的当前天气信息",
        "parameters": {
            "type": "object",
            "properties": {"location": {"type": "string", "description": "城市名,例如:北京"}},
            "required": ["location"],
        },
    },
}
_CITY = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "country": {"type": "string"}},
    "required": ["name", "country"],
    "additionalProperties": False,
}

TOUR: tuple[Stop, ...] = (
    Stop(
        name="simple",
        client_dialect="generate",
        tab="learn",
        title=Note("tour.simple.title"),
        look=Note("tour.simple.look"),
        question=Note("tour.simple.question"),
        fields={"stream": False, "options": {"num_predict": _SHORT}},
    ),
    Stop(
        name="streaming",
        client_dialect="openai",
        tab="stream",
        title=Note("tour.streaming.title"),
        look=Note("tour.streaming.look"),
        question=Note("tour.streaming.question"),
        fields={
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": 2 * _SHORT,
        },
    ),
    Stop(
        name="options",
        client_dialect="ollama",
        tab="fields",
        title=Note("tour.options.title"),
        look=Note("tour.options.look"),
        question=Note("tour.options.question"),
        fields={
            "stream": False,
            "options": {
                "temperature": 0.2,
                "seed": 7,
                "num_predict": _SHORT,
                "num_ctx": 2048,
                "top_k": 20,
                "repeat_penalty": 1.1,
            },
            "keep_alive": "5m",
        },
    ),
    Stop(
        name="tools",
        client_dialect="openai",
        tab="fields",
        title=Note("tour.tools.title"),
        look=Note("tour.tools.look"),
        question=Note("tour.tools.question"),
        fields={"tools": [_WEATHER], "tool_choice": "auto", "max_tokens": 2 * _SHORT},
    ),
    Stop(
        name="thinking",
        client_dialect="ollama",
        tab="fields",
        title=Note("tour.thinking.title"),
        look=Note("tour.thinking.look"),
        question=Note("tour.thinking.question"),
        fields={"stream": False, "think": True, "options": {"num_predict": 4 * _SHORT}},
    ),
    Stop(
        name="structured",
        client_dialect="openai",
        tab="answer",
        title=Note("tour.structured.title"),
        look=Note("tour.structured.look"),
        question=Note("tour.structured.question"),
        fields={
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "city", "schema": _CITY, "strict": True},
            },
            "max_tokens": 2 * _SHORT,
        },
    ),
)
"""The way, in the order in which one thing builds on another."""


async def take(fleet: Fleet, stop: Stop, *, model: str, owner: str, language: str) -> str:
    """Send one exchange and wait for its end; return its id, also where it failed."""
    asker = FleetAsker(fleet, owner)
    body = encode_json(stop.body(model, language))
    _, _, headers = await asker.post(DIALECTS[stop.client_dialect].path, body)
    known = headers.get("x-diglot-id", "")
    if known:
        return known
    newest = fleet.log.newest(owner=owner, limit=1)
    return newest[0].id if newest else ""
