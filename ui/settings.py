"""What a chat is asked with: model, API, tools, system prompt, parameters.

Remembered for the session.
"""

from __future__ import annotations

import streamlit as st

from core.chats.service import Service
from core.chats.values import ChatOptions, FaceDialect
from core.errors import DiglotError
from ui.parameters import count_set, show_lost, show_parameters
from ui.words import t

__all__ = ["abilities", "show_settings"]

_BADGES = {"tools": "blue", "vision": "violet", "thinking": "green"}


def show_settings(service: Service, models: list[str]) -> ChatOptions:
    """Draw the row of choices and return them."""
    with st.container(horizontal=True, vertical_alignment="center"):
        model = st.selectbox(
            t("chat.model"),
            models,
            key="model",
            persist_state="session",
            label_visibility="collapsed",
            placeholder=t("status.no_models"),
            width=200,
        )
        dialect: FaceDialect | None = st.segmented_control(
            t("api.label"),
            ["ollama", "openai"],
            format_func=lambda name: t(f"api.{name}"),
            default="ollama",
            required=True,
            key="dialect",
            persist_state="session",
            label_visibility="collapsed",
            help=t("api.help"),
        )
        with st.popover(t("chat.tools"), icon=":material/construction:"):
            tools = st.pills(
                t("chat.tools"),
                service.toolbox.names,
                selection_mode="multi",
                key="tools",
                persist_state="session",
                help=t("chat.tools_help"),
            )
        with st.popover(t("chat.system"), icon=":material/tune:"):
            system = st.text_area(
                t("chat.system"),
                key="system",
                persist_state="session",
                placeholder=t("chat.system_hint"),
                height=160,
            )
        able = abilities(service, model)
        count = st.session_state.get("parameters_set", 0)
        said = t("parameters.title_set", count=count) if count else t("parameters.title")
        with st.popover(said, icon=":material/instant_mix:", width="content"):
            plain = ChatOptions(
                model=model or "",
                dialect=dialect or "ollama",
                tools=tuple(tools or ()),
                system=system or "",
            )
            options = show_parameters(plain, thinks="thinking" in able)
            show_lost(service, options)
        for ability in sorted(able & set(_BADGES)):
            st.badge(ability, color=_BADGES[ability])  # type: ignore[arg-type]  # of the table
    if count_set(options) != count:
        # The button above was drawn before its fields were read.
        st.session_state["parameters_set"] = count_set(options)
        st.rerun()
    return options


def abilities(service: Service, model: str | None) -> frozenset[str]:
    """Return what a model can do; nothing while that cannot be known."""
    status = service.status()
    if not model or status.phase != "ready":
        return frozenset()
    try:
        return service.capabilities(model)
    except DiglotError:
        return frozenset()
