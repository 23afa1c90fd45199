"""Proof on the user's own server: the request sent both ways and compared, and single probes."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.errors import DiglotError
from core.inspector.compare_live import Answered, Comparison, Place, Proof, compare_live, prove
from core.inspector.probes.compatibility import PROBES, Compatibility, probes_of
from core.inspector.probes.probe import VERDICTS, Result
from core.inspector.probes.running import ProbeRun, start_probes
from core.translation.dialects.registry import DIALECTS
from ui.session.account import is_operator, told
from ui.viewer.pair import View
from ui.viewer.views.evidence import MARKS, show_about, show_run
from ui.widgets.picking import pick_one
from ui.widgets.status import model_names
from ui.widgets.text import plain
from ui.words import language, note_text, t

_EVERY = 1.0
_LONGEST = 160
_AGREED = {"same": "=", "by_nature": "≈", "differs": "⇄", "only_left": "◀", "only_right": "▶"}


def show_proof(view: View) -> None:
    """Draw the proof and the probes. Only an operator may probe the server itself."""
    models = model_names(view.service)
    if view.pair.source not in DIALECTS or not models:
        st.info(t("viewer.prove_nothing"), icon=":material/science:")
        return
    operator = is_operator(view.service)
    asked = view.exchange.model
    model = st.selectbox(
        t("chat.model"), models, index=models.index(asked) if asked in models else 0,
        key=f"prove_model_{view.key}", width=320,
    )  # fmt: skip
    st.markdown(f"**{t('viewer.prove_title')}**")
    _proof(view, model, operator=operator)
    st.divider()
    st.markdown(f"**{t('viewer.probe_title')}**")
    _probes(view, model, operator=operator)


def _proof(view: View, model: str, *, operator: bool) -> None:
    st.caption(t("viewer.prove_hint"))
    kept = view.service.fleet.log.get(view.exchange.id, owner=view.owner, everyone=operator)
    # Nothing is sent to an address that came with a paste or a link.
    known = operator and kept is view.exchange and bool(view.exchange.backend)
    where = ["diglot", "server", "both"] if known else ["diglot"]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        to = pick_one(
            t("viewer.prove_to"), where, lambda name: t(f"viewer.prove_{name}"),
            default=where[-1], key=f"prove_to_{view.key}_{len(where)}", kept=False,
        )  # fmt: skip
        key = st.text_input(
            t("viewer.prove_key"), type="password", placeholder=t("viewer.prove_key"),
            label_visibility="collapsed", key=f"prove_key_{view.key}", width=220,
        )  # fmt: skip
        asked = st.button(
            t("viewer.prove_send"), icon=":material/send:", key=f"prove_{view.key}", type="primary"
        )
    if asked:
        with st.spinner(t("viewer.prove_waiting")):
            try:
                st.session_state[f"_proof_{view.key}"] = (
                    view.exchange.id,
                    _sent(view, model, to, key or ""),
                )
            except DiglotError as exc:
                st.warning(plain(told(view.service, exc.message)))
    proof = st.session_state.get(f"_proof_{view.key}")
    if proof and proof[0] == view.exchange.id:
        _show_proof(proof[1])


def _sent(view: View, model: str, to: str, key: str) -> Proof:
    here = _own_address()
    if to == "diglot" or model != view.exchange.model:
        native = view.exchange.request_in("ollama")
        return prove(native, places=[Place(name="diglot", url=here, model=model, key=key)])
    return compare_live(
        view.exchange, diglot=here, to="both" if to == "both" else "server", keys={"diglot": key}
    )


def _own_address() -> str:
    """Return this process's own address; the browser's word is no proof of it."""
    address = st.get_option("server.address") or "127.0.0.1"
    if address in ("0.0.0.0", "::"):
        address = "127.0.0.1"
    scheme = "https" if st.get_option("server.sslCertFile") else "http"
    return f"{scheme}://{address}:{st.get_option('server.port')}"


def _show_proof(proof: Proof) -> None:
    st.table(pd.DataFrame([_answer(answer) for answer in proof.answers]).style.hide(axis="index"))
    for comparison in proof.comparisons:
        left, right = (_name(proof.answers[i]) for i in (comparison.left, comparison.right))
        odd = comparison.odd
        verdict = t("viewer.agree") if not odd else t("viewer.disagree", count=len(odd))
        icon = ":material/check_circle:" if not odd else ":material/difference:"
        with st.expander(f"{left} ↔ {right}: {verdict}", icon=icon, expanded=bool(odd)):
            _rows(comparison, left, right)


def _answer(answer: Answered) -> dict[str, str]:
    return {
        t("viewer.prove_who"): plain(_name(answer)),
        t("viewer.column_status"): str(answer.status or "—"),
        t("viewer.column_seconds"): f"{answer.seconds:.2f} s",
        t("viewer.prove_text"): plain((answer.error or answer.text)[:_LONGEST]),
    }


def _name(answer: Answered) -> str:
    library = "httpx → /api/chat" if answer.client_dialect == "ollama" else "openai → /v1"
    return f"{t(f'viewer.prove_{answer.place}')} · {library}"


def _rows(comparison: Comparison, left: str, right: str) -> None:
    rows = sorted(comparison.rows, key=lambda row: row.agreement in ("same", "by_nature"))
    st.dataframe(
        pd.DataFrame(
            [
                {
                    left: _cell(row.path, row.left),
                    t("requests.outcome"): f"{_AGREED[row.agreement]} "
                    + t(f"viewer.agreement_{row.agreement}"),
                    right: _cell(row.other, row.right),
                    t("requests.why"): note_text(row.note),
                }
                for row in rows
            ]
        ),
        hide_index=True,
        alt=t("viewer.prove_alt", count=len(rows)),
    )


def _cell(path: str | None, value: object) -> str:
    if path is None:
        return "—"
    return f"{path}: {json.dumps(value, ensure_ascii=False)[:_LONGEST]}"


def _probes(view: View, model: str, *, operator: bool) -> None:
    st.caption(t("viewer.probe_hint" if operator else "viewer.probe_hint_own"))
    fitting = list(dict.fromkeys(p.name for row in view.pair.rows for p in probes_of(row)))
    names = st.multiselect(
        t("viewer.probe_which"), list(PROBES), default=fitting,
        format_func=lambda name: note_text(PROBES[name].title), key=f"probes_{view.key}_"
        f"{view.exchange.id}",
    )  # fmt: skip
    kept = f"_probe_run_{view.key}"
    run: ProbeRun | None = st.session_state.get(kept)
    busy = run is not None and not run.done
    with st.container(horizontal=True):
        for which, icon, some in (
            ("these", ":material/science:", names),
            ("all", ":material/checklist:", list(PROBES)),
        ):
            st.button(
                t(f"viewer.probe_{which}", count=len(some)), icon=icon,
                key=f"probe_{which}_{view.key}",
                disabled=busy or not some, on_click=_begin,
                args=(view, model, operator, some, kept),
            )  # fmt: skip
        if busy and run is not None:
            st.button(t("viewer.probe_stop"), icon=":material/stop:", on_click=run.cancel)
    if run is not None:
        st.fragment(_progress, run_every=_EVERY if busy else None)(view, run)


def _begin(view: View, model: str, operator: bool, names: Sequence[str], kept: str) -> None:
    st.session_state[kept] = start_probes(
        view.service.fleet, model, owner=view.owner, direct=operator, names=names
    )


def _progress(view: View, run: ProbeRun) -> None:
    table = show_run(view, run, view.key)
    if table is not None:
        _show_table(table, view.key)


def _verdict(result: Result | None) -> str:
    if result is None:
        return ""
    return f"{MARKS[result.verdict]} {note_text(VERDICTS[result.verdict])}"


def _show_table(table: Compatibility, key: str) -> None:
    show_about(table)
    rows = []
    for name, probe in PROBES.items():
        found = {subject: table.result(name, subject) for subject in table.subjects}
        if any(found.values()):
            row = {t("viewer.probe_claim"): note_text(probe.title)}
            row |= {subject: _verdict(result) for subject, result in found.items()}
            rows.append(row)
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt=t("viewer.probe_alt", count=len(rows)))
    with st.expander(t("viewer.probe_evidence"), expanded=len(rows) <= 3):
        for result in table.results:
            st.markdown(
                f"{MARKS[result.verdict]} **{note_text(PROBES[result.probe].title)}** "
                f"({plain(result.subject)}, {result.seconds:.1f} s)  \n"
                f"{plain(note_text(result.evidence))}"
            )
    with st.container(horizontal=True):
        for ending, mime, make in (
            ("md", "text/markdown", lambda: table.markdown(language()).encode()),
            ("csv", "text/csv", lambda: table.csv().encode()),
            ("json", "application/json", table.json),
        ):
            st.download_button(
                f"compatibility.{ending}", make, file_name=f"compatibility.{ending}", mime=mime,
                icon=":material/download:", key=f"compat_{ending}_{key}", on_click="ignore",
            )  # fmt: skip
