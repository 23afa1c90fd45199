"""The tool page: define tools, call them, see models call them, test them, take them away."""

from __future__ import annotations

import streamlit as st

from core.chats.service import current_service
from ui.session.account import owner
from ui.toolbench.box import show_toolbox
from ui.toolbench.call_form import show_by_hand
from ui.toolbench.connections import show_connections
from ui.toolbench.examples import show_examples
from ui.toolbench.exports import show_take_away
from ui.toolbench.matrix import show_tests
from ui.toolbench.run import show_run
from ui.toolbench.side import show_side
from ui.words import t

SECTIONS = {
    "run": show_run,
    "hand": show_by_hand,
    "tests": show_tests,
    "take": show_take_away,
    "connect": show_connections,
    "examples": show_examples,
}

service = current_service()
me = owner(service)

st.markdown(f"## {t('tools.title')}")
st.caption(t("tools.intro"))
left, right = st.columns([5, 8], gap="large")
show_side(service, me)
with left:
    show_toolbox(service, me)
with right:
    section = st.segmented_control(
        t("tools.section"),
        list(SECTIONS),
        format_func=lambda name: t(f"tools.section_{name}"),
        default="run",
        required=True,
        key="tool_section",
        persist_state="session",
        label_visibility="collapsed",
    )
    SECTIONS[section or "run"](service, me)
