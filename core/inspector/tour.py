"""Six exchanges to learn from: simple, streaming, options, tools, thinking, structured output.

Each is small enough for the embedded model, and is really sent to whatever answers here.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from core.backends.fleet import Fleet
from core.inspector.probes.subject import FleetAsker
from core.note import Note
from core.translation.codec.json import encode_json
from core.translation.dialects.registry import DIALECTS

__all__ = ["TOUR", "Stop", "take"]

Language = Literal["zh", "en"]

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

    def body(self, model: str, language: Language) -> dict[str, Any]:
        """Return the request."""
        question = self.question.zh if language == "zh" else self.question.en
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
        title=Note("最简单的一问一答", "One question, one answer"),
        look=Note(
            "原生接口用 prompt 提问，OpenAI 用 messages。先看“前后对照”，再看“逐个字段”。",
            "The native API asks with a prompt, OpenAI's with messages. Look at before and after "
            "first, then field by field.",
        ),
        question=Note("你好,介绍一下你自己。", "Hello, introduce yourself."),
        fields={"stream": False, "options": {"num_predict": _SHORT}},
    ),
    Stop(
        name="streaming",
        client_dialect="openai",
        tab="stream",
        title=Note("流式回答", "Streaming"),
        look=Note(
            "原生是一行一个 JSON，OpenAI 是 SSE 事件加 [DONE]。"
            "拖动时间轴，看哪一行变成了哪个事件。",
            "Natively it is one JSON a line, with OpenAI SSE events and [DONE]. Move along the "
            "time axis and see which line became which event.",
        ),
        question=Note("用两句话说说大海。", "Say two sentences about the sea."),
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
        title=Note("参数", "Options"),
        look=Note(
            "原生参数都在 options 里：有的改名，有的 OpenAI 的接口根本没有"
            "（num_ctx 是最常见的坑）。",
            "Native options stand under options: some are renamed, some OpenAI's API does not "
            "have at all (num_ctx is what most people trip over).",
        ),
        question=Note("说一个颜色。", "Name a colour."),
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
        title=Note("工具调用", "Tools"),
        look=Note(
            "工具的定义两边一样；回答里的参数，原生是对象，OpenAI 是一段 JSON 文字，还多了 id。"
            "模型自己不会调用工具时，Diglot 换个办法做到。",
            "Tools are defined alike; in the answer the arguments are an object natively and JSON "
            "in a string with OpenAI, which also wants an id. Where a model cannot call tools, "
            "Diglot does it another way.",
        ),
        question=Note("上海今天的天气怎么样?", "What is the weather in Shanghai today?"),
        fields={"tools": [_WEATHER], "tool_choice": "auto", "max_tokens": 2 * _SHORT},
    ),
    Stop(
        name="thinking",
        client_dialect="ollama",
        tab="fields",
        title=Note("思考", "Thinking"),
        look=Note(
            "原生用 think 打开思考，OpenAI 用 reasoning_effort；思考的内容一个叫 thinking，一个叫 "
            "reasoning。不会思考的模型照样回答。",
            "Thinking is switched on by think natively, by reasoning_effort with OpenAI; what is "
            "thought is called thinking there and reasoning here. A model that cannot think "
            "answers all the same, or says so.",
        ),
        question=Note("17 加 25 等于多少?", "What is 17 plus 25?"),
        fields={"stream": False, "think": True, "options": {"num_predict": 4 * _SHORT}},
    ),
    Stop(
        name="structured",
        client_dialect="openai",
        tab="answer",
        title=Note("结构化输出", "Structured output"),
        look=Note(
            "OpenAI 把 JSON Schema 包在 response_format 里，原生直接写进 format；"
            "回答一定符合这个结构。",
            "OpenAI wraps the JSON Schema in response_format, natively it is format itself; the "
            "answer is sure to fit it.",
        ),
        question=Note("介绍一座城市。", "Describe a city."),
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


async def take(fleet: Fleet, stop: Stop, *, model: str, owner: str, language: Language) -> str:
    """Send one exchange and wait for its end; return its id, also where it failed."""
    asker = FleetAsker(fleet, owner)
    body = encode_json(stop.body(model, language))
    _, _, headers = await asker.post(DIALECTS[stop.client_dialect].path, body)
    known = headers.get("x-diglot-id", "")
    if known:
        return known
    newest = fleet.log.newest(owner=owner, limit=1)
    return newest[0].id if newest else ""
