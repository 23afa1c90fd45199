"""Calling a tool by hand: a form made from its schema, or JSON; the result and its time."""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from core.chats.service import Service
from core.chats.toolbench.call_tool import HandResult
from core.errors import DiglotError
from core.tools.definitions.values import Definition
from ui.toolbench.bench import bench, revision
from ui.toolbench.form import show_form
from ui.toolbench.timeline import show_fit
from ui.widgets.cards import attempt, show_fault
from ui.widgets.picking import pick_one
from ui.widgets.text import plain, pretty
from ui.words import t

_MOST_SHOWN = 20_000


def show_by_hand(service: Service, owner: str) -> None:
    """Draw the form and the last call's result."""
    kept = bench(service, owner)
    if not kept.definitions:
        st.info(t("tools.no_tools"), icon=":material/construction:")
        return
    names = [one.tool.name for one in kept.definitions]
    name = st.selectbox(t("tools.tool"), names, key="hand_tool", persist_state="session")
    definition = kept.definitions[names.index(name) if name in names else 0]
    if definition.tool.description:
        st.caption(plain(definition.tool.description))
    arguments = _pick_arguments(definition)
    fits = show_fit(definition.tool, arguments)
    runs = _runs(service, definition)
    if not runs:
        st.info(t("tools.hand_no_runner"), icon=":material/info:")
    if st.button(
        t("tools.call"), type="primary", icon=":material/play_arrow:", disabled=not runs, key="call"
    ):
        _call(service, definition, arguments)
    if not fits:
        st.caption(t("tools.hand_unfit"))
    show_fault(service)
    found: tuple[str, HandResult] | None = st.session_state.get("hand_result")
    if found is not None and found[0] == definition.tool.name:
        _show_result(found[1])


def _pick_arguments(definition: Definition) -> str:
    """Draw the form with the JSON beside it, or a field for JSON, and return JSON text."""
    way = pick_one(
        t("tools.hand_way"), ("form", "json"), lambda name: t(f"tools.hand_{name}"), key="hand_way"
    )
    key = f"{definition.tool.name}_{revision()}"
    if way == "json":
        written: str = st.text_area(
            t("tools.arguments"),
            st.session_state.get(f"hand_kept_{key}", "{}"),
            key=f"json_{key}",
            height=240,
        )
        return written
    left, right = st.columns(2)
    with left:
        value: Any = show_form(definition.tool.parameters or {}, f"form_{key}")
        if not value and not (definition.tool.parameters or {}).get("properties"):
            st.caption(t("tools.no_arguments"))
    text = json.dumps(value, ensure_ascii=False, indent=2)
    # The other view starts from these arguments.
    st.session_state[f"hand_kept_{key}"] = text
    with right:
        st.code(text, language="json", wrap_lines=True)
    return text


def _runs(service: Service, definition: Definition) -> bool:
    try:
        return service.runners.runs(definition)
    except DiglotError:
        return False


def _call(service: Service, definition: Definition, arguments: str) -> None:
    def work() -> None:
        found = service.runners.call(definition, arguments)
        st.session_state["hand_result"] = (definition.tool.name, found)

    attempt(work)


def _show_result(found: HandResult) -> None:
    result = found.result
    icon = ":material/check_circle:" if result.ok else ":material/error:"
    took = f"{result.duration / 1e6:.1f} ms"
    with st.container(border=True, key="hand_shown"):
        st.markdown(f"{icon} **{t('tools.step_result')}** :gray[{took}]")
        text = pretty(result.content)
        st.code(text[:_MOST_SHOWN] or t("tools.nothing"), language="json", wrap_lines=True)
        if found.printed:
            st.caption(t("tools.printed"))
            st.code(found.printed[:_MOST_SHOWN], language=None, wrap_lines=True)
