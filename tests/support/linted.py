"""Tools that the lint looks at."""

from __future__ import annotations

from typing import Any

from core.translation.messages import Tool


def tool(properties: dict[str, Any] | None = None, /, **more: Any) -> Tool:
    schema = {"type": "object", "properties": properties or {}, **more.pop("schema", {})}
    schema.setdefault("required", list(properties or {}))
    words = {"name": "get_weather", "description": "Tell the weather of a city.", **more}
    return Tool(**words, parameters=schema)


def text(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, **more}
