"""Why a part of a definition does not arrive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from core.note import Note

__all__ = ["REASONS", "TARGETS", "Target"]

Target = Literal["diglot", "ollama", "ollama_new", "ollama_python", "openai_strict", "anthropic"]
TARGETS: Mapping[Target, Note] = {
    "diglot": Note("conversion.diglot"),
    "ollama": Note("conversion.ollama", source="Ollama api/types.go"),
    "ollama_new": Note("conversion.ollama_new", source="Ollama api/types.go", since="0.33.0"),
    "ollama_python": Note("conversion.ollama_python", source="ollama/_types.py"),
    "openai_strict": Note("conversion.openai_strict", source="OpenAI guide, structured outputs"),
    "anthropic": Note("conversion.anthropic", source="Anthropic API reference, messages"),
}
"""Where a definition may go, each with its name and the source that its rules are from."""

_GO = "Ollama api/types.go, ToolProperty"
_PYTHON = "ollama/_types.py, Tool"
_STRICT = "OpenAI guide, structured outputs, supported schemas"

REASONS: Mapping[str, Note] = {
    "kept": Note("conversion.kept"),
    "dropped": Note("conversion.dropped"),
    "changed": Note("conversion.changed"),
    "added": Note("conversion.added"),
    "ollama.dropped": Note("conversion.ollama.dropped", source=_GO),
    "ollama_new.dropped": Note("conversion.ollama_new.dropped", source=_GO, since="0.33.0"),
    "ollama.dropped.required": Note("conversion.ollama.dropped.required", source=_GO),
    "ollama.dropped.$ref": Note("conversion.ollama.dropped.$ref", source=_GO),
    "ollama_new.dropped.$ref": Note(
        "conversion.ollama_new.dropped.$ref", source=_GO, since="0.33.0"
    ),
    "ollama.changed.type": Note("conversion.ollama.changed.type", source=_GO),
    "ollama.added": Note("conversion.ollama.added", source=_GO),
    "ollama_new.added": Note("conversion.ollama_new.added", source=_GO, since="0.33.0"),
    "ollama_python.dropped": Note("conversion.ollama_python.dropped", source=_PYTHON),
    "ollama_python.added": Note("conversion.ollama_python.added", source=_PYTHON),
    "dropped.default": Note("conversion.dropped.default"),
    "dropped.strict": Note("conversion.dropped.strict"),
    "openai_strict.dropped": Note("conversion.openai_strict.dropped", source=_STRICT),
    "openai_strict.dropped.default": Note(
        "conversion.openai_strict.dropped.default", source=_STRICT
    ),
    "openai_strict.dropped.oneOf": Note("conversion.openai_strict.dropped.oneOf", source=_STRICT),
    "openai_strict.added.anyOf": Note("conversion.openai_strict.added.anyOf", source=_STRICT),
    "openai_strict.added.additionalProperties": Note(
        "conversion.openai_strict.added.additionalProperties", source=_STRICT
    ),
    "openai_strict.changed.additionalProperties": Note(
        "conversion.openai_strict.changed.additionalProperties", source=_STRICT
    ),
    "openai_strict.added.required": Note("conversion.openai_strict.added.required", source=_STRICT),
    "openai_strict.changed.required": Note(
        "conversion.openai_strict.changed.required", source=_STRICT
    ),
    "openai_strict.changed.type": Note("conversion.openai_strict.changed.type", source=_STRICT),
    "openai_strict.added.strict": Note("conversion.openai_strict.added.strict", source=_STRICT),
    "anthropic.added": Note("conversion.anthropic.added"),
    "go_property": Note("conversion.go_property", source=_GO),
    "go_type": Note("conversion.go_type", source=_GO),
    "python_type": Note("conversion.python_type", source=_PYTHON),
    "python_property": Note("conversion.python_property", source=_PYTHON),
    "strict_root": Note("conversion.strict_root", source=_STRICT),
    "anthropic_root": Note("conversion.anthropic_root", source="Anthropic API reference, messages"),
}
