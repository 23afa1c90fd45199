"""The rows of thinking: on, off and how much, wherever clients write it."""

from __future__ import annotations

from collections.abc import Collection

from core.translation.fields.field import Field, own_rows

# See core/translation/dialects/shared/thinking.py, which reads them.
_PATHS = {
    "reasoning_effort": "think",
    "reasoning.effort": "think",
    "reasoning.enabled": "think",
    "reasoning.max_tokens": "thinking_budget",
    "thinking": "think",
    "thinking.type": "think",
    "thinking.budget_tokens": "thinking_budget",
    "enable_thinking": "think",
    "thinking_budget": "thinking_budget",
    "chat_template_kwargs.enable_thinking": "think",
    "chat_template_kwargs.thinking": "think",
    "chat_template_kwargs.reasoning_effort": "think",
    "think": "think",
}

# Whether thinking is shown is the client's affair: it gets it apart from the text.
_SHOWN = ("reasoning.exclude", "include_reasoning", "separate_reasoning", "thinking.display")


def thinking_rows(dialect: str, *, but: Collection[str] = ()) -> tuple[Field, ...]:
    """Return the rows of a dialect, ``but`` for paths that it has rows of its own for."""
    said = [
        row
        for path, note in _PATHS.items()
        if path not in but
        for row in own_rows(dialect, "thinking", path, retyped=True, note=note)
    ]
    shown = own_rows(dialect, "thinking.display", *_SHOWN, harmless=True, note="thinking_shown")
    return (*said, *shown)
