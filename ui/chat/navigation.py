"""Places: the chat that is open, and the link to a message."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

import streamlit as st

_JS = """
export default function ({ data }) {
  const wait = (left) => {
    const place = document.querySelector(data.place);
    if (!place) { if (left) setTimeout(() => wait(left - 1), 100); }
    else place.focus();
  };
  wait(30);
}
"""
_mount = st.components.v2.component("diglot.place", html="<span></span>", js=_JS)


def link_to(chat_id: str, message_id: str) -> str:
    """Return the address of a message."""
    page = urlsplit(st.context.url or "http://127.0.0.1:8501")
    return f"{page.scheme}://{page.netloc}/?{urlencode({'c': chat_id, 'm': message_id})}"


def focus_on(field: str) -> None:
    """Put the cursor into the field with the key ``field``."""
    place = f".st-key-{field} input"
    _mount(data={"place": place}, key=f"place_{place}", width=1, height=1)


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
