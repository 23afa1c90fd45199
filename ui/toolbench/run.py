"""Runs with a model: settings, the growing timeline, and earlier runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st
from msgspec.structs import replace

from core.chats.jobs.job import Job
from core.chats.service import Service
from core.chats.toolbench.runs import RunPlan, Trial
from core.chats.values.chat import ChatMessage
from core.errors import DiglotError
from core.tools.definitions.values import Definition
from core.tools.fault_injection import FAULTS
from core.translation.messages import Tool
from ui.chat.settings import abilities
from ui.toolbench.answers import follow
from ui.toolbench.approvals import show_pauses, watch
from ui.toolbench.bench import bench
from ui.toolbench.timeline import show_timeline
from ui.widgets.cards import attempt, show_fault
from ui.widgets.picking import pick_one
from ui.widgets.status import model_names, show_progress
from ui.words import t

_CHOICES = ("auto", "none", "required", "named")
_WAYS = ("auto", "emulated", "both")
_MODES = ("auto", "approve", "answer")


def show_run(service: Service, owner: str) -> None:
    """Draw the settings, the run button and the selected run."""
    ready = show_progress(service)
    tools = bench(service, owner).on
    plan = _pick_plan(service, tools)
    show_fault(service)
    chat_id = open_run(service, owner)
    running = service.jobs.running(owner, chat_id) if chat_id else []
    with st.container(horizontal=True):
        # Not by on_click: its arguments would lack text that was typed a moment ago.
        if st.button(
            t("tools.run"),
            type="primary",
            icon=":material/play_arrow:",
            disabled=not (plan.model and plan.prompt.strip() and ready and not running),
            key="run_start",
        ):
            _start(service, owner, plan, "")
        if (
            chat_id
            and not running
            and st.button(
                t("tools.run_again"),
                icon=":material/replay:",
                help=t("tools.run_again_help"),
                key="run_again",
            )
        ):
            _start(service, owner, service.playground.plan(owner, chat_id), chat_id)
        if running:
            st.button(
                t("tools.stop"),
                icon=":material/stop:",
                shortcut="Esc",
                on_click=_stop,
                args=(running,),
                key="halt",
            )
    if chat_id:
        _show_trials(service, owner, chat_id, running)


def pick_model(service: Service) -> str:
    """Draw the model picker, and how the model supports tools."""
    model = st.selectbox(
        t("chat.model"), model_names(service), key="model", persist_state="session"
    )
    able = abilities(service, model)
    if able:
        st.caption(t("tools.ability_native" if "tools" in able else "tools.ability_emulated"))
    return model or ""


def open_run(service: Service, owner: str) -> str:
    """Return the chat whose runs are shown: this session's, or the one in the page's address."""
    chat_id = str(st.session_state.get("run_chat") or st.query_params.get("run") or "")
    if not chat_id:
        return ""
    try:
        service.playground.plan(owner, chat_id)
    except DiglotError:
        st.session_state.pop("run_chat", None)
        st.query_params.pop("run", None)
        return ""
    st.session_state["run_chat"] = chat_id
    # Switching pages drops the query parameters.
    st.query_params["run"] = chat_id
    return chat_id


def _pick_plan(service: Service, tools: Sequence[Definition]) -> RunPlan:
    names = [one.tool.name for one in tools]
    model = pick_model(service)
    prompt = st.text_area(
        t("tools.prompt"), t("tools.prompt_default"), key="tool_prompt", height=80,
        persist_state="session",
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom"):
        choice = _pick("choice", _CHOICES)
        if choice == "named":
            named = st.selectbox(
                t("tools.choice_function"), names, key="tool_named", persist_state="session"
            )
            choice = f"={named}" if named else "required"
        how = _pick("way", _WAYS)
        mode = _pick("mode", _MODES)
    with st.popover(t("tools.more"), icon=":material/tune:"):
        fault = st.selectbox(
            t("tools.fault"),
            FAULTS,
            index=None,
            format_func=lambda name: t(f"tools.how_fault_{name}"),
            placeholder=t("tools.no_fault"),
            key="tool_fault",
            persist_state="session",
            help=t("tools.fault_help"),
        )
        every = st.checkbox(t("tools.fault_every"), key="tool_every", persist_state="session")
        turns = st.number_input(
            t("tools.turns"), 1, 50, 6, key="tool_turns", persist_state="session"
        )
        system = st.text_area(
            t("chat.system"), key="tool_system", height=80, persist_state="session"
        )
    return RunPlan(
        prompt=prompt or "",
        model=model,
        tools=tuple(tools),
        choice=choice,
        how="both" if how == "both" else "emulated" if how == "emulated" else "auto",
        mode="approve" if mode == "approve" else "answer" if mode == "answer" else "auto",
        fault=fault,
        every=bool(every),
        system=system or "",
        max_turns=int(turns),
    )


def _pick(name: str, words: tuple[str, ...]) -> str:
    return pick_one(
        t(f"tools.{name}"), words, lambda word: t(f"tools.{name}_{word}"),
        key=f"tool_{name}", about=t(f"tools.{name}_help"),
    )  # fmt: skip


def _start(service: Service, owner: str, plan: RunPlan, chat_id: str) -> None:
    def work() -> None:
        jobs = service.playground.start(owner, plan, chat_id=chat_id)
        st.session_state["run_chat"] = jobs[0].chat_id
        st.session_state["run_shown"] = jobs[0].message_id

    attempt(work, model=plan.model)
    st.rerun()


def _stop(jobs: Sequence[Job]) -> None:
    for job in jobs:
        job.cancel()


def _show_trials(service: Service, owner: str, chat_id: str, running: Sequence[Job]) -> None:
    plan = service.playground.plan(owner, chat_id)
    tools = {one.tool.name: one.tool for one in plan.tools}
    groups = _grouped(service.playground.trials(owner, chat_id))
    if not groups:
        return
    shown = _pick_group(groups)
    jobs = {job.message_id: job for job in running}
    columns = st.columns(len(shown)) if len(shown) > 1 else [st.container()]
    for trial, column in zip(shown, columns, strict=True):
        with column:
            if len(shown) > 1:
                st.markdown(
                    f"**{t('tools.way_emulated' if trial.emulated else 'tools.way_auto')}**"
                )
            job = jobs.get(trial.row.id)
            if job is None:
                show_timeline(service, owner, trial.row, tools, over=True)
            else:
                _show_growing(service, owner, trial.row, job, tools)
    mine = [jobs[trial.row.id] for trial in shown if trial.row.id in jobs]
    if mine and not any(service.playground.waiting(owner, job.id) for job in mine):
        follow(mine, until=lambda: any(service.playground.waiting(owner, j.id) for j in mine))
        st.rerun()


def _show_growing(
    service: Service, owner: str, row: ChatMessage, job: Job, tools: Mapping[str, Tool]
) -> None:
    """Draw a run that waits for approval as far as it has come; follow others until they end."""
    waiting = service.playground.waiting(owner, job.id)
    if not waiting:
        return
    now = job.snapshot()
    grown = replace(row, steps=now.steps, exchanges=now.exchanges)
    show_timeline(service, owner, grown, tools, over=False)
    show_pauses(service, owner, job, waiting, tools)
    watch(service, owner, job, waiting)


def _grouped(trials: Sequence[Trial]) -> list[list[Trial]]:
    """Group runs that were started together; others stand alone."""
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        groups.setdefault(trial.row.batch or trial.row.id, []).append(trial)
    return list(groups.values())


def _pick_group(groups: list[list[Trial]]) -> list[Trial]:
    if len(groups) == 1:
        return groups[0]
    wanted = st.session_state.pop("run_shown", None)
    places = list(range(len(groups)))
    if wanted:
        found = [p for p in places if any(trial.row.id == wanted for trial in groups[p])]
        st.session_state["run_group"] = found[0] if found else places[-1]
    if st.session_state.get("run_group") not in places:
        st.session_state["run_group"] = places[-1]
    place = st.segmented_control(
        t("tools.runs"),
        places,
        format_func=lambda one: _group_name(groups, one),
        required=True,
        key="run_group",
        persist_state="session",
    )
    return groups[places[-1] if place is None else place]


def _group_name(groups: list[list[Trial]], place: int) -> str:
    trial = groups[place][0]
    name = f"#{place + 1}"
    if not trial.source:
        return name
    sources = [p for p, group in enumerate(groups) if any(x.row.id == trial.source for x in group)]
    number = sources[0] + 1 if sources else "?"
    return f"{name} · {t('tools.branched', number=number, step=trial.step + 1)}"
