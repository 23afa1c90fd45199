"""Compared with the last turn: what was added, why the prompt grew, what could be cached."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import streamlit as st

from core.errors import DiglotError
from core.exchanges.exchange import Exchange
from core.inspector.previous_turn import TurnChange, compare_turns
from core.translation.dialects.registry import DIALECTS
from ui.viewer.pair import View
from ui.widgets.text import plain
from ui.words import note_text, t

_MARKS = {"kept": "=", "changed": "⇄", "added": "＋", "removed": "✗"}
_MOST = 50


def show_turns(view: View) -> None:
    """Draw this request beside an earlier one: the one it continues, or another."""
    exchange = view.exchange
    before = _earlier(view)
    if before is None:
        st.info(t("viewer.turn_first"), icon=":material/looks_one:")
        return
    try:
        change = compare_turns(
            before.request_in(before.client.dialect),
            view.pair.body,
            before_dialect=before.client.dialect,
            after_dialect=exchange.client.dialect,
            before_tokens=_prompt(before),
            after_tokens=_prompt(exchange),
        )
    except DiglotError as exc:
        st.warning(t("requests.cannot", message=plain(exc.message)))
        return
    _show(change)


def _earlier(view: View) -> Exchange | None:
    exchange = view.exchange
    if exchange.client.dialect not in DIALECTS:
        return None
    usual = view.service.fleet.log.previous(exchange)
    others = [
        other
        for other in view.service.exchanges(exchange.owner, limit=_MOST)
        if other.client.dialect in DIALECTS
        and other.id != exchange.id
        and (not exchange.started or other.started <= exchange.started)
    ]
    if not others:
        return None
    by_id = {other.id: other for other in others}
    ids = list(by_id)
    chosen = st.selectbox(
        t("viewer.turn_before"),
        ids,
        index=ids.index(usual.id) if usual is not None and usual.id in by_id else 0,
        format_func=lambda one: _title(by_id[one]),
        key=f"before_{view.key}_{exchange.id}",
    )
    return by_id[chosen]


def _title(exchange: Exchange) -> str:
    then = datetime.fromtimestamp(exchange.started / 1e9)
    return f"{then:%H:%M:%S} · {exchange.client.path} · {exchange.model}"


def _prompt(exchange: Exchange) -> int:
    usage = exchange.usage()
    return usage.prompt_tokens or 0 if usage else 0


def _show(change: TurnChange) -> None:
    facts = [
        t(
            "viewer.turn_grew",
            before=f"{change.before_characters:,}",
            after=f"{change.after_characters:,}",
        )
    ]
    if change.before_tokens and change.after_tokens:
        facts.append(
            t("viewer.turn_tokens", before=change.before_tokens, after=change.after_tokens)
        )
    facts.append(t("viewer.turn_cached", share=f"{change.cached_share:.0%}"))
    if change.breaks_at:
        facts.append(t("viewer.turn_breaks", place=plain(change.breaks_at)))
    st.markdown(" · ".join(facts))
    st.progress(min(change.cached_share, 1.0), text=t("viewer.turn_bar"))
    for note in change.notes:
        st.warning(note_text(note), icon=":material/info:")
    if change.settings:
        st.table(
            pd.DataFrame(
                [
                    {
                        t("viewer.turn_setting"): plain(name),
                        t("viewer.turn_was"): plain(str(was)),
                        t("viewer.turn_is"): plain(str(now)),
                        t("requests.why"): plain(note_text(note)),
                    }
                    for name, was, now, note in change.settings
                ]
            ).style.hide(axis="index")
        )
    st.dataframe(
        pd.DataFrame(
            [
                {
                    t("viewer.turn_part"): part.place,
                    t("viewer.turn_role"): part.role,
                    t("requests.outcome"): f"{_MARKS[part.state]} {t(f'viewer.turn_{part.state}')}",
                    t("viewer.turn_size"): f"{part.before:,} → {part.after:,}",
                    t("viewer.turn_reused"): "✓" if part.cached else "—",
                    t("viewer.turn_preview"): part.preview,
                    t("requests.why"): note_text(part.note),
                }
                for part in change.parts
            ]
        ),
        hide_index=True,
        alt=t("viewer.turn_alt", count=len(change.parts)),
    )
