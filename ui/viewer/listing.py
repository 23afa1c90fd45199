"""The live list of exchanges, as a browser's network tab has one: filtered, paused, cleared."""

from __future__ import annotations

import time
import zlib
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core.chats.service import Service
from core.exchanges.exchange import Exchange
from core.exchanges.log import Filter, Watch
from ui.viewer.paging import page_of
from ui.words import t

_MOST = 10_000
EVERY = 2.0
"""Seconds between two looks for new exchanges."""
CHOSEN = "exchange"
"""Where the session keeps the id of the exchange that is shown."""
_SEEN = "_exchange_seen"
_PICKED = "_exchange_picked"
_WATCH = "_exchange_watch"
_HEIGHT = 200
_WIDTHS = {"state": 30, "status": 60, "started": 105, "path": 150, "model": 130, "backend": 150,
           "seconds": 75, "bytes": 75, "agent": 110}  # fmt: skip
_STATES = ("error", "open", "2xx", "4xx", "5xx")
_PATHS = (
    "/api/chat", "/api/generate", "/api/embed", "/v1/chat/completions", "/v1/completions",
    "/v1/responses", "/v1/messages", "/v1/embeddings",
)  # fmt: skip


def picked_exchange(service: Service, owner: str, *, operator: bool = False) -> Exchange | None:
    """Draw the list; return the selected exchange: the link's, the last selected, or the newest.

    An operator may also see everybody's exchanges, including those of gateway clients.
    """
    everyone = operator and st.toggle(t("viewer.everyone"), key="list_everyone", value=True)
    asked = st.query_params.get("x")
    if asked and asked != st.session_state.get(_SEEN):
        # A link is followed once; a later selection wins.
        st.session_state[_SEEN] = st.session_state[CHOSEN] = asked
    chosen = st.session_state.get(CHOSEN)
    if chosen is None and not current_watch().since:
        newest = service.exchanges(owner, limit=1, everyone=everyone)
        chosen = st.session_state[CHOSEN] = newest[0].id if newest else None
    exchange = None
    if chosen:
        exchange = service.exchange(owner, chosen, operator=operator, everyone=everyone)
    if chosen and exchange is None:
        st.warning(t("requests.gone"))
    _show_list(service, owner, everyone)
    if exchange is not None:
        st.session_state[_SEEN] = st.query_params["x"] = exchange.id
    return exchange


def mark_of(exchange: Exchange) -> str:
    """Return how an exchange went, as one sign."""
    failed = bool(exchange.error) or exchange.status >= 400
    return "✗" if failed else "✓" if exchange.ended else "…"


def list_row(exchange: Exchange) -> dict[str, object]:
    """Return one exchange's cells, by column name."""
    status = exchange.status
    took = (exchange.ended - exchange.started) / 1e9 if exchange.ended else None
    wires = exchange.backend
    return {
        "state": mark_of(exchange),
        "status": status or None,
        "started": datetime.fromtimestamp(exchange.started / 1e9),
        "path": exchange.client.path,
        "model": exchange.model,
        "backend": wires[-1].path if wires else "",
        "seconds": took,
        "bytes": exchange.client.answer_bytes,
        "agent": dict(exchange.client.headers).get("user-agent", ""),
    }


def _show_list(service: Service, owner: str, everyone: bool) -> None:
    """Draw filters and list; only the list refreshes by itself."""
    wanted = _filters(service, owner, everyone)
    draw = st.fragment(_draw, run_every=None if current_watch().until else EVERY)
    draw(service, owner, everyone, wanted)


def _filters(service: Service, owner: str, everyone: bool) -> Filter:
    with st.container(
        horizontal=True, vertical_alignment="bottom", gap="small", key="exchange_filters"
    ):
        text = st.text_input(
            t("viewer.filter_text"), key="filter_text", type="search", live=True, width=190,
            placeholder=t("viewer.filter_text"), label_visibility="collapsed",
        )  # fmt: skip
        path = st.selectbox(
            t("viewer.filter_path"), _PATHS, index=None, key="filter_path", width=165,
            placeholder=t("viewer.filter_path"), label_visibility="collapsed",
        )  # fmt: skip
        model = st.selectbox(
            t("viewer.filter_model"), service.fleet.log.models(owner=owner, everyone=everyone),
            index=None, key="filter_model", width=150,
            placeholder=t("viewer.filter_model"), label_visibility="collapsed",
        )  # fmt: skip
        status = st.selectbox(
            t("viewer.filter_status"), _STATES, index=None, key="filter_status", width=140,
            format_func=lambda name: t(f"viewer.status_{name}"),
            placeholder=t("viewer.filter_status"), label_visibility="collapsed",
        )  # fmt: skip
        _buttons()
    return Filter(text=text or "", path=path or "", model=model or "", status=status or "")


