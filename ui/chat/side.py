"""The chats at the side: to open, find, rename, pin, export, delete, and to begin a new one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import streamlit as st

from core.chats.feed.listing import list_chats
from core.chats.service import Service
from ui.chat.navigation import ask_for, open_chat
from ui.chat.script import show_part
from ui.words import language

WORDS = (
    "chat.cancel chat.delete chat.deleted_chat chat.export chat.export_all chat.import chat.list "
    "chat.more chat.new chat.older_ones chat.pin chat.rename chat.save chat.temporary "
    "chat.temporary_help chat.undo chat.unpin search.clear search.hint search.nothing search.title"
).split()


def show_side(service: Service, owner: str, *, current: str) -> None:
    """Draw the list; ``current`` is the chat that is open."""
    about = {
        "list": msgspec.to_builtins(list_chats(service, owner, language())),
        "current": current,
        "temporary": bool(st.session_state.get("temporary")),
    }
    show_part("side", owner, WORDS, about, _heard)


def _heard(event: Mapping[str, Any]) -> None:
    kind, chat = event.get("kind"), str(event.get("chat") or "")
    if kind == "open":
        open_chat(chat, message=str(event.get("message") or ""))
    elif kind == "new":
        open_chat(None)
    elif kind == "temporary":
        st.session_state["temporary"] = bool(event.get("on"))
    elif kind in ("import", "export_all", "export"):
        ask_for(str(kind), chat)
