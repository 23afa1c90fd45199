"""The newest exchanges at the side of the request page, whatever else the page shows."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from core.chats.service import Service
from core.exchanges.exchange import Exchange
from ui.chat.lines import Line, show_lines, sidebar
from ui.viewer.listing import CHOSEN, EVERY, current_watch, mark_of

_MOST = 100
_PICKED = "_side_picked"


def show_side(service: Service, owner: str, *, operator: bool) -> None:
    """Draw the list, which refreshes by itself unless the large one is paused."""
    everyone = operator and bool(st.session_state.get("list_everyone", True))
    draw = st.fragment(_draw, run_every=None if current_watch().until else EVERY)
    with sidebar():
        draw(service, owner, everyone)


def line_of(exchange: Exchange) -> Line:
    """Return what the list says of an exchange."""
    began = datetime.fromtimestamp(exchange.started / 1e9)
    about = " · ".join(filter(None, (f"{began:%H:%M:%S}", exchange.model)))
    return Line(exchange.id, f"{mark_of(exchange)} {exchange.client.path}", about)


def _draw(service: Service, owner: str, everyone: bool) -> None:
    if st.session_state.pop(_PICKED, False):
        st.rerun()
    found = service.exchanges(owner, limit=_MOST, everyone=everyone, watch=current_watch())
    show_lines(
        owner,
        [line_of(exchange) for exchange in found],
        name="nav.requests",
        find="side.find_exchange",
        current=st.session_state.get(CHOSEN) or "",
        picked=_pick,
    )


def _pick(exchange_id: str) -> None:
    # The list is drawn anew alone; the page, which shows the exchange, only at the next run.
    st.session_state[CHOSEN] = exchange_id
    st.session_state["request_source"] = "exchange"
    st.session_state[_PICKED] = True
