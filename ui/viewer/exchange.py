"""One exchange, a tab for each way of looking at it; only the open one is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from core.backends.exchange import Exchange
from core.chats.service import Service
from core.errors import DiglotError
from core.translation.aligned import align_request
from ui.viewer.bodies import show_answers, show_requests
from ui.viewer.comparing import show_fields
from ui.viewer.editing import show_editors
from ui.viewer.learning import show_before_after
from ui.viewer.pair import View, pair_of
from ui.viewer.table import show_rows, summary
from ui.viewer.tabs import open_tab
from ui.viewer.taking import show_code
from ui.words import t

__all__ = ["show_difference", "show_exchange"]


def show_exchange(
    service: Service, owner: str, exchange: Exchange, *, key: str = "", link: bool = False
) -> None:
    """Draw an exchange. ``link`` keeps the open tab in the address; ``key`` tells places apart."""
    if len(exchange.backend) > 1:
        st.caption(t("requests.emulated_steps", count=len(exchange.backend)))
    try:
        pair = pair_of(exchange)
    except DiglotError as exc:
        st.warning(t("requests.cannot", message=exc.message))
        return
    view = View(service=service, owner=owner, exchange=exchange, pair=pair, key=key)
    if pair.rows:
        st.markdown(summary(pair.rows))
    tabs = {
        "fields": show_fields,
        **(_OF_REQUESTS if exchange.client.request else {}),
        **(_OF_ANSWERS if exchange.client.chunks else {}),
    }
    labels = {name: t(f"viewer.tab_{name}") for name in _ORDER if name in tabs}
    name, place = open_tab(labels, key=f"exchange{key}", link=link)
    with place:
        tabs[name](view)


def show_difference(native: Exchange, openai: Exchange) -> None:
    """Draw what one question became in each API, row by row, each with its reason."""
    try:
        rows = align_request(
            native.request_in("ollama"),
            openai.request_in("openai"),
            source="ollama",
            target="openai",
            accepts=openai.accepts,
        )
    except DiglotError as exc:
        st.warning(t("requests.cannot", message=exc.message))
        return
    show_rows(rows, source="ollama", target="openai", key=native.id)


_ORDER = ("fields", "raw", "answer", "edit", "code", "learn")
_OF_REQUESTS: Mapping[str, Callable[[View], None]] = {
    "raw": show_requests,
    "edit": show_editors,
    "code": show_code,
    "learn": show_before_after,
}
_OF_ANSWERS: Mapping[str, Callable[[View], None]] = {"answer": show_answers}
