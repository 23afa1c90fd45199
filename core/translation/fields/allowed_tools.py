"""``tool_choice`` of type ``allowed_tools``: only the tools that it lists are offered.

OpenAI API reference 2026, chat completions and responses. The parsers and the report both look
at a body through ``mark_barred``, so that they agree on which tools these are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Barred(dict[str, Any]):
    """A tool of a request that its choice of tools does not allow."""


def allowed_choice(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return what a body's ``tool_choice`` allows (``mode``, ``tools``), None where it is another.

    Chat completions wrap it in ``allowed_tools``; in the responses API it stands bare.
    """
    choice = body.get("tool_choice")
    if not isinstance(choice, dict) or choice.get("type") != "allowed_tools":
        return None
    inner = choice.get("allowed_tools", choice)
    return inner if isinstance(inner, dict) else None


def mark_barred(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a body with each tool that is not allowed marked as ``Barred``.

    A namespace is allowed with all that is in it, or by the names of some of its functions. A
    list that names no tool at all allows every one.
    """
    choice, tools = allowed_choice(body), body.get("tools")
    listed = choice.get("tools") if choice is not None else None
    names = {_name(tool) for tool in listed} - {""} if isinstance(listed, list) else set()
    if not names or not isinstance(tools, list):
        return body
    return {**body, "tools": [_marked(tool, names) for tool in tools]}


def _name(tool: Any) -> str:
    if not isinstance(tool, dict):
        return ""
    inner = next((tool[key] for key in ("function", "custom") if isinstance(tool.get(key), dict)),
                 tool)  # fmt: skip
    name = inner.get("name")
    return name if isinstance(name, str) else ""


def _marked(tool: Any, names: set[str], namespace: str = "") -> Any:
    name = _name(tool)
    if not name or name in names or f"{namespace}__{name}" in names:
        return tool
    inner = tool.get("tools")
    if tool.get("type") != "namespace" or not isinstance(inner, list):
        return Barred(tool)
    marked = [_marked(one, names, name) for one in inner]
    some = any(not isinstance(one, Barred) for one in marked)
    return {**tool, "tools": marked} if some else Barred(tool)
