"""The stream: both dialects on one time axis, the state at any moment, and the speed."""

from __future__ import annotations

import time
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import DiglotError
from core.inspector.pair import answer_ways
from core.inspector.timeline import Record, StreamLine, Timeline, read_line, timeline
from core.translation.dialects.registry import DIALECTS
from core.translation.stamp import Stamp
from ui.viewer.memory import remembered
from ui.viewer.paging import page_of
from ui.viewer.pair import View
from ui.widgets.dialect_labels import dialect_name, is_native
from ui.widgets.text import plain
from ui.words import t

_SECOND = 1e9
_MILLISECOND = 1e6
_SPEEDS = (1, 2, 5, 20)
_TICK = 0.1
_LONGEST_PLAY = 120.0
_LAST_WORDS = 3000
_MANY_WORDS = 600
_POINTS = 400
_PREVIEW = 120


def show_stream(view: View) -> None:
    """Draw the speed, the axis with its slider, the plots, and every record."""
    if view.pair.source not in DIALECTS:
        st.info(t("viewer.stream_chat_only"))
        return
    source, target = answer_ways(view.pair)
    exchange = view.exchange
    about = (exchange.id, exchange.ended, len(exchange.client.chunks), source, target)
    try:
        both = remembered(f"stream{view.key}", about, lambda: _timeline(view, source, target))
    except DiglotError as exc:
        st.warning(t("requests.cannot", message=plain(exc.message)))
        return
    if not both.left.records:
        st.info(t("viewer.stream_empty"))
        return
    st.markdown(_pace(both.left))
    if both.end > 0:
        _axis(both, view.key)
        _plots(both.left)
    else:
        st.caption(t("viewer.stream_no_times"))
    _records(both, view.key)


