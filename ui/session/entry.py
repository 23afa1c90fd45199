"""Who may enter pages that other machines can reach: whoever signs in or has a key.

On loopback no key is needed, nor for a demo or a server whose config says ``open``.
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
"""Which browser has come in by which key, as the store has it for all processes."""


def is_inside(service: Service) -> bool:
    """Tell whether this person may see the pages."""
    if must_sign_in() is not None:
        return not must_sign_in()
    access = service.fleet.config.access
    if access.open or service.demo or not is_exposed():
        return True
    digest = _digest_of(service, browser_owner())
    # A key that was removed from the config or has expired no longer lets anybody in.
    return digest is not None and access.enters(digest, now=time.time())


def _digest_of(service: Service, browser: str) -> Digest | None:
    """Return the digest of the key by which a browser has come in, in whatever process."""
    if browser not in _entered:
        kept = service.store.entries.get(browser)
        if kept is None:
            return None
        _remember(browser, Digest(bytes.fromhex(kept)))
    return _entered[browser]


def _remember(browser: str, digest: Digest) -> None:
    for known in list(_entered)[: len(_entered) - _KNOWN + 1]:
        del _entered[known]
    _entered[browser] = digest


def show_door(service: Service) -> None:
    """Draw the form that asks for a key, or the sign-in buttons."""
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
        service.store.entries.add(browser_owner(), digest.value.hex(), now=time.time_ns())
        _remember(browser_owner(), digest)
        st.rerun()
    st.error(t("account.key_wrong"), icon=":material/error:")
