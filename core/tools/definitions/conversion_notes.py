"""The reasons why a part of a definition changes at a target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from core.note import Note, notes

Target = Literal["diglot", "ollama", "ollama_new", "ollama_python", "openai_strict", "anthropic"]
TARGETS: Mapping[Target, Note] = {
    "diglot": Note("conversion.diglot"),
    "ollama": Note("conversion.ollama", source="Ollama api/types.go"),
    "ollama_new": Note("conversion.ollama_new", source="Ollama api/types.go", since="0.33.0"),
    "ollama_python": Note("conversion.ollama_python", source="ollama/_types.py"),
    "openai_strict": Note("conversion.openai_strict", source="OpenAI guide, structured outputs"),
    "anthropic": Note("conversion.anthropic", source="Anthropic API reference, messages"),
}
"""The targets, each with its name and the source of its rules."""

_GO = "Ollama api/types.go, ToolProperty"
_PYTHON = "ollama/_types.py, Tool"
_STRICT = "OpenAI guide, structured outputs, supported schemas"

REASONS = notes(
    "conversion",
    {
        "": "kept dropped changed added dropped.default dropped.strict anthropic.added",
        _GO: """ollama.dropped ollama_new.dropped ollama.dropped.required ollama.dropped.$ref
            ollama_new.dropped.$ref ollama.changed.type ollama.added ollama_new.added go_property
            go_type""",
        _PYTHON: """ollama_python.dropped ollama_python.added python_type
            python_property""",
        _STRICT: """openai_strict.dropped openai_strict.dropped.default
            openai_strict.dropped.oneOf openai_strict.added.anyOf
            openai_strict.added.additionalProperties openai_strict.changed.additionalProperties
            openai_strict.added.required openai_strict.changed.required openai_strict.changed.type
            openai_strict.added.strict strict_root""",
        "Anthropic API reference, messages": "anthropic_root",
    },
    since={
        "0.33.0": "ollama_new.dropped ollama_new.dropped.$ref ollama_new.added",
    },
)
