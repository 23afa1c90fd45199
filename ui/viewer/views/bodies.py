"""Raw bodies: as searchable text or as a tree; long ones as a download."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import streamlit as st
from msgspec import Struct

from core.errors import DiglotError
from ui.viewer.pair import View
from ui.widgets.dialect_labels import dialect_name, is_native
from ui.widgets.picking import pick_one
from ui.widgets.text import plain, pretty
from ui.words import t

MOST_SHOWN = 100_000
"""Characters of one body that are drawn; a browser stands still over much more."""

_NEAR = 2
_MOST_FOUND = 200


class Side(Struct, frozen=True, kw_only=True):
    """One body: its text, its dialect, and whether it was sent or made for comparison."""

    text: str
    dialect: str
    derived: bool
    note: str = ""


def found_lines(text: str, wanted: str) -> tuple[str, int]:
    """Return the lines that contain ``wanted``, ignoring case, with context; and their number."""
    lines = text.splitlines()
    hits = [n for n, line in enumerate(lines) if wanted.lower() in line.lower()]
    shown = sorted(
        {
            near
            for hit in hits[:_MOST_FOUND]
            for near in range(max(0, hit - _NEAR), min(len(lines), hit + _NEAR + 1))
        }
    )
    wide = len(str(shown[-1] + 1)) if shown else 1
    out: list[str] = []
    for before, number in zip([-1, *shown], shown, strict=False):
        if number != before + 1:
            out.append("⋯")
        mark = "▸" if wanted.lower() in lines[number].lower() else " "
        out.append(f"{mark}{number + 1:>{wide}}  {lines[number]}")
    return "\n".join(out), len(hits)


def show_requests(view: View) -> None:
    """Draw both request bodies, native on the left."""
    pair = view.pair
    sides = [
        Side(text=pretty(pair.body), dialect=pair.source, derived=False),
        Side(text=pretty(pair.written), dialect=pair.target, derived=pair.derived),
    ]
    show_sides(sides, key=f"raw{view.key}")


def show_answers(view: View) -> None:
    """Draw both answers as they were sent, native on the left."""
    sides = []
    for dialect, derived in ((view.pair.source, False), (view.pair.target, view.pair.derived)):
        try:
            pieces = view.exchange.response_in(dialect)
        except DiglotError as exc:
            st.warning(t("requests.cannot", message=plain(exc.message)))
            continue
        text = b"".join(data for _, data in pieces).decode("utf-8", "replace")
        sides.append(Side(text=pretty(text), dialect=dialect, derived=derived))
    if sides:
        show_sides(sides, key=f"answer{view.key}")


def show_sides(sides: Sequence[Side], *, key: str) -> None:
    """Draw bodies side by side, native first, with one search field and one format for both."""
    sides = sorted(sides, key=lambda side: not is_native(side.dialect))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        form = pick_one(
            t("viewer.form"), ["text", "tree"], lambda name: t(f"viewer.form_{name}"),
            key=f"form_{key}",
        )  # fmt: skip
        wanted = st.text_input(
            t("viewer.find"), key=f"find_{key}", type="search", live=True, width=320,
            placeholder=t("viewer.find"), label_visibility="collapsed",
        )  # fmt: skip
    for column, side, name in zip(st.columns(2), sides, "lr", strict=False):
        with column:
            _show_side(side, key=f"{key}_{name}", tree=form == "tree", wanted=wanted or "")


def _show_side(side: Side, *, key: str, tree: bool = False, wanted: str = "") -> None:
    """Draw one body with its heading."""
    how = side.note or t("requests.derived" if side.derived else "requests.sent")
    st.markdown(f"**{dialect_name(side.dialect)}** :gray[{how}]")
    if wanted:
        found, count = found_lines(side.text, wanted)
        st.caption(t("viewer.found", count=count) if count else t("viewer.found_none"))
        if found:
            _text(found[:MOST_SHOWN])
    elif tree and len(side.text) <= MOST_SHOWN and _is_json(side.text):
        st.json(side.text, expanded=2)
    else:
        if tree:
            st.caption(t("viewer.no_tree"))
        _text(side.text[:MOST_SHOWN])
    if len(side.text) > MOST_SHOWN:
        st.caption(t("viewer.long", shown=f"{MOST_SHOWN:,}", all=f"{len(side.text):,}"))
        _download(lambda: side.text, side.dialect, key)


def _text(text: str) -> None:
    st.code(text or " ", language="json", wrap_lines=True, height=520 if len(text) > 900 else None)


def _download(read: Callable[[], str], dialect: str, key: str) -> None:
    st.download_button(
        t("viewer.rest"), lambda: read().encode(), file_name=f"{dialect}.json",
        mime="application/json", icon=":material/download:", key=f"rest_{key}", on_click="ignore",
    )  # fmt: skip


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
