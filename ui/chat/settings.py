"""What a chat is asked with: model, API, tools, system prompt, parameters, and who else is asked.

Remembered for the session.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import streamlit as st
from msgspec.structs import replace

from core.chats.service import Service
from core.chats.values.chat import PAGE_DIALECTS, Asking, ChatOptions, other_dialect
from core.errors import DiglotError
from core.translation.dialects.shared.thinking import ThinkingLevels
from ui.chat.parameters import (
    count_set,
    known_ignored,
    look_ignored,
    read_parameters,
    show_lost,
    show_parameters,
)
from ui.chat.picker import pick_model
from ui.widgets.cards import attempt, try_it
from ui.widgets.picking import pick_one
from ui.words import t

_TOLD = ("thinking", "tools", "vision")
_MOST = 4
_ASKING: tuple[Asking, ...] = get_args(Asking)


def show_settings(
    service: Service, owner: str, models: list[str]
) -> tuple[ChatOptions, list[ChatOptions]]:
    """Draw the row of choices; return what is asked with, and with what else at the same time.

    What is behind the button is drawn only while somebody looks at it: its forty fields would
    take longer than all the rest of the page.
    """
    with st.container(
        horizontal=True, vertical_alignment="center", gap="xsmall", key="settings_bar"
    ):
        model = pick_model(owner, models)
        options = _chosen(service, model)
        others = _others(options, models)
        # With other words on it, it would be another button, and closed.
        drawer = st.popover(
            t("settings.title"),
            icon=":material/tune:",
            width="content",
            on_change="rerun",
            key="settings_open",
        )
        st.caption(_summary(options, others), width="content")
        if drawer.open:
            with drawer:
                _show_all(service, owner, options, models)
    return options, others


def _chosen(service: Service, model: str | None) -> ChatOptions:
    """Return what is set, whether its fields are drawn or not."""
    kept = st.session_state
    dialect = kept.get("dialect")
    names = kept.get("tools") or ()
    asking = kept.get("asking")
    plain = ChatOptions(
        model=model or "",
        dialect=dialect if dialect in PAGE_DIALECTS else PAGE_DIALECTS[0],
        tools=tuple(name for name in service.toolbox.names if name in names),
        system=str(kept.get("system") or ""),
        asking=asking if asking in _ASKING else _ASKING[0],
    )
    levels = thinking_levels(service, model)
    return read_parameters(plain, levels=levels, ignored=known_ignored(plain))


def _others(options: ChatOptions, models: Sequence[str]) -> list[ChatOptions]:
    """Return what else is asked at the same time."""
    names = st.session_state.get("compare_models") or ()
    others = [
        replace(options, model=name) for name in names if name in models and name != options.model
    ]
    if st.session_state.get("compare_api"):
        others.insert(0, replace(options, dialect=other_dialect(options.dialect)))
    return others[: _MOST - 1]


def _summary(options: ChatOptions, others: Sequence[ChatOptions]) -> str:
    """Return what is set, in words: the API, and how much of the rest."""
    said = [t(f"api.{options.dialect}")]
    if options.tools:
        said.append(t("settings.tools", count=len(options.tools)))
    if options.system.strip():
        said.append(t("chat.system"))
    if count := count_set(options):
        said.append(t("parameters.title_set", count=count))
    if others:
        said.append(t("compare.title_set", count=len(others) + 1))
    return " · ".join(said)


def _show_all(service: Service, owner: str, options: ChatOptions, models: Sequence[str]) -> None:
    """Draw everything that can be set beside the model."""
    pick_one(
        t("api.label"), PAGE_DIALECTS, lambda name: t(f"api.{name}"),
        key="dialect", about=t("api.help"),
    )  # fmt: skip
    names = ("chat.tools", "chat.system", "parameters.title", "compare.title")
    tools, system, parameters, compare = st.tabs([t(name) for name in names], key="settings_tabs")
    with tools:
        st.pills(
            t("chat.tools"),
            service.toolbox.names,
            selection_mode="multi",
            key="tools",
            persist_state="session",
            help=t("chat.tools_help"),
        )
        pick_one(
            t("chat.asking"), _ASKING, lambda name: t(f"chat.asking_{name}"),
            key="asking", about=t("chat.asking_help"),
        )  # fmt: skip
    with system:
        _show_system(service, owner)
    with parameters:
        # It may have to wait for a model that is being loaded: only who looks shall wait.
        grey = look_ignored(service, options)
        show_parameters(levels=thinking_levels(service, options.model), ignored=grey)
        show_lost(service, options)
    with compare:
        _show_others(options, models)


def ability_words(service: Service, model: str) -> str:
    """Return what a model can do beside talking, in words."""
    able = abilities(service, model)
    return ", ".join(t(f"models.can_{ability}") for ability in _TOLD if ability in able)


def abilities(service: Service, model: str | None) -> frozenset[str]:
    """Return what a model can do; nothing while that cannot be known."""
    status = service.status()
    if not model or status.phase != "ready":
        return frozenset()
    try:
        return service.capabilities(model)
    except DiglotError:
        return frozenset()


def thinking_levels(service: Service, model: str | None) -> ThinkingLevels | None:
    """Return how hard a model can think, None for one that cannot."""
    if not model or "thinking" not in abilities(service, model):
        return None
    return service.fleet.known_levels(model)


def _show_system(service: Service, owner: str) -> None:
    """Draw the system prompt and those that are kept."""
    kept = {preset.name: preset.text for preset in service.store.presets.all(owner)}
    if kept:
        st.selectbox(
            t("presets.kept"),
            list(kept),
            index=None,
            key="preset",
            placeholder=t("presets.choose"),
            on_change=_use_preset,
            args=(kept,),
        )
    system = st.text_area(
        t("chat.system"),
        key="system",
        persist_state="session",
        placeholder=t("chat.system_hint"),
        height=160,
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            t("presets.name"), key="preset_name", placeholder=t("presets.name_hint")
        )
        st.button(
            t("presets.save"),
            key="preset_save",
            icon=":material/bookmark_add:",
            disabled=not (system or "").strip(),
            on_click=_keep_preset,
            args=(service, owner),
        )
        if name in kept:
            st.button(
                t("chat.delete"),
                key="preset_delete",
                icon=":material/delete:",
                on_click=try_it,
                args=(service.store.presets.delete, owner, name),
            )


def _use_preset(kept: dict[str, str]) -> None:
    name = st.session_state.get("preset")
    if name in kept:
        st.session_state["system"] = kept[name]
        st.session_state["preset_name"] = name


def _keep_preset(service: Service, owner: str) -> None:
    text = str(st.session_state.get("system", "")).strip()
    name = str(st.session_state.get("preset_name", "")).strip() or text.split("\n")[0][:40]
    if text and attempt(service.store.presets.save, owner, name, text):
        st.session_state["preset_name"] = name


def _show_others(options: ChatOptions, models: Sequence[str]) -> None:
    """Draw who else is asked."""
    st.caption(t("compare.hint"))
    st.multiselect(
        t("compare.models"),
        [name for name in models if name != options.model],
        key="compare_models",
        persist_state="session",
        max_selections=_MOST - 1,
        placeholder=t("compare.choose"),
    )
    st.checkbox(t("compare.apis"), key="compare_api", persist_state="session")
