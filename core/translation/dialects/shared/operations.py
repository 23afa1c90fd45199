"""The types of fields of which OpenAPI's descriptions of the routes are made."""

from __future__ import annotations

from typing import Any

TEXT: dict[str, Any] = {"type": "string"}
FLAG: dict[str, Any] = {"type": "boolean"}
COUNT: dict[str, Any] = {"type": "integer", "minimum": 1}
NUMBER: dict[str, Any] = {"type": "number"}
ANY_TEXT: dict[str, Any] = {"anyOf": [TEXT, {"type": "array", "items": TEXT}]}
OBJECTS: dict[str, Any] = {"type": "array", "items": {"type": "object"}}
MESSAGES: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["role", "content"],
        "properties": {
            "role": {"enum": ["system", "user", "assistant", "tool"]},
            "content": {"anyOf": [TEXT, OBJECTS]},
        },
    },
}

# The bodies of several routes.
NAMED = {"model": TEXT}
SAMPLED = {"model": TEXT, "prompt": TEXT, "stream": FLAG}
CHAT = {"model": TEXT, "messages": MESSAGES, "stream": FLAG, "temperature": NUMBER,
        "tools": OBJECTS}  # fmt: skip
