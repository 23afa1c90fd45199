"""Which other model can answer what one could not: one that sees, calls tools, or is smaller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.chats.service import Service
from core.chats.values.chat import ChatMessage
from core.error_kinds import fault_kind
from core.errors import DiglotError

_NEEDED = {"no_vision": "vision", "no_tools": "tools"}
_MOST = 8
"""Models that are looked at: each may cost a request to its server."""


def model_instead(service: Service, message: ChatMessage | None) -> str:
    """Return the name of a model to ask instead of the one that failed here; nothing if none is."""
    if message is None or not message.error:
        return ""
    kind = fault_kind(message.error)
    try:
        entries = service.models()
        others = [entry for entry in entries if entry["name"] != message.model][:_MOST]
        if kind == "out_of_memory":
            return _smaller(entries, others, message.model)
        if kind == "model_not_found":
            return str(others[0]["name"]) if others else ""
        able = (str(one["name"]) for one in others if _can(service, one, _NEEDED.get(kind, "")))
        return next(able, "")
    except DiglotError:
        return ""


def model_that_sees(service: Service, model: str, names: Sequence[str]) -> str:
    """Return which of ``names`` sees, to ask about an image that ``model`` cannot see.

    Nothing if it can, if that is not known, or if no other one can.
    """
    try:
        if not model or "vision" in service.capabilities(model):
            return ""
        others = [name for name in names if name != model][:_MOST]
        return next((name for name in others if "vision" in service.capabilities(name)), "")
    except DiglotError:
        return ""


def _smaller(
    entries: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]], model: str
) -> str:
    sizes = {str(entry["name"]): int(entry.get("size") or 0) for entry in entries}
    fitting = [name for name in map(_name, others) if 0 < sizes[name] < sizes.get(model, 0)]
    # The largest of them is the nearest to what was wanted.
    return max(fitting, key=sizes.__getitem__, default="")


def _can(service: Service, entry: Mapping[str, Any], ability: str) -> bool:
    return bool(ability) and ability in service.capabilities(_name(entry))


def _name(entry: Mapping[str, Any]) -> str:
    return str(entry["name"])
