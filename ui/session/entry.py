"""Who is let in where other machines can reach the pages: whoever signs in, or knows a key.

On loopback it is the person at this machine. A demo is for everybody, and so is a server whose
config says that it is open.
"""

from __future__ import annotations

import time

import streamlit as st

from core.chats.service import Service
from core.config.access import Digest
from ui.session.account import is_exposed, must_sign_in, show_sign_in
from ui.session.identity import browser_owner
from ui.words import t

_KNOWN = 10_000
_entered: dict[str, Digest] = {}
"""Which browser has come in by which key: it need not be asked at every visit."""


def is_inside(service: Service) -> bool:
    """Tell whether this person may see the pages."""
    if must_sign_in() is not None:
        return not must_sign_in()
    access = service.fleet.config.access
    if access.open or service.demo or not is_exposed():
        return True
    digest = _entered.get(browser_owner())
    # A key that the config has lost since, or that has expired, opens nothing any more.
    return digest is not None and access.enters(digest, now=time.time())


def show_door(service: Service) -> None:
    """Draw the way in for somebody who is not inside."""
    with st.container(border=True, width=420):
        st.markdown(f"#### {t('account.welcome')}")
        if must_sign_in():
            show_sign_in()
        else:
            _ask_key(service)


def _ask_key(service: Service) -> None:
    st.caption(t("account.key_why"))
    with st.form("entry_form", border=False):
        given = st.text_input(t("account.key"), type="password", key="entry_key")
        sent = st.form_submit_button(t("account.enter"), type="primary", width="stretch")
    if not sent:
        return
    # Not kept a moment longer than it is needed.
    st.session_state.pop("entry_key", None)
    digest = Digest.of(given)
    if service.fleet.config.access.enters(digest, now=time.time()):
        for browser in list(_entered)[: len(_entered) - _KNOWN + 1]:
            del _entered[browser]
        _entered[browser_owner()] = digest
        st.rerun()
    st.error(t("account.key_wrong"), icon=":material/error:")
