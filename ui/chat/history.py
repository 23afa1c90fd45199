"""The chats at the side: pinned ones, then by day; to open, rename, pin, export, delete."""

from __future__ import annotations

from datetime import datetime, timedelta

import streamlit as st

from core.chats.service import Service
from core.chats.values.chat import Chat
from ui.chat.files import show_export, show_files
from ui.chat.navigation import open_chat
from ui.chat.search import show_search
from ui.widgets.cards import attempt
from ui.widgets.icons import icon_menu
from ui.widgets.text import plain
from ui.words import t

_LISTED = 24


def show_history(service: Service, owner: str, *, current: str | None) -> None:
    """Draw the list; a click opens a chat."""
    st.button(
        t("chat.new"),
        icon=":material/add:",
        width="stretch",
        shortcut="Ctrl+Shift+O",
        key="new",
        on_click=open_chat,
        args=(None,),
    )
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if st.button(
            t("search.title"),
            icon=":material/search:",
            type="tertiary",
            key="search",
            shortcut="Ctrl+K",
        ):
            show_search(service, owner)
        st.toggle(
            t("chat.temporary"),
            key="temporary",
            persist_state="session",
            help=t("chat.temporary_help"),
        )
    _show_undo(service, owner)
    shown = st.session_state.get("listed", _LISTED)
    chats = service.store.chats(owner, limit=shown + 1)
    day = ""
    for chat in chats[:shown]:
        if _day(chat) != day:
            day = _day(chat)
            st.caption(t(f"chat.{day}"))
        _show_chat(service, owner, chat, current=chat.id == current)
    if len(chats) > shown and st.button(
        t("chat.older_ones"), type="tertiary", icon=":material/expand_more:", key="older"
    ):
        st.session_state["listed"] = shown + 2 * _LISTED
        st.rerun()
    show_files(service, owner)


def _show_chat(service: Service, owner: str, chat: Chat, *, current: bool) -> None:
    # Columns, since a row of a horizontal container breaks at a long title.
    title, menu = st.columns([4, 1], gap="xxsmall", vertical_alignment="center")
    title.button(
        plain(chat.title) or t("chat.untitled"),
        key=f"open_{chat.id}",
        type="secondary" if current else "tertiary",
        width="stretch",
        on_click=open_chat,
        args=(chat.id,),
        wrap=False,
    )
    with menu:
        action = icon_menu(
            t("chat.more"),
            ["rename", "unpin" if chat.pinned else "pin", "export", "delete"],
            key=f"menu_{chat.id}",
            format_func=lambda name: t(f"chat.{name}"),
        )
    if action == "rename":
        _rename(service, owner, chat)
    elif action in ("pin", "unpin"):
        attempt(service.store.update_chat, owner, chat.id, pinned=action == "pin")
        st.rerun()
    elif action == "export":
        show_export(service, owner, chat)
    elif action == "delete":
        _delete(service, owner, chat)


def _rename(service: Service, owner: str, chat: Chat) -> None:
    @st.dialog(t("chat.rename"))
    def ask() -> None:
        title = st.text_input(t("chat.rename"), chat.title, label_visibility="collapsed")
        if st.button(t("chat.save"), type="primary") and title.strip():
            service.store.rename(owner, chat.id, title.strip())
            st.rerun()

    ask()


def _delete(service: Service, owner: str, chat: Chat) -> None:
    if attempt(service.hide_chat, owner, chat.id):
        st.session_state["undo_chat"] = (chat.id, chat.title)
        if st.session_state.get("chat") == chat.id:
            open_chat(None)
    st.rerun()


def _show_undo(service: Service, owner: str) -> None:
    """Draw the way back from the last deletion."""
    kept = st.session_state.get("undo_chat")
    if not kept:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(t("chat.deleted_chat", title=kept[1] or t("chat.untitled")), width="content")
        st.button(
            t("chat.undo"),
            key="undo_chat_button",
            type="tertiary",
            on_click=_restore,
            args=(service, owner, kept[0]),
        )


def _restore(service: Service, owner: str, chat_id: str) -> None:
    st.session_state.pop("undo_chat", None)
    if attempt(service.store.restore_chat, owner, chat_id):
        open_chat(chat_id)


def _day(chat: Chat) -> str:
    """Return the word for where a chat stands: pinned, or the day of its last message."""
    if chat.pinned:
        return "pinned"
    then = datetime.fromtimestamp(chat.updated / 1e9).date()
    today = datetime.now().date()
    if then == today:
        return "today"
    if then == today - timedelta(days=1):
        return "yesterday"
    return "week" if then > today - timedelta(days=7) else "older"
