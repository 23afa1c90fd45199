"""Whose chats are shown: those of a signed-in person, of this browser, or shared ones.

Signing in is Streamlit's own (OpenID Connect; its settings are ``[auth]`` in
``.streamlit/secrets.toml``). Once it is set up, nobody sees a page without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import streamlit as st

from core.chats.service import Service
from core.chats.values.owners import person_owner
from core.http.addresses import is_loopback
from ui.session.identity import browser_owner
from ui.words import t

_SHARED = "demo"
_UNLOCKED = "_operator"


def owner(service: Service) -> str:
    """Return the owner of the chats that this page shows and creates."""
    if service.demo:
        return _SHARED
    if _providers() and st.user.is_logged_in:
        return person_owner(str(st.user.get("iss", "")), str(st.user.get("sub", "")))
    return browser_owner()


def is_operator(service: Service) -> bool:
    """Tell whether this person is an operator, who may see everybody's exchanges.

    Where people sign in, the config names its operators. Whoever enters the master key is one, too.
    Without either, it is whoever uses a browser on this machine.
    """
    access = service.fleet.config.access
    # Revoked when the master key has changed.
    if access.master is not None and st.session_state.get(_UNLOCKED) == access.master:
        return True
    if service.demo:
        return False
    if _providers():
        # An e-mail address that the provider has not verified may be anybody's.
        proven = st.user.is_logged_in and st.user.get("email_verified") is not False
        return proven and str(st.user.get("email") or "").casefold() in access.operators
    return access.master is None and _at_this_machine()


def told(service: Service, words: str) -> str:
    """Return the words of an error as this person may read them: operators see addresses."""
    return words if is_operator(service) else service.addresses.text(words)


def told_facts(service: Service, facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what is kept of an error, likewise."""
    return facts if is_operator(service) else service.addresses.facts(facts)


def unlock_operator(service: Service, key: str) -> bool:
    """Make an operator of whoever knows the master key, for this session; return whether it is."""
    master = service.fleet.config.access.master
    if master is None or not master.matches(key):
        return False
    st.session_state[_UNLOCKED] = master
    return True


def must_sign_in() -> bool | None:
    """Tell whether this person has yet to sign in; None where sign-in is not set up."""
    return not st.user.is_logged_in if _providers() else None


def show_sign_in() -> None:
    """Draw a button for each way to sign in."""
    st.caption(t("account.why"))
    for name, label in _providers().items():
        text = t("account.sign_in_with", name=label) if label else t("account.sign_in")
        st.button(
            text,
            type="primary",
            icon=":material/login:",
            width="stretch",
            key=f"sign_in_{name}",
            on_click=st.login,
            args=(name,) if name else (),
        )


def is_exposed() -> bool:
    """Tell whether other machines can reach the pages. An empty address means all of them."""
    return not is_loopback(str(st.get_option("server.address") or ""))


def show_account(service: Service) -> None:
    """Show in the sidebar who is signed in, or that a demo's chats are shared."""
    if service.demo:
        st.caption(f":material/groups: {t('account.demo')}")
    if not _providers() or not st.user.is_logged_in:
        return
    name = st.user.get("name") or st.user.get("email") or st.user.get("sub") or ""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f":material/account_circle: {name!s}", width="content")
        st.button(
            t("account.sign_out"),
            type="tertiary",
            icon=":material/logout:",
            key="sign_out",
            on_click=st.logout,
        )


def _providers() -> dict[str, str]:
    """Return the sign-in providers: their names in the settings, and their labels."""
    if not st.secrets.load_if_toml_exists() or "auth" not in st.secrets:
        return {}
    about = st.secrets["auth"]
    if "client_id" in about:
        return {"": ""}
    return {
        name: name.replace("_", " ").title()
        for name, value in about.items()
        if isinstance(value, Mapping) and "client_id" in value
    }


def _at_this_machine() -> bool:
    """Tell whether the browser is on this machine. A proxy in front would make all look local."""
    headers = st.context.headers
    if any(name in headers for name in ("Forwarded", "X-Forwarded-For", "X-Real-Ip")):
        return False
    host = urlsplit(f"//{headers.get('Host', 'localhost')}").hostname or ""
    return not is_exposed() and is_loopback(host)
