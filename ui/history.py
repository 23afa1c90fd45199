"""The chats at the side: by day, to open, rename, delete, and to take out and in as files."""

from __future__ import annotations

from datetime import datetime, timedelta

import streamlit as st

from core.chats.exports import ExportKind
from core.chats.service import Service
from core.chats.values import Chat
from core.errors import DiglotError
from ui.words import t

__all__ = ["show_history"]

_LISTED = 60


def show_history(service: Service, owner: str, *, current: str | None) -> None:
    """Draw the list; a click opens a chat."""
    if st.button(
        t("chat.new"), icon=":material/add:", width="stretch", shortcut="Ctrl+Shift+O", key="new"
    ):
        _open(None)
        st.rerun()
    with st.popover(t("chat.import"), icon=":material/upload:", type="tertiary"):
        _import(service, owner)
    day = ""
    for chat in service.store.chats(owner, limit=_LISTED):
        if _day(chat) != day:
            day = _day(chat)
            st.caption(t(f"chat.{day}"))
        # Columns, since a row of a horizontal container breaks at a long title.
        title, menu = st.columns([4, 1], gap="xxsmall", vertical_alignment="center")
        title.button(
            chat.title or t("chat.untitled"),
            key=f"open_{chat.id}",
            type="secondary" if chat.id == current else "tertiary",
            width="stretch",
            on_click=_open,
            args=(chat.id,),
            wrap=False,
        )
        action = menu.menu_button(
            "",
            ["rename", "export", "delete"],
            key=f"menu_{chat.id}",
            type="tertiary",
            icon=":material/more_horiz:",
            format_func=lambda name: t(f"chat.{name}"),
            help=t("chat.more"),
        )
        if action == "rename":
            _rename(service, owner, chat)
        elif action == "export":
            _export(service, owner, chat)
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


_KINDS: tuple[tuple[ExportKind, str, str], ...] = (
    ("json", "json", "application/json"),
    ("markdown", "md", "text/markdown"),
    ("jsonl", "jsonl", "application/jsonl"),
)


def _export(service: Service, owner: str, chat: Chat) -> None:
    @st.dialog(t("chat.export"))
    def offer() -> None:
        for kind, ending, mime in _KINDS:
            try:
                data = service.export(owner, chat.id, kind)
            except DiglotError as exc:
                st.caption(f"{t(f'chat.export_{kind}')}: {exc.message}")
                continue
            st.download_button(
                t(f"chat.export_{kind}"),
                data,
                f"{chat.title or 'chat'}.{ending}",
                mime,
                icon=":material/download:",
                key=f"export_{kind}",
                on_click="ignore",
                width="stretch",
            )

    offer()


def _import(service: Service, owner: str) -> None:
    st.caption(t("chat.import_hint"))
    file = st.file_uploader(t("chat.import"), type="json", label_visibility="collapsed")
    if file is not None and st.button(t("chat.import_do"), type="primary", key="import"):
        try:
            chat = service.load(owner, file.getvalue())
        except DiglotError as exc:
            st.error(exc.message)
            return
        _open(chat.id)
        st.rerun()


def _delete(service: Service, owner: str, chat: Chat) -> None:
    @st.dialog(t("chat.delete"))
    def ask() -> None:
        st.write(t("chat.delete_sure", title=chat.title or t("chat.untitled")))
        with st.container(horizontal=True):
            if st.button(t("chat.delete"), type="primary"):
                service.stop(owner, chat.id)
                service.store.delete_chat(owner, chat.id)
                if st.session_state.get("chat") == chat.id:
                    _open(None)
                st.rerun()
            if st.button(t("chat.cancel")):
                st.rerun()

    ask()


def _open(chat_id: str | None) -> None:
    if chat_id is None:
        st.session_state.pop("chat", None)
        st.query_params.pop("c", None)
    else:
        st.session_state["chat"] = chat_id
        st.query_params["c"] = chat_id


def _day(chat: Chat) -> str:
    """Return the word for the day of the last message."""
    then = datetime.fromtimestamp(chat.updated / 1e9).date()
    today = datetime.now().date()
    if then == today:
        return "today"
    if then == today - timedelta(days=1):
        return "yesterday"
    return "week" if then > today - timedelta(days=7) else "older"
