"""Unlocks the operator's page for this session with the master key."""

from __future__ import annotations

import streamlit as st

from core.chats.service import Service
from ui.session.account import is_operator, unlock_operator
from ui.words import t


def show_unlock(service: Service) -> None:
    """Draw the button that asks for the master key, if one is set and not yet given."""
    if service.fleet.config.access.master is None or is_operator(service):
        return
    if st.button(
        t("operator.unlock"), icon=":material/shield_person:", type="tertiary", key="unlock"
    ):
        _ask(service)


def _ask(service: Service) -> None:
    @st.dialog(t("operator.unlock"))
    def ask() -> None:
        with st.form("unlock_form", border=False):
            given = st.text_input(t("operator.master_key"), type="password", key="unlock_key")
            sent = st.form_submit_button(t("operator.unlock_do"), type="primary")
        if not sent:
            return
        # Not kept a moment longer than it is needed.
        st.session_state.pop("unlock_key", None)
        if unlock_operator(service, given):
            st.rerun()
        st.error(t("operator.unlock_wrong"), icon=":material/error:")

    ask()
