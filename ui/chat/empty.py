"""The page before the first question: what was found, what is wrong, something to begin with."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

import msgspec
import streamlit as st
from msgspec.structs import replace

from core.backends.discovery import Status
from core.backends.next_steps import (
    fitting_model,
    installed_ollama,
    machine_memory,
    start_ollama,
)
from core.chats.service import Service
from core.chats.values.chat import ChatOptions
from core.http.addresses import is_loopback
from ui.chat.settings import abilities
from ui.chat.sources import show_sources
from ui.session.account import is_operator
from ui.widgets.cards import attempt, error_card, try_it
from ui.widgets.status import model_names, show_progress
from ui.widgets.text import plain
from ui.words import t

_LOOK_EVERY = 3.0
"""Seconds between looks for a server that is being started."""


def show_empty(service: Service, chosen: ChatOptions, models: list[str]) -> dict[str, Any]:
    """Draw what is wrong, if something is; return what the page says and offers to begin with."""
    status = service.status()
    if not models and status.kind in ("server", "chosen") and service.answers():
        st.markdown(t("empty.no_models"))
        with st.container(horizontal=True, key="next_step"):
            offered = is_operator(service) and not service.demo
            if offered:
                _offer_model(service)
            if st.button(t("models.open"), type="secondary" if offered else "primary"):
                st.switch_page("../pages/models.py")
        st.caption(t("empty.get_model_hint" if offered else "empty.no_models_hint"))
        show_sources(service)
        return {}
    if not models and status.kind != "embedded":
        error_card(
            {"code": "backend_refused", "message": status.base_url}, service=service, key="empty"
        )
        st.caption(t("empty.looking"))
        show_sources(service)
        st.fragment(_look, run_every=_LOOK_EVERY)(service)
        return {}
    if status.kind == "embedded":
        _offer_start(service)
    if status.kind in ("embedded", "chosen"):
        show_sources(service)
    if not show_progress(service):
        st.button(
            t("empty.look_again"),
            on_click=try_it,
            args=(service.retry,),
            icon=":material/refresh:",
        )
        return {}
    if not models:
        return {}
    return {
        "found": t(f"empty.found_{_found(service, status)}", count=len(models), name=models[0]),
        "examples": [
            {"text": t(f"empty.example_{name}"), "options": msgspec.to_builtins(options)}
            for name, options in _examples(service, chosen)
        ],
    }


def _found(service: Service, status: Status) -> str:
    """Return what was found, as the words say it: whose model it is, and whether it is here."""
    if status.kind == "embedded" and service.fleet.config.embedded.model is not None:
        return "gguf"
    if status.kind == "server" and not is_loopback(urlsplit(status.base_url).hostname or ""):
        return "elsewhere"
    return status.kind


def _offer_start(service: Service) -> None:
    """Offer to start an Ollama that is installed and does not run."""
    if not is_operator(service) or service.demo or not installed_ollama(os.environ):
        return
    with st.container(horizontal=True, vertical_alignment="center", key="next_step"):
        st.caption(t("empty.start_ollama_hint"), width="content")
        st.button(
            t("empty.start_ollama"),
            on_click=try_it,
            args=(start_ollama, service.fleet, os.environ),
            icon=":material/play_arrow:",
            type="primary",
        )


def _offer_model(service: Service) -> None:
    """Offer a model that fits the memory of this machine."""
    fits = fitting_model(machine_memory())
    st.button(
        t("empty.get_model", name=plain(fits.name), size=f"{fits.size / 1e9:.1f}"),
        on_click=try_it,
        args=(service.library.pull, fits.name),
        icon=":material/download:",
        type="primary",
    )


def _examples(service: Service, chosen: ChatOptions) -> list[tuple[str, ChatOptions]]:
    """Return four examples that the chosen model can show something with."""
    able = abilities(service, chosen.model)
    tools = chosen.tools or ("get_current_weather",)
    examples = [("weather", replace(chosen, tools=tools))]
    if "thinking" in able:
        examples.append(("riddle", replace(chosen, thinking=True)))
    if "vision" in able:
        examples.append(("image", chosen))
    examples += [("story", chosen), ("explain", chosen), ("plan", chosen)]
    return examples[:4]


def _look(service: Service) -> None:
    attempt(service.retry)
    if model_names(service) or service.status().kind == "embedded":
        st.rerun()
