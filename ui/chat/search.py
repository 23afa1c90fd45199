"""Search over all chats, in a dialog."""

from __future__ import annotations

import streamlit as st

from core.chats.service import Service
from core.chats.values.chat import Found
from ui.chat.navigation import focus_on, open_chat
from ui.widgets.text import plain
from ui.words import t


def show_search(service: Service, owner: str) -> None:
    """Open the dialog; a click on what was found opens it at its place."""

    @st.dialog(t("search.title"), width="medium")
    def draw() -> None:
        typed = st.text_input(
            t("search.title"),
            key="search_words",
            placeholder=t("search.hint"),
            label_visibility="collapsed",
            icon=":material/search:",
        )
        focus_on("search_words")
        if not typed or not typed.strip():
            st.caption(t("search.help"))
            return
        found = service.store.search.find(owner, typed)
        if not found:
            st.caption(t("search.nothing"))
        for one in found:
            _show_found(one)

    draw()


def _show_found(found: Found) -> None:
    who = t(f"search.{found.role}") if found.role in ("user", "assistant") else found.role
    with st.container(border=True):
        if st.button(
            f"{plain(found.chat.title) or t('chat.untitled')} · {who}",
            key=f"found_{found.message_id}",
            type="tertiary",
            icon=":material/chat:",
        ):
            open_chat(found.chat.id, message=found.message_id)
            st.rerun()
        st.markdown(_marked(found))


def _marked(found: Found) -> str:
    out, place = [], 0
    for start, end in found.marks:
        out += [plain(found.excerpt[place:start]), f"**{plain(found.excerpt[start:end])}**"]
        place = end
    return "".join([*out, plain(found.excerpt[place:])])