def thinned(points: list[tuple[float, float]], most: int) -> list[tuple[float, float]]:
    """Return at most about ``most`` points, the highest of each group, so no stall is lost."""
    step = max(1, -(-len(points) // most))
    groups = (points[i : i + step] for i in range(0, len(points), step))
    return [max(group, key=lambda point: point[1]) for group in groups]


def _timeline(view: View, source: str, target: str) -> Timeline:
    exchange = view.exchange
    left, right = (
        read_line(dialect, exchange.response_in(dialect), started=exchange.started)
        for dialect in (source, target)
    )
    stamp = Stamp(id=exchange.id, created=exchange.started, model=exchange.model)
    return timeline(left, right, stamp)


def _pace(line: StreamLine) -> str:
    pace = line.pace()
    parts = [
        t("viewer.pace_first", time=_seconds(pace.first)),
        t("viewer.pace_tokens" if pace.counted else "viewer.pace_pieces", count=pace.tokens),
    ]
    if pace.longest_gap > 0:
        # An answer that arrived all at once has no speed.
        parts.insert(1, t("viewer.pace_rate", rate=f"{pace.rate:.1f}"))
        parts.append(
            t(
                "viewer.pace_gaps",
                median=f"{pace.median_gap / _MILLISECOND:.0f}",
                p95=f"{pace.p95_gap / _MILLISECOND:.0f}",
                longest=f"{pace.longest_gap / _MILLISECOND:.0f}",
            )
        )
    if pace.stalls:
        parts.append(f":material/warning: {t('viewer.pace_stalls', count=pace.stalls)}")
    return " · ".join(parts)


@st.fragment
def _axis(both: Timeline, key: str) -> None:
    """Draw the slider and the state at its time; or replay the recording at its own speed."""
    end = both.end / _SECOND
    with st.container(horizontal=True, vertical_alignment="bottom"):
        play = st.button(t("viewer.play"), icon=":material/play_arrow:", key=f"play_{key}")
        speed = st.segmented_control(
            t("viewer.speed"), _SPEEDS, default=1, required=True, key=f"speed_{key}",
            format_func=lambda factor: f"×{factor}", label_visibility="collapsed",
        )  # fmt: skip
    at = st.slider(
        t("viewer.moment"), 0.0, end, end, step=max(end / 1000, 0.001), format="%.3f s",
        key=f"moment_{key}_{both.end}",
    )  # fmt: skip
    place = st.empty()
    if play:
        begun = time.monotonic()
        while (now := (time.monotonic() - begun) * speed) < end:
            if time.monotonic() - begun > _LONGEST_PLAY:
                break
            _moment(place, both, round(now * _SECOND))
            # A click elsewhere takes over here.
            st.session_state["_playing"] = now
            time.sleep(_TICK)
        _moment(place, both, both.end)
    else:
        _moment(place, both, round(at * _SECOND))


def _moment(place: DeltaGenerator, both: Timeline, at: int) -> None:
    moment = both.moment(at)
    with place.container(border=True):
        st.progress(
            min(at / both.end, 1.0),
            text=t(
                "viewer.moment_facts",
                time=_seconds(at),
                left=moment.left,
                all_left=len(both.left.records),
                left_name=dialect_name(both.left.dialect),
                right=moment.right,
                all_right=len(both.right.records),
                right_name=dialect_name(both.right.dialect),
                tokens=f"{moment.tokens:.0f}",
                rate=f"{moment.rate:.1f}",
            ),
        )
        if moment.thinking:
            st.caption(plain(moment.thinking[-_LAST_WORDS:]))
        text = moment.text[-_LAST_WORDS:]
        # The growing replay must not push the rest out of view.
        tall = 220 if len(text) > _MANY_WORDS else None
        st.code(text or " ", language=None, wrap_lines=True, height=tall)
        if moment.left:
            _pair(both, moment.left - 1)


def _pair(both: Timeline, number: int) -> None:
    """Draw one record of the source, and its translation."""
    became = both.became(number)
    said = "".join(_text(record) for record in became).strip() or t("viewer.became_nothing")
    sides = [
        (both.left.dialect, f"#{number + 1}", _text(both.left.records[number])),
        (both.right.dialect, ", ".join(f"#{r.number + 1}" for r in became) or "—", said),
    ]
    sides.sort(key=lambda side: not is_native(side[0]))
    for column, (dialect, title, text) in zip(st.columns(2), sides, strict=True):
        with column:
            st.caption(f"**{dialect_name(dialect)}** {title}")
            st.code(text, language="json", wrap_lines=True)


def _plots(line: StreamLine) -> None:
    left, right = st.columns(2)
    seconds, tokens = t("viewer.axis_seconds"), t("viewer.axis_tokens")
    series = line.series(_POINTS)
    with left:
        st.caption(t("viewer.plot_tokens"))
        st.line_chart(
            pd.DataFrame([(at / _SECOND, count) for at, count in series],
                         columns=[seconds, tokens]),
            x=seconds, y=tokens, height=200,
            alt=t("viewer.plot_tokens_alt", count=line.tokens, time=_seconds(line.pace().last)),
        )  # fmt: skip
    gaps = line.gaps()[1:]
    wait = t("viewer.axis_gap")
    points = [((gap.start + gap.length) / _SECOND, gap.length / _MILLISECOND) for gap in gaps]
    with right:
        st.caption(t("viewer.plot_gaps"))
        st.scatter_chart(
            pd.DataFrame(thinned(points, _POINTS), columns=[seconds, wait]),
            x=seconds, y=wait, height=200, size=20,
            alt=t("viewer.plot_gaps_alt",
                  longest=f"{max((y for _, y in points), default=0):.0f}"),
        )  # fmt: skip


def _records(both: Timeline, key: str) -> None:
    st.caption(t("viewer.records_hint"))
    stalls = {gap.number for gap in both.left.gaps() if gap.stall}
    begin_at, shown = page_of(both.left.records, key=f"records_page_{key}")
    before = both.left.records[begin_at - 1].at if begin_at else 0
    rows = []
    for record in shown:
        begin, end = both.pairs[record.number]
        rows.append(_row(record, record.at - before, (begin, end), record.number in stalls))
        before = record.at
    names = {
        "number": f"{dialect_name(both.left.dialect)} #",
        "became": f"{dialect_name(both.right.dialect)} #",
        **{name: t(f"viewer.record_{name}") for name in ("at", "gap", "bytes", "kind", "text")},
    }
    chosen: Any = st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        height=min(320, 37 * (len(rows) + 1)),
        selection_mode="single-row",
        on_select="rerun",
        key=f"records_{key}_{begin_at}_{len(rows)}",
        column_config={
            "at": st.column_config.NumberColumn(names["at"], format="%.3f s"),
            "gap": st.column_config.NumberColumn(names["gap"], format="%.0f ms"),
            **{name: names[name] for name in ("number", "became", "bytes", "kind", "text")},
        },
        alt=t("viewer.records_alt", count=len(rows)),
    )
    if chosen.selection.rows:
        _pair(both, begin_at + chosen.selection.rows[0])


def _row(record: Record, gap: int, slice_: tuple[int, int], stall: bool) -> dict[str, Any]:
    begin, end = slice_
    became = "—" if begin == end else f"{begin + 1}" if end == begin + 1 else f"{begin + 1}-{end}"
    return {
        "at": record.at / _SECOND,
        "gap": gap / _MILLISECOND,
        "number": record.number + 1,
        "became": became,
        "bytes": len(record.data),
        "kind": f"⚠ {record.kind}" if stall else record.kind,
        "text": record.text[:_PREVIEW],
    }


def _text(record: Record) -> str:
    return record.data.decode("utf-8", "replace").strip() + "\n"


def _seconds(ns: float) -> str:
    return f"{ns / _SECOND:.2f} s"
