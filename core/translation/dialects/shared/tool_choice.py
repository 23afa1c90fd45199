"""``tool_choice``: a word, or an object that names one tool or some, in any API's form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from core.translation.fields.allowed_tools import allowed_choice
from core.translation.messages import NamedTool, ToolChoice

# OpenAI's words, and "any", as Anthropic's API and Mistral's have it.
_CHOICES: Mapping[str, Literal["auto", "none", "required"]] = {
    "auto": "auto",
    "none": "none",
    "required": "required",
    "any": "required",
}


def parse_choice(value: Any) -> ToolChoice | None:
    """Read ``tool_choice`` or ``function_call``: a word, or the object that names a function.

    What is neither is no choice: Ollama's openai/openai.go ignores the field altogether. So is
    a tool of OpenAI's own servers, which is left out with the rest of it.
    """
    word = value.get("type") if isinstance(value, dict) else value
    if isinstance(word, str) and word in _CHOICES:
        return _CHOICES[word]
    if isinstance(value, dict):
        allowed = allowed_choice({"tool_choice": value})
        if allowed is not None:
            # Which tools it allows is read with the tools, of which it leaves the others out.
            return "required" if allowed.get("mode") == "required" else "auto"
        named = value.get("function") or value.get("custom")
        name = named.get("name") if isinstance(named, dict) else value.get("name")
        if isinstance(name, str) and name:
            return NamedTool(name)
    return None


def dump_choice(choice: ToolChoice) -> Any:
    """Write ``tool_choice``."""
    if isinstance(choice, NamedTool):
        return {"type": "function", "function": {"name": choice.name}}
    return choice
