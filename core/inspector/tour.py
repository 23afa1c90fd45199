"""Six exchanges to learn from: simple, streaming, options, tools, thinking, structured output.

Each is small enough for the embedded model, and is really sent to the current backend.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from core.backends.fleet import Fleet
from core.inspector.probes.subject import FleetAsker
from core.note import Note
from core.translation.codec.json import encode_json
from core.translation.dialects.registry import DIALECTS

_SHORT = 48


class Stop(Struct, frozen=True, kw_only=True):
    """One exchange. ``client_dialect`` is its dialect, ``tab`` the tab to open first.

    ``title`` is its name, ``look`` says what to look at, ``question`` is the prompt.
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


def _stop(name: str, client_dialect: str, tab: str, **fields: Any) -> Stop:
    title, look, question = (Note(f"tour.{name}.{part}") for part in ("title", "look", "question"))
    return Stop(name=name, client_dialect=client_dialect, tab=tab, title=title, look=look,
                question=question, fields=fields)  # fmt: skip


TOUR: tuple[Stop, ...] = (
    _stop("simple", "generate", "learn", stream=False, options={"num_predict": _SHORT}),
    _stop("streaming", "openai", "stream", stream=True, stream_options={"include_usage": True},
          max_tokens=2 * _SHORT),
    _stop("options", "ollama", "fields", stream=False, keep_alive="5m",
          options={"temperature": 0.2, "seed": 7, "num_predict": _SHORT, "num_ctx": 2048,
                   "top_k": 20, "repeat_penalty": 1.1}),
    _stop("tools", "openai", "fields", tools=[_WEATHER], tool_choice="auto",
          max_tokens=2 * _SHORT),
    _stop("thinking", "ollama", "fields", stream=False, think=True,
          options={"num_predict": 4 * _SHORT}),
    _stop("structured", "openai", "answer", max_tokens=2 * _SHORT, response_format={
        "type": "json_schema",
        "json_schema": {"name": "city", "schema": _CITY, "strict": True}}),
)  # fmt: skip
"""The stops in their order."""


async def take(fleet: Fleet, stop: Stop, *, model: str, owner: str, language: str) -> str:
    """Send one exchange and wait for its end; return its id, even if it failed."""
    asker = FleetAsker(fleet, owner)
    body = encode_json(stop.body(model, language))
    _, _, headers = await asker.post(DIALECTS[stop.client_dialect].path, body)
    known = headers.get("x-diglot-id", "")
    if known:
        return known
    newest = fleet.log.newest(owner=owner, limit=1)
    return newest[0].id if newest else ""
