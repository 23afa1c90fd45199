"""The fields of Ollama's dialects; chat and generate have theirs in core.translation.fields.chat.

Source: Ollama's docs/api.md (0.33.0-rc2).
"""

from __future__ import annotations

from core.translation.fields.field import Columns

CHAT = Columns(dialect="ollama", native=True)
GENERATE = Columns(dialect="generate", native=True)

_EMBED = {
    "embed.model": "model",
    "embed.input": "input",
    "embed.dimensions": "dimensions",
    "embed.truncate": "truncate",
    "embed.keep_alive": "keep_alive",
    "embed.options": "options",
}
EMBED = Columns(dialect="embed", same=_EMBED)
EMBED_LEGACY = Columns(
    dialect="embed_legacy",
    same={
        "embed.model": "model",
        "embed.input": "prompt",
        "embed.keep_alive": "keep_alive",
        "embed.options": "options",
    },
)
