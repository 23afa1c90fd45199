"""Evidence for one row of the table: its claims tested on the connected server."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import CancelledError

import streamlit as st
from msgspec import Struct

from core.errors import DiglotError
from core.inspector.probes.compatibility import PROBES, Compatibility
from core.inspector.probes.probe import VERDICTS, Result
from core.inspector.probes.running import ProbeRun, start_probes
from ui.session.account import is_operator, told
from ui.viewer.pair import View
from ui.widgets.status import model_names
from ui.widgets.text import plain, pretty
from ui.words import note_text, t

MARKS = {"honoured": "✓", "ignored": "✗", "refused": "⊘", "inconclusive": "?"}
"""A mark for each verdict: colour alone is not read by everyone."""

_EVERY = 1.0
_LONG = 400
Place = tuple[str | None, str | None]
"""Which row it is: its paths on both sides."""


class _Evidence(Struct, frozen=True):
    """The probes started for a row. ``run`` is None if there was no server to ask."""

    exchange: str
    place: Place
    model: str
    run: ProbeRun | None


def probe_titles(names: Sequence[str]) -> str:
    """Return the titles of probes."""
    return "; ".join(note_text(PROBES[name].title) for name in names)


def opened(view: View, key: str) -> Place | None:
    """Return the row of the table ``key`` that has its evidence open."""
    kept: _Evidence | None = st.session_state.get(_kept(key))
    return kept.place if kept and kept.exchange == view.exchange.id else None


def turn_over(view: View, key: str, place: Place, names: Sequence[str]) -> None:
    """Start the probes of a row; or stop them and close its evidence if it is open."""
    open_now = opened(view, key)
    _close(key)
    if open_now == place:
        return
    models = model_names(view.service)
    asked = view.exchange.model
    model = asked if asked in models else next(iter(models), "")
    run = None
    if model:
        run = start_probes(
            view.service.fleet, model, owner=view.owner, direct=is_operator(view.service),
            names=names,
        )  # fmt: skip
    st.session_state[_kept(key)] = _Evidence(view.exchange.id, place, model, run)


def show_evidence(view: View, key: str) -> None:
    """Draw the open evidence of the table ``key``, or its progress."""
    kept: _Evidence = st.session_state[_kept(key)]
    with st.container(border=True, key=f"evidence_{key}"):
        if kept.run is None:
            st.info(t("viewer.prove_nothing"), icon=":material/science:")
            return
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(probe_titles(kept.run.names))}**", width="stretch")
            st.button(
                t("viewer.probe_close"), icon=":material/close:", type="tertiary",
                key=f"icon_close_{key}", on_click=_close, args=(key,),
            )  # fmt: skip
        if kept.model != view.exchange.model:
            st.caption(t("viewer.probe_other_model", model=plain(kept.model)))
        st.fragment(_follow, run_every=None if kept.run.done else _EVERY)(view, kept.run, key)


def _show_progress(run: ProbeRun) -> None:
    """Draw the progress of probes."""
    share = len(run.results) / run.total if run.total else 0.0
    last = note_text(PROBES[run.results[-1].probe].title) if run.results else ""
    st.progress(
        share, text=t("viewer.probe_progress", done=len(run.results), all=run.total, last=last)
    )


def show_run(view: View, run: ProbeRun, key: str) -> Compatibility | None:
    """Return the probes' results; until then draw their progress, or the error that ended them."""
    if not run.done:
        _show_progress(run)
        return None
    _settle(view, run, key)
    try:
        return run.table()
    except DiglotError as exc:
        st.warning(plain(told(view.service, exc.message)))
    except CancelledError:
        st.caption(t("viewer.probe_stopped"))
    return None


def _settle(view: View, run: ProbeRun, key: str) -> None:
    """Rerun the page when probes have ended, so that it shows their results."""
    seen = f"_probes_seen_{key}"
    if st.session_state.get(seen) is not run:
        st.session_state[seen] = run
        # A drawer would be closed by that; there it stays with looking at what has ended.
        if not view.drawer:
            st.rerun()


def _follow(view: View, run: ProbeRun, key: str) -> None:
    table = show_run(view, run, f"row_{key}")
    if table is not None:
        _show(table)


def _show(table: Compatibility) -> None:
    show_about(table)
    for place, result in enumerate(table.results):
        _show_result(result, several=len({r.probe for r in table.results}) > 1, first=place == 0)


def show_about(table: Compatibility) -> None:
    """Say when it was, what was asked, and in which version."""
    versions = ", ".join(f"{name} {version}" for name, version in table.versions.items())
    st.caption(plain(" · ".join(filter(None, (table.date, versions, table.model)))))


def _show_result(result: Result, *, several: bool, first: bool) -> None:
    """Draw a verdict with the requests and answers that prove it."""
    about = f"{note_text(PROBES[result.probe].title)} · " if several else ""
    said = note_text(result.evidence)
    label = f"{MARKS[result.verdict]} **{plain(result.subject)}** {plain(about)}" + (
        f"{note_text(VERDICTS[result.verdict])} — {plain(said)}"
    )
    with st.expander(label, expanded=first):
        for call in result.sent:
            st.caption(f"{plain(call.method)} {plain(call.path)} → {call.status or '—'}")
            if call.request is None:
                _body(call.answer)
                continue
            left, right = st.columns(2)
            with left:
                _body(call.request)
            with right:
                _body(call.answer)


def _body(value: object) -> None:
    text = pretty(value) or " "
    tall = 260 if len(text) > _LONG else None
    st.code(text, language="json", wrap_lines=True, height=tall)


def _close(key: str) -> None:
    kept: _Evidence | None = st.session_state.pop(_kept(key), None)
    if kept and kept.run is not None:
        kept.run.cancel()


def _kept(key: str) -> str:
    return f"_evidence_{key}"
