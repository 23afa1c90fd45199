"""One exchange with a tab for each view; only the open one is drawn."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import streamlit as st

from core.chats.service import Service
from core.errors import DiglotError
from core.exchanges.exchange import Exchange
from core.inspector.align.request import align_request
from core.inspector.pair import is_streamed, pair_of
from core.inspector.round_trip import round_trip
from core.translation.dialects.registry import DIALECTS
from ui.viewer.memory import remembered
from ui.viewer.pair import View, about
from ui.viewer.tabs import open_tab
from ui.viewer.views.bodies import show_answers, show_requests
from ui.viewer.views.comparing import show_fields
from ui.viewer.views.editing import show_editors
from ui.viewer.views.learning import show_before_after
from ui.viewer.views.streaming import show_stream
from ui.viewer.views.table import short_summary, show_rows, summary
from ui.viewer.views.taking import show_taking
from ui.viewer.views.turns import show_turns
from ui.widgets.text import code_span, plain
from ui.words import note_text, t


def show_exchange(
    service: Service,
    owner: str,
    exchange: Exchange,
    *,
    key: str = "",
    link: bool = False,
    drawer: bool = False,
) -> None:
    """Draw an exchange, perhaps in a ``drawer``.

    ``link`` keeps the open tab in the address; ``key`` distinguishes several on a page.
    """
    if len(exchange.backend) > 1:
        st.caption(t("requests.emulated_steps", count=len(exchange.backend)))
    if exchange.cut:
        st.caption(f":material/content_cut: {t('viewer.cut')}")
    try:
        pair = remembered(f"pair{key}", about(exchange), lambda: pair_of(exchange))
    except DiglotError as exc:
        st.warning(t("requests.cannot", message=plain(exc.message)))
        return
    view = View(service=service, owner=owner, exchange=exchange, pair=pair, key=key,
                drawer=drawer)  # fmt: skip
    if pair.rows:
        _strip(view)
    tabs: dict[str, Callable[[View], None]] = {"fields": show_fields}
    if exchange.client.request:
        tabs |= _OF_REQUESTS
    if exchange.client.chunks:
        tabs |= _OF_ANSWERS
    if is_streamed(exchange):
        tabs |= _OF_STREAMS
    labels = {name: t(f"viewer.tab_{name}") for name in _ORDER if name in tabs}
    name, place = open_tab(labels, key=f"exchange{key}", link=link)
    with place:
        tabs[name](view)


def _strip(view: View) -> None:
    """Show how many fields there are of each outcome, and whether the round trip is equal."""
    pair = view.pair
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        # What changed comes first where there is little room.
        said = short_summary(pair.rows) if view.drawer else summary(pair.rows)
        st.markdown(said, width="content")
        if pair.source not in DIALECTS:
            return
        way = remembered(
            f"way{view.key}",
            about(view.exchange),
            # In the direction that this request took, as in the table.
            lambda: round_trip(
                pair.body,
                source=pair.source,
                target=pair.target,
                accepts=view.exchange.accepts,
            ),
        )
        if way.equal:
            st.badge(t("viewer.way_equal"), icon=":material/sync:", color="green")
            return
        with st.popover(
            t("viewer.way_same" if way.same else "viewer.way_differs",
              count=len(way.differences)),
            icon=":material/sync:" if way.same else ":material/sync_problem:",
            type="tertiary", key=f"way{view.key}",
        ):  # fmt: skip
            st.caption(t("viewer.way_hint"))
            if way.error:
                st.warning(plain(way.error))
            for row in way.differences:
                was = "—" if row.before is None else _short(row.before)
                now = "—" if row.after is None else _short(row.after)
                said = f"{plain(was)} → {plain(now)}  \n:gray[{note_text(row.note)}]"
                st.markdown(f"{code_span(row.path)} {said}")


def _prove(view: View) -> None:
    # The official SDK takes a second to load, which only this tab needs.
    from ui.viewer.views.proving import show_proof

    show_proof(view)


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def show_difference(native: Exchange, openai: Exchange) -> None:
    """Draw one request in both APIs, row by row, each with its reason."""
    source, target = native.client.dialect, openai.client.dialect
    try:
        rows = align_request(
            native.request_in(source),
            openai.request_in(target),
            source=source,
            target=target,
            accepts=openai.accepts,
        )
    except DiglotError as exc:
        st.warning(t("requests.cannot", message=plain(exc.message)))
        return
    show_rows(rows, source=source, target=target, key=native.id)


_LONGEST = 80
_ORDER = ("fields", "raw", "answer", "stream", "edit", "prove", "code", "turn", "learn")
_OF_REQUESTS: Mapping[str, Callable[[View], None]] = {
    "raw": show_requests,
    "edit": show_editors,
    "prove": _prove,
    "code": show_taking,
    "turn": show_turns,
    "learn": show_before_after,
}
_OF_ANSWERS: Mapping[str, Callable[[View], None]] = {"answer": show_answers, "code": show_taking}
_OF_STREAMS: Mapping[str, Callable[[View], None]] = {"stream": show_stream}
