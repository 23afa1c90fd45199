"""The backend's status in one line of the sidebar, with a progress bar while a model loads."""

from __future__ import annotations

import streamlit as st

from core.chats.service import Service
from core.errors import DiglotError
from ui.session.account import is_operator, told
from ui.widgets.text import code_span, plain
from ui.words import t

_MEGABYTE = 1_000_000


def show_status(service: Service) -> None:
    """Draw the line, refreshing while the built-in model is being prepared."""
    status = service.status()
    if status.kind != "embedded" or status.phase == "ready":
        icons = {
            "server": ":material/dns:",
            "chosen": ":material/dns:",
            "config": ":material/description:",
        }
        icon = icons.get(status.kind, ":material/memory:")
        shown = is_operator(service) or status.kind in ("config", "embedded")
        key = status.kind if shown else f"{status.kind}_hidden"
        said = t(f"status.{key}", url=code_span(status.base_url))
        st.caption(f"{icon} {said}")
        return
    st.fragment(_watch, run_every=0.5)(service)


def show_progress(service: Service) -> bool:
    """Draw the built-in model's progress; return whether it is ready."""
    status = service.status()
    if status.kind != "embedded" or status.phase == "ready":
        return True
    if status.phase == "failed":
        st.error(
            f"**{t('status.failed')}**\n\n{plain(told(service, status.error))}",
            icon=":material/error:",
        )
    elif status.phase == "fetching":
        progress = status.progress
        share = progress.done / progress.total if progress and progress.total else 0.0
        done = progress.done // _MEGABYTE if progress else 0
        total = (progress.total or 0) // _MEGABYTE if progress else 0
        said = t("status.fetched", done=done, total=total) if total else ""
        st.progress(min(share, 1.0), text=f"{t('status.fetching')} {said}")
    else:
        st.progress(1.0, text=t("status.starting"))
    return False


def model_names(service: Service) -> list[str]:
    """Return the names of all models that answer questions; none while no backend answers."""
    try:
        return service.talkers()
    except DiglotError:
        return []


def _watch(service: Service) -> None:
    if show_progress(service):
        st.rerun()
