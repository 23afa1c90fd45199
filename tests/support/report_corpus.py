"""Requests to hold reports by, and two scripted backends that answer all of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.rule_based_model import thinking
from tests.support.scripted_backend import Said, Scripted

__all__ = ["CONFIGURED", "MODELS", "answering", "config_of", "requests"]

VECTORS = Path(__file__).parent.parent / "vectors"

MODELS = ("bare", "able", "alias", "tuned", "bare-alias", "gpt", "gpt-alias", "gpt-tuned", "llama")
"""What can be asked for: over Ollama, then over OpenAI's dialect."""

_TUNED = {"temperature": 0.25, "num_ctx": 4096, "keep_alive": "7m"}
_OPEN = {"temperature": 0.25, "max_tokens": 77}
CONFIGURED: dict[str, dict[str, Any]] = {"tuned": _TUNED, "gpt-tuned": _OPEN}
"""The settings that the config adds, by model."""

_WAYS = {
    "bare": "ollama/bare", "able": "ollama/able", "alias": "ollama/able", "tuned": "ollama/able",
    "bare-alias": "ollama/bare",
    "gpt": "openai/gpt", "gpt-alias": "openai/gpt", "gpt-tuned": "openai/gpt",
    "llama": "openai/llama",
}  # fmt: skip


def config_of(plain: str, llama: str) -> str:
    """Return the config for the backends at these addresses."""
    lines = ["model_list:"]
    for name, model in _WAYS.items():
        base = llama if name == "llama" else plain
        if model.startswith("openai/"):
            base += "/v1"
        more = "".join(f", {k}: {json.dumps(v)}" for k, v in CONFIGURED.get(name, {}).items())
        params = f"model: {model}, api_base: '{base}', api_key: x{more}"
        lines.append(f"  - {{model_name: {name}, litellm_params: {{{params}}}}}")
    return "\n".join(lines) + "\n"


@contextmanager
def answering(kind: str = "") -> Iterator[Scripted]:
    """Run a backend of both kinds; ``kind`` is who owns its models (llamacpp)."""
    with thinking() as backend:
        backend.thinks("/api/show", _shown)
        backend.thinks("/api/generate", _generated)
        backend.thinks("/v1/completions", _completed)
        backend.json("/v1/models", {"data": [{"id": "llama", "owned_by": kind or "someone"}]})
        backend.thinks(
            "/api/embed",
            lambda body: _said(
                {
                    "embeddings": [[1.0, 0.0] for _ in _listed(body.get("input"))],
                    "prompt_eval_count": 2,
                }
            ),
        )
        backend.json("/api/embeddings", {"embedding": [1.0, 0.0]})
        backend.thinks(
            "/v1/embeddings",
            lambda body: _said(
                {
                    "object": "list",
                    "data": [
                        {"object": "embedding", "index": i, "embedding": [1.0, 0.0]}
                        for i, _ in enumerate(_listed(body.get("input")))
                    ],
                    "usage": {"prompt_tokens": 2, "total_tokens": 2},
                }
            ),
        )
        yield backend  # fmt: skip


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _said(body: Any) -> Said:
    return Said([json.dumps(body).encode()])


def _shown(body: dict[str, Any]) -> Said:
    able = ["completion", "tools", "thinking", "vision", "insert"]
    bare = body.get("model") == "bare"
    return _said({"capabilities": ["completion"] if bare else able, "model_info": {}})


def _generated(body: dict[str, Any]) -> Said:
    whole = {
        "model": body["model"], "created_at": "2026-01-01T00:00:00Z", "response": "yes",
        "done": True, "done_reason": "stop", "prompt_eval_count": 1, "eval_count": 1,
    }  # fmt: skip
    data = json.dumps(whole).encode()
    if body.get("stream", True):
        return Said([data + b"\n"], content_type="application/x-ndjson")
    return Said([data])


def _completed(body: dict[str, Any]) -> Said:
    choice = {"index": 0, "text": "yes", "finish_reason": "stop", "logprobs": None}
    whole = {"id": "c", "object": "text_completion", "created": 1, "model": body["model"],
             "choices": [choice]}  # fmt: skip
    if body.get("stream"):
        data = b"data: " + json.dumps(whole).encode() + b"\n\n"
        return Said([data, b"data: [DONE]\n\n"], content_type="text/event-stream")
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return _said({**whole, "usage": usage})


