"""Models being pulled: shown on every page, whoever started them."""

from __future__ import annotations

import streamlit as st

from core.backends.library import Pull
from core.chats.service import Service
from ui.widgets.cards import error_card
from ui.widgets.text import plain
from ui.words import t

_EVERY = 1.0
_UNITS = ("B", "kB", "MB", "GB", "TB")


def show_pulls(service: Service) -> None:
    """Draw all pulls, refreshing while one is running."""
    if any(pull.state == "running" for pull in service.library.pulls()):
        st.fragment(_watch, run_every=_EVERY)(service)
    else:
        draw_pulls(service)


def draw_pulls(service: Service, *, buttons: bool = True) -> None:
    """Draw all pulls once. Without ``buttons`` it may be drawn over and over in one run."""
    for pull in service.library.pulls():
        with st.container(border=True, key=f"pull_{pull.name}" if buttons else None):
            _draw(service, pull, buttons=buttons)


def bytes_words(size: float) -> str:
    """Write a size given in bytes, as disks and downloads count: 1 kB is 1,000 bytes."""
    unit = 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.1f} {_UNITS[unit]}" if unit > 1 else f"{size:.0f} {_UNITS[unit]}"


def _draw(service: Service, pull: Pull, *, buttons: bool) -> None:
    if pull.state == "running":
        share = min(1.0, pull.done / pull.total) if pull.total else 0.0
        said = pull.step or t("models.pull_begins")
        if pull.total:
            said = t(
                "models.pull_progress",
                done=bytes_words(pull.done),
                total=bytes_words(pull.total),
                rate=bytes_words(pull.rate),
            )
        st.progress(share, text=f"{plain(pull.name)} · {said}")
    elif pull.state == "failed" and pull.error:
        error_card(pull.error, model=pull.name, key=f"pull_{pull.name}{'' if buttons else '_'}")
    else:
        st.caption(f":material/check: {plain(pull.name)} · {t(f'models.pull_{pull.state}')}")
    if not buttons:
        return
    if pull.state == "running":
        st.button(
            t("chat.cancel"),
            key=f"cancel_{pull.name}",
            type="tertiary",
            on_click=service.library.cancel,
            args=(pull.name,),
        )
    else:
        st.button(
            t("models.dismiss"),
            key=f"dismiss_{pull.name}",
            type="tertiary",
            on_click=service.library.dismiss,
            args=(pull.name,),
        )


def _watch(service: Service) -> None:
    draw_pulls(service)
    if not any(pull.state == "running" for pull in service.library.pulls()):
        # A new model must appear in every list of the page.
        st.rerun()
