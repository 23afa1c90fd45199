"""Places: the chat that is open, the link to a message, the dialog above it."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

import streamlit as st


def link_to(chat_id: str, message_id: str) -> str:
    """Return the address of a message."""
    page = urlsplit(st.context.url or "http://127.0.0.1:8501")
    return f"{page.scheme}://{page.netloc}/?{urlencode({'c': chat_id, 'm': message_id})}"


def open_chat(chat_id: str | None, *, message: str = "") -> None:
    """Go to a chat, at one of its messages, or to none."""
    if chat_id is None:
        st.session_state.pop("chat", None)
        # The next chat that is begun is another one than that which may be begun now.
        st.session_state["fresh"] = st.session_state.get("fresh", 0) + 1
        st.query_params.pop("c", None)
    else:
        st.session_state["chat"] = chat_id
        st.query_params["c"] = chat_id
    if message:
        st.query_params["m"] = message
    else:
        st.query_params.pop("m", None)


def ask_for(kind: str, target: str = "") -> None:
    """Open a dialog (ui.chat.dialogs) about a message or a chat, from the next run on."""
    st.session_state["_dialog"] = (kind, target)


def close_dialog() -> None:
    """Draw no dialog from the next run on."""
    st.session_state.pop("_dialog", None)