_TOOL = {"type": "function", "function": {
    "name": "get_weather", "description": "Tell the weather.", "parameters": {
        "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"],
}}}  # fmt: skip
_CALL = {"id": "call_1", "type": "function",
         "function": {"name": "get_weather", "arguments": '{"city": "Lima"}'}}  # fmt: skip
_ASKED = {"role": "user", "content": "What is the weather in Lima?"}
_RESULT = {"role": "tool", "tool_call_id": "call_1", "content": "sunny and warm"}
_A_TOOL = {"name": "get_weather", "description": "Tell the weather.",
           "input_schema": _TOOL["function"]["parameters"]}  # fmt: skip
_USE = {"type": "tool_use", "id": "t1", "name": "get_weather", "input": {"city": "Lima"}}
_USED = {"type": "tool_result", "tool_use_id": "t1", "content": "sunny and warm"}

_OPENAI: list[dict[str, Any]] = [
    {"messages": [_ASKED]},
    {
        "messages": [{"role": "system", "content": "Be brief."}, _ASKED],
        "seed": 7,
        "stop": "x",
        "max_completion_tokens": 9,
        "user": "u1",
        "top_p": 0.5,
        "logit_bias": {"5": 1},
    },
    {"messages": [{"role": "developer", "content": "Be brief."}, _ASKED]},
    {"messages": [_ASKED], "tools": [_TOOL], "tool_choice": "auto"},
    {"messages": [_ASKED], "tools": [_TOOL], "tool_choice": "required"},
    {
        "messages": [{"role": "system", "content": "Be brief."}, _ASKED],
        "tools": [_TOOL],
        "tool_choice": {"type": "function", "function": {"name": "get_weather"}},
    },
    {"messages": [_ASKED], "tools": [_TOOL], "tool_choice": "none"},
    {"messages": [_ASKED, {"role": "assistant", "content": None, "tool_calls": [_CALL]}, _RESULT]},
    {
        "messages": [
            _ASKED,
            {"role": "assistant", "content": "Let me look that up.", "tool_calls": [_CALL]},
            _RESULT,
        ],
        "tools": [_TOOL],
    },
    {
        "messages": [
            {"role": "system", "content": "Be brief."},
            _ASKED,
            {"role": "assistant", "content": "", "tool_calls": [_CALL]},
            _RESULT,
            {"role": "assistant", "content": "It is sunny."},
            {"role": "user", "content": "And in Quito?"},
        ],
        "tools": [_TOOL],
    },
    {"messages": [_ASKED], "n": 2, "seed": 7},
    {"messages": [_ASKED], "n": 2, "temperature": 0.5, "stream": True},
    {
        "messages": [_ASKED],
        "response_format": {
            "type": "text",
            "json_schema": {"name": "a", "schema": {"type": "object"}},
        },
    },
    {
        "messages": [_ASKED],
        "response_format": {
            "type": "json_schema",
            "json_schema": {
                "name": "a",
                "strict": True,
                "description": "An answer.",
                "schema": {"type": "object"},
            },
        },
    },
    {"messages": [_ASKED], "response_format": {"type": "json_object"}},
    {
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "one text"},
                    {"type": "text", "text": "two texts"},
                ],
            }
        ]
    },
    {"messages": [_ASKED], "stream": True, "stream_options": {"include_usage": True}},
    {
        "messages": [_ASKED],
        "reasoning_effort": "high",
        "top_k": 5,
        "keep_alive": "5m",
        "num_ctx": 2048,
        "madeup": 1,
        "logprobs": True,
        "top_logprobs": 2,
    },
    {"messages": [_ASKED], "functions": [_TOOL["function"]], "function_call": "auto"},
    {"messages": [_ASKED, _ASKED, {"role": "assistant", "content": "yes"}, _ASKED]},
    {"messages": [_ASKED, {"role": "assistant", "content": "", "refusal": None}, _ASKED]},
    {
        "messages": [
            _ASKED,
            {"role": "assistant", "content": "yes", "reasoning_content": "I think"},
            {"role": "user", "content": "sure?", "name": "Ann"},
        ],
        "metadata": {"a": "b"},
    },
]
_OLLAMA: list[dict[str, Any]] = [
    {"messages": [_ASKED]},
    {
        "messages": [_ASKED],
        "options": {
            "temperature": 0.1,
            "num_predict": -1,
            "stop": ["x"],
            "num_ctx": 99,
            "num_gpu": 1,
            "seed": 3,
        },
        "think": False,
    },
    {"messages": [_ASKED], "temperature": 0.9, "stream": False, "think": "high"},
    {"messages": [_ASKED], "tools": [_TOOL], "keep_alive": 0, "format": "json"},
    {
        "messages": [
            _ASKED,
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [
                    {"function": {"name": "get_weather", "arguments": {"city": "Lima"}}}
                ],
            },
            {"role": "tool", "tool_name": "get_weather", "content": "sunny and warm"},
        ]
    },
    {"messages": [{"role": "user", "content": "see", "images": ["iVBORw0KGgo="]}]},
    {"messages": [_ASKED], "format": {"type": "object"}, "truncate": False},
    {"messages": [_ASKED], "options": {"top_k": 4, "min_p": 0.1, "repeat_penalty": 1.3}},
]
_GENERATE: list[dict[str, Any]] = [
    {"prompt": "hello there"},
    {"prompt": "hello there", "system": "Be brief.", "options": {"seed": 1}, "context": [1, 2]},
    {"prompt": "hello there", "raw": True, "stream": False},
    {"prompt": "hello there", "raw": True, "format": "json", "options": {"temperature": 0.3}},
    {"prompt": "def f(", "suffix": "return 1"},
    {"prompt": "hello there", "format": {"type": "object"}, "template": "", "raw": False},
]
_ANTHROPIC: list[dict[str, Any]] = [
    {"max_tokens": 50, "messages": [_ASKED]},
    {
        "max_tokens": 50,
        "system": "Be brief.",
        "messages": [_ASKED],
        "temperature": 0.5,
        "stop_sequences": ["x"],
        "metadata": {"user_id": "u"},
        "container": "c1",
        "mcp_servers": [{"type": "url", "url": "http://x", "name": "n"}],
    },
    {
        "max_tokens": 50,
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        "messages": [_ASKED],
        "thinking": {"type": "enabled", "budget_tokens": 1024},
    },
    {"max_tokens": 50, "tools": [_A_TOOL], "messages": [_ASKED], "tool_choice": {"type": "any"}},
    {
        "max_tokens": 50,
        "tools": [_A_TOOL],
        "messages": [_ASKED],
        "tool_choice": {"type": "tool", "name": "get_weather", "disable_parallel_tool_use": True},
    },
    {
        "max_tokens": 50,
        "system": "Be brief.",
        "tools": [_A_TOOL],
        "messages": [
            _ASKED,
            {"role": "assistant", "content": [{"type": "text", "text": "Let me look."}, _USE]},
            {"role": "user", "content": [_USED]},
        ],
    },
    {
        "max_tokens": 50,
        "system": "Be brief.",
        "messages": [
            {"role": "user", "content": "Good morning to you."},
            {"role": "assistant", "content": "Good morning."},
            _ASKED,
            {"role": "assistant", "content": [_USE]},
            {"role": "user", "content": [_USED]},
            {"role": "assistant", "content": "It is sunny."},
            {"role": "user", "content": [{"type": "text", "text": "And in Quito?"}]},
        ],
    },
    {
        "max_tokens": 50,
        "messages": [
            _ASKED,
            {"role": "assistant", "content": [_USE]},
            {
                "role": "user",
                "content": [{**_USED, "is_error": True}, {"type": "text", "text": "And now?"}],
            },
        ],
    },
    {
        "max_tokens": 50,
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "hello you", "citations": None}]}
        ],
        "stream": True,
        "top_k": 3,
    },
    {
        "max_tokens": 50,
        "messages": [
            _ASKED,
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "I wonder about it", "signature": "sig"},
                    {"type": "text", "text": "Well then."},
                ],
            },
            {"role": "user", "content": "go on"},
        ],
    },
    {
        "max_tokens": 50,
        "messages": [
            {
                "role": "user",
                "content": [
                    {
                        "type": "image",
                        "source": {
                            "type": "base64",
                            "media_type": "image/png",
                            "data": "iVBORw0KGgo=",
                        },
                    },
                    {"type": "text", "text": "what is it"},
                ],
            }
        ],
    },
]
_R_TOOL = {"type": "function", **_TOOL["function"]}
_R_CALL = {"type": "function_call", "call_id": "c1", "name": "get_weather",
           "arguments": '{"city":"Lima"}'}  # fmt: skip
