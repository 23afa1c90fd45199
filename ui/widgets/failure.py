"""Shows a failed page as a card in the reader's language, never as a raw exception."""

from __future__ import annotations

import streamlit as st

from core.chats.service import current_service
from core.error_kinds import error_facts
from core.errors import DiglotError
from ui.widgets.cards import error_card, forget_fault
from ui.words import t

_LOOK_EVERY = 2.0
"""Seconds between looks whether the database is back."""


def show_failure(error: Exception) -> bool:
    """Draw an exception of a page, fragment or callback; return True, since it is shown.

    Streamlit calls it (``on_script_error``) and writes the traceback to the log. While the database
    is unreachable the page keeps checking, and redraws itself once it is back.
    """
    if isinstance(error, DiglotError):
        facts = error_facts(error)
    else:
        # Its text may hold anything and helps no user: it is in the log.
        facts = {"code": "unexpected", "message": type(error).__name__, "status": 500}
    key = f"failure_{id(error)}"
    error_card(facts, key=key)
    st.button(t("error.retry"), icon=":material/refresh:", key=f"again_{key}")
    if facts["code"] == "store_unavailable":
        st.caption(t("error.comes_back"))
        st.fragment(_come_back, run_every=_LOOK_EVERY)()
    return True


def _come_back() -> None:
    try:
        current_service().store.ping()
    except DiglotError:
        return
    forget_fault()
    st.rerun()
