"""The first tab: what each field of an exchange was translated to, and why."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from core.errors import DiglotError
from core.exchanges.exchange import Exchange
from core.inspector.align.headers import align_headers
from core.inspector.align.request import AlignedRow
from core.inspector.pair import Pair, answer_rows, is_streamed, stream_rows
from core.translation.dialects.registry import DIALECTS
from ui.viewer.memory import remembered
from ui.viewer.pair import (
    View,
    about,
    further,
    rows_in,
)
from ui.viewer.views.table import show_rows
from ui.widgets.dialect_labels import dialect_name
from ui.widgets.picking import pick_one
from ui.widgets.text import plain
from ui.words import t


def show_fields(view: View) -> None:
    """Draw the aligned table of a part of the exchange: request, answer or headers."""
    parts = {
        **({"request": _request} if view.pair.rows else {}),
        **({"answer": _answer} if view.exchange.client.chunks else {}),
        **({"stream": _stream} if _has_stream(view) else {}),
        **({"headers": _headers} if view.exchange.client.headers else {}),
    }
    part = pick_one(
        t("viewer.part"), list(parts), lambda name: t(f"viewer.part_{name}"),
        key=f"part_{view.key}_{'_'.join(parts)}",
    )  # fmt: skip
    parts[part](view)


def _request(view: View) -> None:
    pair = view.pair
    show_rows(
        pair.rows,
        source=pair.source,
        target=pair.target,
        key=view.key,
        counted=False,
        beside=partial(_further, view, partial(rows_in, view)),
        view=view,
    )


def _answer(view: View) -> None:
    _came(view, "answer", answer_rows)


def _stream(view: View) -> None:
    st.caption(t("viewer.stream_rows_hint"))
    _came(view, "stream", stream_rows)


def _has_stream(view: View) -> bool:
    return is_streamed(view.exchange) and view.pair.source in DIALECTS


def _came(
    view: View,
    part: str,
    align: Callable[[Exchange, Pair, str], tuple[str, str, tuple[AlignedRow, ...]]],
) -> None:
    """Draw the answer, whole or streamed, with a picker of further dialects."""

    def rows_of(dialect: str = "") -> tuple[str, str, tuple[AlignedRow, ...]]:
        name = f"{part}-{dialect}-{view.key}"
        return remembered(
            name, about(view.exchange), lambda: align(view.exchange, view.pair, dialect)
        )

    def rows_too(dialect: str) -> tuple[AlignedRow, ...]:
        return rows_of(dialect)[2]

    try:
        source, target, rows = rows_of()
    except DiglotError as exc:
        st.warning(t("requests.cannot", message=plain(exc.message)))
        return
    show_rows(
        rows,
        source=source,
        target=target,
        key=f"{part}_{view.key}",
        beside=partial(_further, view, rows_too),
        view=view,
    )


def _headers(view: View) -> None:
    """Draw the headers of both directions; of most only the name is recorded."""
    client = view.exchange.client
    backend = view.exchange.backend[-1] if view.exchange.backend else None
    sides = (t("viewer.client_side"), t("viewer.backend_side"))
    st.caption(t("viewer.headers_masked"))
    for name, ours, theirs in (
        ("asked", client.headers, backend.headers if backend else ()),
        ("answered", client.answered, backend.answered if backend else ()),
    ):
        st.markdown(f"**{t(f'viewer.headers_{name}')}**")
        show_rows(
            align_headers(ours, theirs),
            source="",
            target="",
            titles=sides,
            key=f"{name}_{view.key}",
        )


def _further(
    view: View, rows_of: Callable[[str], tuple[AlignedRow, ...]]
) -> dict[str, tuple[AlignedRow, ...]]:
    """Draw the picker of further dialects; return the rows of those selected."""
    if view.pair.source not in DIALECTS:
        return {}
    offered = [name for name in further() if name not in (view.pair.source, view.pair.target)]
    wanted = st.pills(
        t("viewer.also"), offered, selection_mode="multi",
        format_func=lambda name: f"＋ {dialect_name(name)}", label_visibility="collapsed",
        key=f"also_{view.key}_{'_'.join(offered)}", persist_state="session",
    )  # fmt: skip
    also = {}
    for dialect in wanted:
        try:
            also[dialect] = rows_of(dialect)
        except DiglotError as exc:
            st.warning(
                t("viewer.not_in", dialect=dialect_name(dialect), message=plain(exc.message))
            )
    return also
