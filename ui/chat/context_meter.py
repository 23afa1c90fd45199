"""How much of what a model can remember is in use, by the backend's own counts."""

from __future__ import annotations

import time
from typing import Any

import streamlit as st

from core.chats.service import Service
from core.chats.values.chat import ChatMessage, ChatOptions
from core.errors import DiglotError
from ui.words import t

_KEEP = 15.0
"""Seconds for which a server's word on its context is good: it changes only by loading."""

_FULL = 0.85


def read_meter(
    service: Service, options: ChatOptions, last: ChatMessage | None
) -> dict[str, Any] | None:
    """Return the meter for the conversation that ends in ``last``: its words, whether it is nearly
    full, and the share that is used where the limit is known. None without counts.
    """
    used = int(last.numbers.get("context_tokens", 0)) if last is not None else 0
    if not used:
        return None
    limit = int(options.settings.get("num_ctx") or 0) or _limit(service, options.model)
    if not limit:
        return {"words": t("meter.used", used=f"{used:,}"), "full": False}
    share = min(1.0, used / limit)
    said = t("meter.of", used=f"{used:,}", limit=f"{limit:,}")
    full = share > _FULL
    return {"words": f"{said} · {t('meter.full')}" if full else said, "full": full, "share": share}


def _limit(service: Service, model: str) -> int:
    kept = st.session_state.setdefault("_limits", {})
    when, limit = kept.get(model, (0.0, 0))
    if time.monotonic() - when > _KEEP:
        try:
            limit = service.context(model)
        except DiglotError:
            limit = 0
        kept[model] = (time.monotonic(), limit)
    return int(limit)