def _buttons() -> None:
    paused = bool(current_watch().until)
    st.button(
        t("viewer.resume" if paused else "viewer.pause"),
        icon=":material/play_arrow:" if paused else ":material/pause:",
        key="list_pause",
        on_click=_resume if paused else _pause,
    )
    st.button(t("viewer.clear"), icon=":material/clear_all:", key="list_clear", on_click=_clear)


def _draw(service: Service, owner: str, everyone: bool, wanted: Filter) -> None:
    """Draw the list itself. A click in it draws the whole page again."""
    if st.session_state.pop(_PICKED, False):
        st.rerun()
    found = service.exchanges(
        owner, limit=_MOST, everyone=everyone, wanted=wanted, watch=current_watch()
    )
    st.caption(t("viewer.paused" if current_watch().until else "viewer.count", count=len(found)))
    if not found:
        st.info(t("viewer.none_such" if wanted != Filter() else "requests.none"),
                icon=":material/inbox:")  # fmt: skip
        return
    _, shown = page_of(found, key="list_page")
    ids = [exchange.id for exchange in shown]
    # Rows are selected by position, so other rows need a new table; otherwise a position would come
    # to mean another exchange.
    key = f"exchanges_{zlib.crc32(''.join(ids).encode()):08x}"
    chosen = st.session_state.get(CHOSEN)
    table = pd.DataFrame([list_row(exchange) for exchange in shown])
    if not everyone:
        table = table.drop(columns="agent")
    st.dataframe(
        table,
        key=key,
        hide_index=True,
        height=min(_HEIGHT, 37 * (len(shown) + 1)),
        selection_mode="single-row",
        selection_default={"selection": {"rows": [ids.index(chosen)]}} if chosen in ids else None,
        on_select=partial(_pick, key, ids),
        column_config=_columns(),
        alt=t("viewer.list_alt", count=len(found)),
        placeholder="–",
    )


def _columns() -> dict[str, Any]:
    say = {name: t(f"viewer.column_{name}") for name in list(_WIDTHS) if name != "state"}
    return {
        "state": st.column_config.TextColumn("", width=_WIDTHS["state"]),
        "status": st.column_config.NumberColumn(say["status"], width=_WIDTHS["status"]),
        "started": st.column_config.DatetimeColumn(
            say["started"], format="HH:mm:ss.SSS", width=_WIDTHS["started"]
        ),
        "path": st.column_config.TextColumn(say["path"], width=_WIDTHS["path"]),
        "model": st.column_config.TextColumn(say["model"], width=_WIDTHS["model"]),
        "backend": st.column_config.TextColumn(say["backend"], width=_WIDTHS["backend"]),
        "seconds": st.column_config.NumberColumn(
            say["seconds"], format="%.2f s", width=_WIDTHS["seconds"]
        ),
        "bytes": st.column_config.NumberColumn(
            say["bytes"], format="bytes", width=_WIDTHS["bytes"]
        ),
        "agent": st.column_config.TextColumn(say["agent"], width=_WIDTHS["agent"]),
    }


def _pick(key: str, ids: Sequence[str]) -> None:
    rows = st.session_state[key].selection.rows
    if rows:
        st.session_state[CHOSEN] = ids[rows[0]]
        st.session_state[_PICKED] = True


def current_watch() -> Watch:
    """Return since when, and until when where it is paused, exchanges are listed."""
    kept: Watch | None = st.session_state.get(_WATCH)
    return kept or Watch()


def _pause() -> None:
    st.session_state[_WATCH] = current_watch().paused(time.time_ns())


def _resume() -> None:
    st.session_state[_WATCH] = current_watch().resumed()


def _clear() -> None:
    st.session_state[_WATCH] = current_watch().cleared(time.time_ns())
    st.session_state.pop(CHOSEN, None)