_R_OUT = {"type": "function_call_output", "call_id": "c1", "output": "sunny and warm"}
_RESPONSES: list[dict[str, Any]] = [
    {"input": "What is up?"},
    {
        "input": "What is up?",
        "instructions": "Be brief.",
        "max_output_tokens": 30,
        "reasoning": {"effort": "low", "summary": "auto"},
        "store": False,
        "include": [],
        "text": {"format": {"type": "text"}, "verbosity": "low"},
    },
    {
        "input": [
            _ASKED,
            {
                "type": "reasoning",
                "id": "r1",
                "summary": [{"type": "summary_text", "text": "a summary"}],
                "content": [{"type": "reasoning_text", "text": "the whole thought"}],
            },
            _R_CALL,
            _R_OUT,
        ],
        "tools": [_R_TOOL],
    },
    {
        "input": [
            {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "What is up?"}],
            },
            {
                "type": "message",
                "role": "assistant",
                "id": "m1",
                "status": "completed",
                "content": [{"type": "output_text", "text": "Not much.", "annotations": []}],
            },
            {"role": "user", "content": "And now?"},
        ],
        "parallel_tool_calls": True,
    },
    {"input": [_ASKED], "tools": [_R_TOOL], "tool_choice": "required"},
    {
        "input": [_ASKED],
        "tools": [_R_TOOL],
        "tool_choice": {"type": "function", "name": "get_weather"},
    },
    {
        "input": [_ASKED, _R_CALL, _R_OUT, {"role": "user", "content": "Thanks, and Quito?"}],
        "tools": [_R_TOOL],
        "stream": True,
    },
    {
        "input": "x y z",
        "text": {
            "format": {
                "type": "json_schema",
                "name": "a",
                "strict": True,
                "schema": {"type": "object"},
            }
        },
    },
]
_COMPLETIONS: list[dict[str, Any]] = [
    {"prompt": "Once upon"},
    {"prompt": "Once upon", "max_tokens": 5, "logprobs": 2, "echo": True, "seed": 4},
    {"prompt": ["Once upon", "Then again"], "stop": ["x"]},
    {"prompt": "Once upon", "n": 2, "seed": 4, "best_of": 2, "suffix": "the end"},
    {"prompt": "Once upon", "stream": True, "user": "u", "logprobs": 0},
]
_EMBED = {
    "embed": [{"input": "hello there"}, {"input": ["a b c", "d e f"], "truncate": True},
              {"input": "hello there", "keep_alive": "5m", "options": {"num_ctx": 5}}],
    "embed_legacy": [{"prompt": "hello there"}, {"prompt": "hello there", "keep_alive": 5}],
    "embeddings": [{"input": "hello there"},
                   {"input": ["a b c"], "encoding_format": "base64", "user": "u"},
                   {"input": "hello there", "dimensions": 1, "encoding_format": "float"}],
}  # fmt: skip
BY_HAND: dict[str, list[dict[str, Any]]] = {
    "openai": _OPENAI, "ollama": _OLLAMA, "generate": _GENERATE, "anthropic": _ANTHROPIC,
    "responses": _RESPONSES, "completions": _COMPLETIONS, **_EMBED,
}  # fmt: skip


def requests() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield dialects and bodies without a model: those above, then all vectors."""
    for dialect, bodies in BY_HAND.items():
        for body in bodies:
            yield dialect, body
    for file in sorted((VECTORS / "requests").glob("*/*.json")):
        vector = json.loads(file.read_text("utf-8"))
        if isinstance(vector.get("input"), dict):
            yield vector["source"], vector["input"]
