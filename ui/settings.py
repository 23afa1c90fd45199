"""What a chat is asked with: model, API, tools, system prompt. Remembered for the session."""

from __future__ import annotations

import streamlit as st
from msgspec import Struct
from msgspec.structs import replace

from core.chats.service import FaceDialect, Service
from core.errors import DiglotError
from ui.words import t

__all__ = ["Settings", "abilities", "show_settings"]

_BADGES = {"tools": "blue", "vision": "violet", "thinking": "green"}


class Settings(Struct, frozen=True, kw_only=True):
    """The choices in use."""

    model: str
    dialect: FaceDialect = "ollama"
    tools: tuple[str, ...] = ()
    system: str = ""

    def with_tools(self, tools: tuple[str, ...]) -> Settings:
        """Return the same choices with other tools, where any are given."""
        return replace(self, tools=tools or self.tools)


def show_settings(service: Service, models: list[str]) -> Settings:
    """Draw the row of choices and return them."""
    with st.container(horizontal=True, vertical_alignment="center"):
        model = st.selectbox(
            t("chat.model"),
            models,
            key="model",
            persist_state="session",
            label_visibility="collapsed",
            placeholder=t("status.no_models"),
            width=260,
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
        for ability in sorted(abilities(service, model) & set(_BADGES)):
            st.badge(ability, color=_BADGES[ability])  # type: ignore[arg-type]  # of the table
    return Settings(
        model=model or "",
        dialect=dialect or "ollama",
        tools=tuple(tools or ()),
        system=system or "",
    )


def abilities(service: Service, model: str | None) -> frozenset[str]:
    """Return what a model can do; nothing while that cannot be known."""
    status = service.status()
    if not model or status.phase != "ready":
        return frozenset()
    try:
        return service.capabilities(model)
    except DiglotError:
        return frozenset()
