"""The guided tour: six exchanges, really sent, each with an explanation."""

from __future__ import annotations

import streamlit as st

from core.chats.service import Service
from core.errors import DiglotError
from core.exchanges.exchange import Exchange
from core.inspector.tour import TOUR, Stop, take
from ui.session.account import is_operator
from ui.viewer.tabs import turn_to
from ui.widgets.status import model_names
from ui.widgets.text import plain
from ui.words import language, note_text, t

_TAKEN = "_tour_taken"
_AT = "tour_at"
_LONGEST = 600.0


def toured_exchange(service: Service, owner: str) -> Exchange | None:
    """Draw the tour and its current stop; return the stop's exchange once it was sent."""
    models = model_names(service)
    if not models:
        st.info(t("viewer.tour_no_model"), icon=":material/hourglass:")
        return None
    taken: dict[str, str] = st.session_state.setdefault(_TAKEN, {})
    names = [stop.name for stop in TOUR]
    by_name = {stop.name: stop for stop in TOUR}
    # The button below sets it as well, so its first value is set here, not by the widget.
    st.session_state.setdefault(_AT, names[0])
    at = st.segmented_control(
        t("viewer.tour_way"), names, required=True, key=_AT,
        format_func=lambda name: _title(by_name[name], names, done=name in taken),
        label_visibility="collapsed", wrap=True,
    )  # fmt: skip
    at = at or names[0]
    stop = by_name[at]
    with st.container(border=True):
        st.markdown(note_text(stop.look))
        st.markdown(f"> {plain(note_text(stop.question))}")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            model = st.selectbox(
                t("chat.model"), models, key="tour_model", width=260,
                label_visibility="collapsed", persist_state="session",
            )  # fmt: skip
            sent = st.button(
                t("viewer.tour_again" if stop.name in taken else "viewer.tour_send"),
                type="secondary" if stop.name in taken else "primary",
                icon=":material/send:",
                key="tour_send",
            )
            if stop.name in taken and at != names[-1]:
                st.button(
                    t("viewer.tour_next"), type="primary", icon=":material/arrow_forward:",
                    key="tour_next", on_click=_go, args=(names[names.index(at) + 1],),
                )  # fmt: skip
    if sent:
        _send(service, owner, stop, model)
        st.rerun()
    identity = taken.get(stop.name)
    operator = is_operator(service)
    exchange = service.exchange(owner, identity, operator=operator) if identity else None
    if exchange is not None and exchange.error:
        st.warning(plain(exchange.error))
    return exchange


def _title(stop: Stop, names: list[str], *, done: bool) -> str:
    mark = "✓ " if done else ""
    return f"{mark}{names.index(stop.name) + 1}. {note_text(stop.title)}"


def _go(name: str) -> None:
    st.session_state[_AT] = name
    stop = next(stop for stop in TOUR if stop.name == name)
    turn_to(stop.tab, key="exchangetour")


def _send(service: Service, owner: str, stop: Stop, model: str) -> None:
    with st.spinner(t("viewer.tour_waiting")):
        try:
            identity = service.fleet.call(
                take(service.fleet, stop, model=model, owner=owner, language=language()),
                timeout=_LONGEST,
            )
        except DiglotError as exc:
            st.warning(plain(exc.message))
            return
    st.session_state[_TAKEN][stop.name] = identity
    turn_to(stop.tab, key="exchangetour")
