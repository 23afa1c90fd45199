"""What a chat is asked with: model, API, tools, system prompt, parameters, and who else is asked.

Remembered for the session.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from msgspec.structs import replace

from core.chats.service import Service
from core.chats.values.chat import PAGE_DIALECTS, ChatOptions, PageDialect, other_dialect
from core.errors import DiglotError
from ui.chat.parameters import count_set, ignored, show_lost, show_parameters
from ui.widgets.cards import attempt, try_it
from ui.words import t

_TOLD = ("thinking", "tools", "vision")
_MOST = 4


def show_settings(
    service: Service, owner: str, models: list[str]
) -> tuple[ChatOptions, list[ChatOptions]]:
    """Draw the row of choices; return what is asked with, and with what else at the same time."""
    with st.container(
        horizontal=True, vertical_alignment="center", gap="xsmall", key="settings_bar"
    ):
        model, dialect = _show_model(models)
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
            system = _show_system(service, owner)
        able = abilities(service, model)
        plain = ChatOptions(
            model=model or "", dialect=dialect, tools=tuple(tools or ()), system=system
        )
        count = st.session_state.get("parameters_set", 0)
        said = t("parameters.title_set", count=count) if count else t("parameters.title")
        drawer = st.popover(
            said,
            icon=":material/instant_mix:",
            width="content",
            on_change="rerun",
            key="parameters_open",
        )
        with drawer:
            grey = ignored(service, plain, look=bool(drawer.open))
            options = show_parameters(plain, thinks="thinking" in able, ignored=grey)
            # It may have to wait for a model that is being loaded: only who looks shall wait.
            if drawer.open:
                show_lost(service, options)
        others = _show_others(options, models)
    if count_set(options) != count:
        # The button above was drawn before its fields were read.
        st.session_state["parameters_set"] = count_set(options)
        st.rerun()
    return options, others


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


def _show_model(models: list[str]) -> tuple[str | None, PageDialect]:
    model = st.selectbox(
        t("chat.model"),
        models,
        key="model",
        persist_state="session",
        label_visibility="collapsed",
        placeholder=t("status.no_models"),
        width=200,
    )
    dialect: PageDialect | None = st.segmented_control(
        t("api.label"),
        PAGE_DIALECTS,
        format_func=lambda name: t(f"api.{name}"),
        default=PAGE_DIALECTS[0],
        required=True,
        key="dialect",
        persist_state="session",
        label_visibility="collapsed",
        help=t("api.help"),
    )
    return model, dialect or PAGE_DIALECTS[0]


def _show_system(service: Service, owner: str) -> str:
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
    return system or ""


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


def _show_others(options: ChatOptions, models: Sequence[str]) -> list[ChatOptions]:
    """Draw who else is asked, and return what they are asked with."""
    count = len(st.session_state.get("compare_models") or ())
    count += bool(st.session_state.get("compare_api"))
    said = t("compare.title_set", count=count + 1) if count else t("compare.title")
    with st.popover(said, icon=":material/splitscreen_right:", width="content"):
        st.caption(t("compare.hint"))
        names = st.multiselect(
            t("compare.models"),
            [name for name in models if name != options.model],
            key="compare_models",
            persist_state="session",
            max_selections=_MOST - 1,
            placeholder=t("compare.choose"),
        )
        both = st.checkbox(t("compare.apis"), key="compare_api", persist_state="session")
    others = [replace(options, model=name) for name in names]
    if both:
        others.insert(0, replace(options, dialect=other_dialect(options.dialect)))
    return others[: _MOST - 1]
