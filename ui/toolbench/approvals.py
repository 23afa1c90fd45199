"""Calls that wait for approval: run them, write the result by hand, refuse, or inject a fault."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.chats.jobs.job import Job
from core.chats.service import Service
from core.chats.toolbench.runs import Waiting
from core.tools.approvals import Decided, Decision
from core.tools.fault_injection import FAULTS, Fault
from core.translation.messages import Tool
from ui.toolbench.timeline import show_fit
from ui.widgets.cards import try_it
from ui.widgets.picking import pick_one
from ui.widgets.text import code_span, pretty
from ui.words import t

_KINDS: tuple[Decided, ...] = ("run", "give", "refuse", "fault")
_LOOK_EVERY = 2.0


def show_pauses(
    service: Service, owner: str, job: Job, waiting: tuple[Waiting, ...], tools: Mapping[str, Tool]
) -> None:
    """Draw a card for every call that waits."""
    mine = service.playground.plan(owner, job.chat_id).mode == "answer"
    for one in waiting:
        with st.container(border=True, key=f"pause_{job.id}_{one.call.id}"):
            _show_pause(service, owner, job, one, tools, answers=mine)


def watch(service: Service, owner: str, job: Job, waiting: tuple[Waiting, ...]) -> None:
    """Redraw the page when a call was settled elsewhere or the run has ended."""

    @st.fragment(run_every=_LOOK_EVERY)
    def look() -> None:
        if job.done or service.playground.waiting(owner, job.id) != waiting:
            st.rerun()

    look()


def _show_pause(
    service: Service,
    owner: str,
    job: Job,
    one: Waiting,
    tools: Mapping[str, Tool],
    *,
    answers: bool,
) -> None:
    key = f"{job.id}_{one.call.id}"
    st.markdown(f":material/pause_circle: **{t('tools.waits', name=code_span(one.call.name))}**")
    if not one.runs:
        st.caption(t("tools.no_runner"))
    arguments = st.text_area(
        t("tools.arguments"), pretty(one.call.arguments), key=f"pause_arguments_{key}", height=110
    )
    show_fit(tools.get(one.call.name), arguments)
    kinds = _KINDS if one.runs else _KINDS[1:]
    kind = pick_one(
        t("tools.decide"), kinds, lambda name: t(f"tools.decide_{name}"),
        default="give" if answers or not one.runs else "run", key=f"pause_kind_{key}", kept=False,
    )  # fmt: skip
    text, fault = "", FAULTS[0]
    if kind in ("give", "refuse"):
        label = t("tools.given_result" if kind == "give" else "tools.reason")
        text = st.text_area(label, key=f"pause_text_{kind}_{key}", height=90)
    elif kind == "fault":
        fault = _pick_fault(f"pause_fault_{key}")
    changed = arguments if arguments != pretty(one.call.arguments) else None
    decision = Decision(kind=kind, arguments=changed, text=text, fault=fault)
    # Not by on_click: its arguments would lack text that was typed a moment ago.
    if st.button(
        t("tools.go_on"), type="primary", icon=":material/play_arrow:", key=f"pause_go_{key}"
    ):
        try_it(service.playground.decide, owner, job.id, one.call.id, decision)
        st.rerun()


def _pick_fault(key: str) -> Fault:
    return pick_one(
        t("tools.fault"), FAULTS, lambda name: t(f"tools.how_fault_{name}"), key=key, kept=False
    )
