"""Before and after, filled in from a request."""

from __future__ import annotations

import pytest

from core.inspector.before_after import contrast, shape

ORIGIN = "http://127.0.0.1:4000"
QUESTION = {"role": "user", "content": "你好,介绍一下你自己。"}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


def test_one_question_is_a_prompt_natively() -> None:
    both = contrast({"model": "m", "messages": [QUESTION]}, dialect="openai", origin=ORIGIN)
    assert (both.native.path, both.openai.path) == ("/api/generate", "/v1/chat/completions")
    assert both.native.body["prompt"] == QUESTION["content"]
    assert both.openai.body["messages"] == [QUESTION]
    assert "import requests" in both.native.code and f"{ORIGIN}/api/generate" in both.native.code
    assert "from openai import OpenAI" in both.openai.code
    assert "prompt" in both.changed


@pytest.mark.parametrize(
    "more",
    [{"tools": [TOOL]}, {"messages": [QUESTION, {"role": "assistant", "content": "x"}, QUESTION]}],
)
def test_tools_and_conversations_are_chats(more: dict[str, object]) -> None:
    body = {"model": "m", "messages": [QUESTION], **more}
    assert contrast(body, dialect="openai", origin=ORIGIN).native.path == "/api/chat"


def test_what_has_to_be_written_otherwise_is_named() -> None:
    body = {
        "model": "m",
        "messages": [QUESTION],
        "options": {"num_predict": 9, "num_ctx": 2048},
        "keep_alive": "5m",
    }
    both = contrast(body, dialect="ollama", origin=ORIGIN)
    assert "options.num_predict" in both.changed
    assert both.native.body == body
    assert both.openai.body["max_tokens"] == 9


def test_a_shape_is_short_and_of_the_same_form() -> None:
    body = {"text": "x" * 100, "list": [1, 2, 3, 4], "deep": {"a": {"b": {"c": 1}}}, "n": None}
    assert shape(body) == {
        "text": "x" * 20 + "…",
        "list": [1, 2, "…"],
        "deep": {"a": {"b": "…"}},
        "n": None,
    }
