"""One exchange, a tab for each way of looking at it; only the open one is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import urlsplit

import streamlit as st

from core.backends.exchange import Exchange
from core.errors import DiglotError
from core.translation.aligned import AlignedRow, align_request
from core.translation.snippets import LANGUAGES
from ui.comparison import dialect_name, is_native
from ui.viewer.bodies import Side, pretty, show_sides
from ui.viewer.pair import FURTHER, Pair, pair_of, rows_in
from ui.viewer.table import show_rows, summary
from ui.viewer.tabs import open_tab
from ui.words import t

__all__ = ["show_difference", "show_exchange"]


def show_exchange(exchange: Exchange, *, key: str = "", link: bool = False) -> None:
    """Draw an exchange. ``link`` keeps the open tab in the address; ``key`` tells places apart."""
    if len(exchange.backend) > 1:
        st.caption(t("requests.emulated_steps", count=len(exchange.backend)))
    try:
        pair = pair_of(exchange)
    except DiglotError as exc:
        st.warning(t("requests.cannot", message=exc.message))
        return
    st.markdown(summary(pair.rows))
    labels = {name: t(f"viewer.tab_{name}") for name in _TABS}
    name, place = open_tab(labels, key=f"exchange{key}", link=link)
    with place:
        _TABS[name](exchange, pair, key)


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


def _fields(exchange: Exchange, pair: Pair, key: str) -> None:
    show_rows(
        pair.rows,
        source=pair.source,
        target=pair.target,
        key=key,
        counted=False,
        beside=partial(_further, exchange, pair, key),
    )


def _further(exchange: Exchange, pair: Pair, key: str) -> dict[str, tuple[AlignedRow, ...]]:
    """Draw the choice of further dialects; return the rows of those that are chosen."""
    offered = [name for name in FURTHER if name not in (pair.source, pair.target)]
    wanted = st.pills(
        t("viewer.also"), offered, selection_mode="multi",
        format_func=lambda name: f"＋ {dialect_name(name)}", label_visibility="collapsed",
        key=f"also_{key}_{'_'.join(offered)}", persist_state="session",
    )  # fmt: skip
    also = {}
    for dialect in wanted:
        try:
            also[dialect] = rows_in(exchange, pair, dialect)
        except DiglotError as exc:
            st.warning(t("viewer.not_in", dialect=dialect_name(dialect), message=exc.message))
    return also


def _raw(exchange: Exchange, pair: Pair, key: str) -> None:
    sides = [
        Side(text=pretty(pair.body), dialect=pair.source, derived=False),
        Side(text=pretty(pair.written), dialect=pair.target, derived=pair.derived),
    ]
    if is_native(pair.target):
        sides.reverse()
    show_sides(*sides, key=f"raw{key}")


def _answer(exchange: Exchange, pair: Pair, key: str) -> None:
    sides = []
    for dialect, derived in ((pair.source, False), (pair.target, pair.derived)):
        try:
            pieces = exchange.response_in(dialect)
        except DiglotError as exc:
            st.warning(t("requests.cannot", message=exc.message))
            continue
        text = b"".join(data for _, data in pieces).decode("utf-8", "replace")
        sides.append(Side(text=pretty(text), dialect=dialect, derived=derived))
    if len(sides) == 2:
        if is_native(pair.target):
            sides.reverse()
        show_sides(*sides, key=f"answer{key}")


def _code(exchange: Exchange, pair: Pair, key: str) -> None:
    """Draw code that sends the same request to this Diglot, a tab for each way."""
    page = urlsplit(st.context.url or "http://127.0.0.1:8501")
    st.caption(t("requests.code_hint"))
    code = exchange.snippets(f"{page.scheme}://{page.netloc}")
    for (way, text), tab in zip(code.items(), st.tabs(list(code)), strict=True):
        tab.code(text, language=LANGUAGES[way], wrap_lines=True)


_TABS: Mapping[str, Callable[[Exchange, Pair, str], None]] = {
    "fields": _fields,
    "raw": _raw,
    "answer": _answer,
    "code": _code,
}
