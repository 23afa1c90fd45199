"""What an answer says: one table of shapes, for whole messages and for pieces of a stream alike.

A message that is whole and a delta of a stream have the same fields, and servers fill them in the
same odd ways, so both are read here. ``content`` is text, null, a part, or a list of parts
(Mistral's reasoning models answer so). Thinking has as many names as there are servers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import DiglotError, InvalidResponse
from core.translation.codec.json import describe

# Where servers put thinking, besides parts of the content: DeepSeek, llama.cpp and vLLM; Ollama's
# /v1, OpenRouter and Groq; Ollama's own API; OpenRouter, where it has no text of its own; LiteLLM,
# which keeps Anthropic's blocks.
_THINKING = ("reasoning_content", "reasoning", "thinking", "reasoning_details", "thinking_blocks")

# Kinds of parts that are thinking: Mistral's and Anthropic's, LM Studio's, OpenAI's responses',
# OpenRouter's. What a part of any other kind has under one of _TEXT is text.
_THOUGHT = frozenset(
    {"thinking", "reasoning", "reasoning_text", "summary_text", "reasoning.text",
     "reasoning.summary"}
)  # fmt: skip
_TEXT = ("text", "thinking", "reasoning", "content", "refusal", "summary", "value")


def read_said(body: Mapping[str, Any], path: str) -> tuple[str, str]:
    """Return the thinking and the text of a message, or of a piece of one.

    A part without any text (a picture, a list of references) says nothing here, nor does a number
    or a flag where thinking might be. Raises InvalidResponse for one where the text should be.
    """
    content = body.get("content")
    inner, text = ("", content) if type(content) is str else _content(content, f"{path}.content")
    refusal = body.get("refusal")
    if refusal and _holds_words(refusal):
        # An assistant says either; no other dialect keeps them apart.
        text += _words(refusal, f"{path}.refusal")
    for name in _THINKING:
        value = body.get(name)
        if value and _holds_words(value):
            return (value if type(value) is str else _words(value, f"{path}.{name}")), text
    return inner, text


def read_thinking(
    body: Mapping[str, Any], path: str, *, blame: type[DiglotError] = InvalidResponse
) -> str:
    """Return the thinking of a message beside its content, as a client sends it back.

    Nobody checks a field that is in no published API: what cannot be words is none.
    """
    for name in _THINKING:
        value = body.get(name)
        if value and _holds_words(value):
            return value if isinstance(value, str) else _words(value, f"{path}.{name}", blame)
    return ""


def _holds_words(value: Any) -> bool:
    return type(value) is str or isinstance(value, list | dict)


def _content(value: Any, path: str) -> tuple[str, str]:
    """Return the thinking and the text in content that is no plain string."""
    if value is None:
        return "", ""
    thinking: list[str] = []
    text: list[str] = []
    for part in value if isinstance(value, list) else [value]:
        kind = part.get("type") if isinstance(part, dict) else None
        thought = isinstance(kind, str) and kind in _THOUGHT
        (thinking if thought else text).append(_words(part, path))
    return "".join(thinking), "".join(text)


def _words(value: Any, path: str, blame: type[DiglotError] = InvalidResponse) -> str:
    """Return all words in a text, in a part, or in a list of either."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join([_words(item, f"{path}[{i}]", blame) for i, item in enumerate(value)])
    if isinstance(value, dict):
        found = next((value[name] for name in _TEXT if value.get(name)), None)
        return _words(found, path, blame)
    raise blame(f"{path} must be a string or a list of parts, not {describe(value)}", path=path)
