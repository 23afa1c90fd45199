"""The frame: navigation, language, and what answers here. Runs before every page."""

from __future__ import annotations

import streamlit as st

from core.chats.service import current_service
from ui.account import require_sign_in, show_account
from ui.icons import STYLE
from ui.keys import show_keys
from ui.status import show_status
from ui.words import LANGUAGES, Language, language, set_language, t

st.set_page_config(page_title="Diglot", page_icon="📖", layout="wide")

PAGES = [
    st.Page("../pages/chat.py", title=t("nav.chat"), icon=":material/forum:", default=True),
    st.Page(
        "../pages/tools.py",
        title=t("nav.tools"),
        icon=":material/construction:",
        url_path="tools",
    ),
    st.Page(
        "../pages/requests.py",
        title=t("nav.requests"),
        icon=":material/compare_arrows:",
        url_path="requests",
    ),
    st.Page(
        "../pages/models.py",
        title=t("nav.models"),
        icon=":material/deployed_code:",
        url_path="models",
    ),
]


def _language_changed() -> None:
    chosen: Language | None = st.session_state["_language_switch"]
    if chosen is not None:
        set_language(chosen)


# Streamlit leaves a hand's breadth free above the page; a tool for work needs the room.
st.html(
    "<style>.stMainBlockContainer{padding:4.2rem 2.5rem 2rem}"
    "@media(max-width:640px){.stMainBlockContainer{padding:4.2rem 1rem 2rem}}"
    "[class*=st-key-open_] button,[class*=st-key-open_] button>div{justify-content:flex-start}"
    "[data-testid=stSidebarHeader]{min-height:1rem;height:2.2rem}"
    ".st-key-definitions textarea,.st-key-pasted textarea"
    f"{{font-family:monospace;font-size:.85rem;line-height:1.45}}{STYLE}</style>"
)
service = current_service()
page = st.navigation(PAGES, position="top")
# The page fills the first place; the foot is drawn now, as a page may stay busy for long.
with st.sidebar:
    st.markdown("### Diglot")
    st.session_state["_sidebar"] = st.container()
    st.divider()
    show_account(service)
    show_status(service)
    show_keys()
    st.segmented_control(
        t("app.language"),
        list(LANGUAGES),
        format_func=LANGUAGES.__getitem__,
        default=language(),
        required=True,
        key="_language_switch",
        on_change=_language_changed,
        label_visibility="collapsed",
    )
require_sign_in()
page.run()
