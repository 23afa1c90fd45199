"""The format of an answer, wherever clients ask for it: OpenAI's ``response_format`` and others.

Servers that speak OpenAI's dialect have names of their own for a schema, and clients that know one
of them send it to all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.translation.codec.json import read_flag, read_object, read_text
from core.translation.messages import ResponseFormat

_WRAPPER = "json_schema"


def read_format(body: Mapping[str, Any]) -> ResponseFormat | None:
    """Return what a body asks for; the first place that asks for something counts."""
    said = parse_format(body.get("response_format"), "response_format")
    if said is not None:
        return said
    # Ollama's own name; vLLM's older one and its newer; llama.cpp's.
    inner = body.get("structured_outputs")
    newer = inner.get("json") if isinstance(inner, dict) else None
    for value in (body.get("format"), body.get("guided_json"), newer, body.get(_WRAPPER)):
        if isinstance(value, dict) and value:
            return ResponseFormat(schema=value)
    return ResponseFormat() if body.get("format") == "json" else None


def parse_format(value: Any, path: str) -> ResponseFormat | None:
    """Read a format; type "text", or an unknown word, is the same as none at all.

    The schema stands in ``json_schema`` in chat completions, and bare in the responses API, in
    llama.cpp's form, which has one under ``json_object`` too, and in Anthropic's.
    """
    if value is None:
        return None
    body = read_object(value, path)
    kind = read_text(body.get("type"), f"{path}.type")
    if kind not in ("json_object", "json_schema"):
        return None
    if body.get(_WRAPPER) is not None:
        path = f"{path}.{_WRAPPER}"
        body = read_object(body[_WRAPPER], path)
    schema = body.get("schema")
    return ResponseFormat(
        schema=None if schema is None else read_object(schema, f"{path}.schema"),
        name=read_text(body.get("name"), f"{path}.name"),
        description=read_text(body.get("description"), f"{path}.description"),
        strict=read_flag(body.get("strict"), f"{path}.strict"),
    )
