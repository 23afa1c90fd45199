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
        _draw_all(service)


def _draw_all(service: Service) -> None:
    for pull in service.library.pulls():
        with st.container(border=True, key=f"pull_{pull.name}"):
            _draw(service, pull)


def bytes_words(size: float) -> str:
    """Write a size given in bytes, as disks and downloads count: 1 kB is 1,000 bytes."""
    unit = 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.1f} {_UNITS[unit]}" if unit > 1 else f"{size:.0f} {_UNITS[unit]}"


def _draw(service: Service, pull: Pull) -> None:
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
        error_card(pull.error, model=pull.name, key=f"pull_{pull.name}")
    else:
        st.caption(f":material/check: {plain(pull.name)} · {t(f'models.pull_{pull.state}')}")
    deed, words, act = (
        ("cancel", "chat.cancel", service.library.cancel)
        if pull.state == "running"
        else ("dismiss", "models.dismiss", service.library.dismiss)
    )
    key = f"{deed}_{pull.name}"
    st.button(t(words), key=key, type="tertiary", on_click=act, args=(pull.name,))


def _watch(service: Service) -> None:
    _draw_all(service)
    if not any(pull.state == "running" for pull in service.library.pulls()):
        # A new model must appear in every list of the page.
        st.rerun()
