"""Errors as cards: what happened, the command that fixes it, the server's own message.

What fails in a callback cannot be drawn there: it is kept and drawn with the page that follows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from core.chats.service import Service, current_service
from core.error_kinds import error_facts, fault_kind
from core.errors import DiglotError
from ui.session.account import told_facts
from ui.words import t

_FAULT = "_fault"

# Where the words are the only explanation they are shown at once.
_UNEXPLAINED = frozenset({"other", "file_refused", "import_refused", "pull_failed", "config_error"})


def error_card(
    error: Mapping[str, Any],
    *,
    model: str = "",
    service: Service | None = None,
    key: str = "",
) -> None:
    """Draw one error: our explanation in the reader's language, and the server's message.

    With ``service`` there is a button for an immediate fix; ``key`` distinguishes cards.
    """
    kind = fault_kind(error)
    with st.container(border=True, key=f"card_{key or kind}"):
        st.markdown(f":material/error: **{t(f'error.{kind}.title')}**")
        st.markdown(t(f"error.{kind}.cause"))
        command = t(f"error.{kind}.command")
        if command:
            st.code(command.replace("{model}", model), language="bash")
        if service is not None:
            _show_cure(service, kind, model, key)
        with st.expander(t("error.said"), type="compact", expanded=kind in _UNEXPLAINED):
            st.code(_told(error), language=None, wrap_lines=True)


def _told(error: Mapping[str, Any]) -> str:
    """Return the words of an error as far as this person may read them."""
    try:
        service = current_service()
    except RuntimeError:
        # Before there is a service nobody can say whose words these are: only our own are shown.
        return str(error.get("message", "")) if error.get("code") == "unexpected" else ""
    return str(told_facts(service, error).get("message", ""))


def attempt(work: Callable[..., object], *args: Any, model: str = "", **more: Any) -> bool:
    """Call ``work``; return whether it succeeded. A failure is kept for ``show_fault``."""
    st.session_state.pop(_FAULT, None)
    try:
        work(*args, **more)
    except DiglotError as error:
        st.session_state[_FAULT] = (error_facts(error), model)
        return False
    return True


def try_it(work: Callable[..., object], *args: Any, **more: Any) -> None:
    """Run a button's action; a failure is kept and drawn with the page."""
    attempt(work, *args, **more)


def show_fault(service: Service) -> None:
    """Draw the last failure, until something else is tried."""
    kept = st.session_state.get(_FAULT)
    if kept:
        error_card(kept[0], model=kept[1], service=service, key="fault")


def forget_fault() -> None:
    """Forget the last failure."""
    st.session_state.pop(_FAULT, None)


def json_fault(error: json.JSONDecodeError) -> str:
    """Say where JSON that a person typed is broken."""
    return t("tools.broken_json", line=error.lineno, column=error.colno, message=error.msg)


def _show_cure(service: Service, kind: str, model: str, key: str) -> None:
    if kind == "model_not_found" and model and not service.demo:
        st.button(
            t("models.pull_it", model=model),
            icon=":material/download:",
            key=f"cure_{key}",
            on_click=try_it,
            args=(service.library.pull, model),
        )
    elif kind in ("backend_refused", "refused_in_container", "backend_unavailable"):
        st.button(
            t("error.retry"),
            icon=":material/refresh:",
            key=f"cure_{key}",
            on_click=try_it,
            args=(service.retry,),
        )
