"""Two editors: text typed into one is translated into the other."""

from __future__ import annotations

import json
import zlib
from functools import partial

import streamlit as st
from msgspec import Struct
from msgspec.structs import replace

from core.errors import DiglotError
from core.inspector.align.request import AlignedRow, align_request
from core.translation.codec.json import decode_json, read_object
from core.translation.translate import translate_request
from ui.viewer.pair import View
from ui.viewer.views.bodies import MOST_SHOWN
from ui.viewer.views.editor import live_editor, typed
from ui.viewer.views.table import show_rows
from ui.widgets.cards import json_fault
from ui.widgets.dialect_labels import dialect_name, is_native
from ui.widgets.text import plain, pretty
from ui.words import t


class Fault(Struct, frozen=True):
    """Why a side cannot be translated; ``line`` is 0 if no line is to blame."""

    message: str
    line: int = 0


class Edited(Struct, frozen=True, kw_only=True):
    """Both texts, by dialect, with the number of the last writing by the page.

    ``typed`` are the numbers of what was typed last, ``source`` is the side it was typed into.
    A fault leaves the other side as it was.
    """

    texts: dict[str, str]
    typed: dict[str, int]
    versions: dict[str, int]
    source: str
    rows: tuple[AlignedRow, ...] = ()
    fault: Fault | None = None


def follow(edited: Edited, side: str, text: str, *, number: int = 0) -> Edited:
    """Return both sides after ``text`` was typed into one of them."""
    (other,) = (name for name in edited.texts if name != side)
    edited = replace(
        edited,
        texts={**edited.texts, side: text},
        typed={**edited.typed, side: number},
        source=side,
        fault=None,
    )
    try:
        json.loads(text)
        body = read_object(decode_json(text), "")
        written = translate_request(body, source=side, target=other)
    except json.JSONDecodeError as exc:
        return replace(edited, fault=Fault(json_fault(exc), exc.lineno))
    except (ValueError, RecursionError) as exc:
        return replace(edited, fault=Fault(str(exc)))
    except DiglotError as exc:
        return replace(edited, fault=Fault(exc.message))
    return replace(
        edited,
        texts={**edited.texts, other: pretty(written)},
        versions={**edited.versions, other: edited.versions[other] + 1},
        rows=align_request(body, written, source=side, target=other),
    )


def show_editors(view: View) -> None:
    """Draw both editors, what the translation loses, and where the typed text is invalid."""
    pair = view.pair
    if max(len(pretty(pair.body)), len(pretty(pair.written))) > MOST_SHOWN:
        st.info(t("viewer.too_long_to_edit"), icon=":material/data_object:")
        return
    _editors(view)


@st.fragment
def _editors(view: View) -> None:
    digest = zlib.crc32(view.exchange.client.request)
    kept = f"edited-{view.key}-{view.exchange.id}-{digest:08x}"
    edited: Edited = st.session_state.get(kept) or _begin(view)
    sides = sorted(edited.texts, key=lambda name: not is_native(name))
    st.caption(t("viewer.edit_hint"))
    places = dict(zip(sides, st.columns(2), strict=True))
    for side in sides:
        with places[side]:
            broken = edited.fault is not None and edited.source == side
            live_editor(
                dialect_name(side),
                edited.texts[side],
                version=edited.versions[side],
                key=f"{kept}-{side}",
                on_type=partial(_typed, kept, side, edited),
                line=edited.fault.line or 1 if broken and edited.fault else 0,
            )
            if broken and edited.fault:
                _show_fault(edited.fault, edited.texts[side])
    target = next(name for name in sides if name != edited.source)
    show_rows(edited.rows, source=edited.source, target=target, key=f"edit_{view.key}", view=view)


def _typed(kept: str, side: str, begun: Edited) -> None:
    """Translate typed text before any part of the page is drawn."""
    said = typed(f"{kept}-{side}")
    edited: Edited = st.session_state.get(kept) or begun
    if said is not None and said[1] != edited.typed[side]:
        st.session_state[kept] = follow(edited, side, said[0], number=said[1])


def _begin(view: View) -> Edited:
    pair = view.pair
    sides = (pair.source, pair.target)
    return Edited(
        texts={pair.source: pretty(pair.body), pair.target: pretty(pair.written)},
        typed=dict.fromkeys(sides, 0),
        versions=dict.fromkeys(sides, 0),
        source=pair.source,
        rows=pair.rows,
    )


def _show_fault(fault: Fault, text: str) -> None:
    st.warning(plain(fault.message), icon=":material/error:")
    lines = text.splitlines()
    if 0 < fault.line <= len(lines):
        first = max(0, fault.line - 2)
        st.code(
            "\n".join(
                f"{'▸' if n + 1 == fault.line else ' '}{n + 1:>4}  {lines[n]}"
                for n in range(first, min(len(lines), fault.line + 1))
            ),
            language="json",
            wrap_lines=True,
        )
    st.caption(t("viewer.last_good"))
