"""``tool_choice`` in OpenAI's dialects: a word, or an object that names one tool or some."""

from __future__ import annotations

from typing import Any, Literal

from core.translation.messages import NamedTool, ToolChoice

__all__ = ["dump_choice", "parse_choice"]

_CHOICES: tuple[Literal["auto", "none", "required"], ...] = ("auto", "none", "required")


def parse_choice(value: Any) -> ToolChoice | None:
    """Read ``tool_choice`` or ``function_call``: a word, or the object that names a function.

    What is neither is no choice: Ollama's openai/openai.go ignores the field altogether. So is
    a tool of OpenAI's own servers, which is left out with the rest of it.
    """
    for word in _CHOICES:
        if value == word:
            return word
    if isinstance(value, dict):
        if value.get("type") == "allowed_tools":
            return _parse_allowed(value.get("allowed_tools", value))
        named = value.get("function") or value.get("custom")
        name = named.get("name") if isinstance(named, dict) else value.get("name")
        if isinstance(name, str) and name:
            return NamedTool(name)
    return None


def _parse_allowed(value: Any) -> ToolChoice | None:
    """Read the choice among some of the tools: whether one must be called is all that is told."""
    return "required" if isinstance(value, dict) and value.get("mode") == "required" else None


def dump_choice(choice: ToolChoice) -> Any:
    """Write ``tool_choice``."""
    if isinstance(choice, NamedTool):
        return {"type": "function", "function": {"name": choice.name}}
    return choice
