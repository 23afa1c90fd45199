"""The frame: navigation, language and the server's status. Runs before every page."""

from __future__ import annotations

import streamlit as st

from core.chats.service import current_service
from core.words import languages
from ui.console.unlock import show_unlock
from ui.session.account import is_operator, show_account
from ui.session.entry import is_inside, show_door
from ui.style import show_style
from ui.widgets.keyboard_scroll import make_reachable
from ui.widgets.keys import show_keys
from ui.widgets.status import show_status
from ui.words import language, set_language, t

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


OPERATOR = st.Page(
    "../pages/console.py",
    title=t("operator.nav"),
    icon=":material/monitor_heart:",
    url_path="operator",
)


def _language_changed() -> None:
    chosen: str | None = st.session_state["_language_switch"]
    if chosen is not None:
        set_language(chosen)


show_style()
service = current_service()
inside = is_inside(service)
page = st.navigation(
    [*PAGES, OPERATOR] if is_operator(service) else PAGES,
    position="top",
)
# The page fills the first place; the foot is drawn now, as a page may stay busy for long.
with st.sidebar:
    st.markdown("### Diglot")
    st.session_state["_sidebar"] = st.container()
    st.divider()
    if inside:
        show_account(service)
        show_unlock(service)
        show_status(service)
        show_keys()
    st.segmented_control(
        t("app.language"),
        list(languages()),
        format_func=languages().__getitem__,
        default=language(),
        required=True,
        key="_language_switch",
        on_change=_language_changed,
        label_visibility="collapsed",
    )
    make_reachable()
if inside:
    page.run()
else:
    show_door(service)
