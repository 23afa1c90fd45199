"""The tool page: edit definitions, run one prompt with them, see every step of the loop."""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from core.backends.faults import error_facts
from core.chats.job import Job
from core.chats.service import current_service
from core.errors import DiglotError
from core.tools.arguments import ToolArgumentError, validate_arguments
from core.translation.definitions import dump_tool, parse_tools
from core.translation.messages import NamedTool, Tool, ToolChoice
from ui.account import owner
from ui.answers import follow, numbers_line, show_answer
from ui.cards import error_card, json_fault
from ui.comparison import show_bodies
from ui.settings import abilities
from ui.status import model_names, show_progress
from ui.words import t

service = current_service()
me = owner(service)


def example() -> str:
    """Return the definition to begin with: the weather tool."""
    weather = next(tool for tool in service.toolbox.tools if tool.name == "get_current_weather")
    return json.dumps([dump_tool(weather)], ensure_ascii=False, indent=2)


def read_definitions(text: str) -> list[dict[str, Any]] | None:
    """Return the definitions as they were written; draw what is wrong with them, if anything."""
    try:
        value = json.loads(text)
        definitions = value if isinstance(value, list) else [value]
        parse_tools(definitions)
    except json.JSONDecodeError as exc:
        st.warning(json_fault(exc))
        return None
    except DiglotError as exc:
        st.warning(t("tools.broken", message=exc.message))
        return None
    return definitions


def pick_choice(names: list[str]) -> ToolChoice | None:
    """Draw the ways of choosing a tool and return the one in use."""
    word = st.segmented_control(
        t("tools.choice"),
        ["auto", "none", "required", "named"],
        format_func=lambda name: t(f"tools.choice_{name}"),
        default="auto",
        required=True,
        key="tool_choice",
        persist_state="session",
    )
    if word == "named":
        return NamedTool(st.selectbox(t("tools.choice_function"), names) or "")
    return "none" if word == "none" else "required" if word == "required" else "auto"


def show_step(tools: dict[str, Tool], number: int, exchange_id: str) -> None:
    """Draw one request of the loop in both dialects."""
    exchange = service.exchange(me, exchange_id)
    if exchange is None:
        st.caption(t("requests.gone"))
        return
    label = t("tools.step_request", number=number)
    if exchange.emulated:
        label += f" · {t('requests.emulated')}"
    with st.expander(label, icon=":material/upload:", type="compact"):
        try:
            face = exchange.client.dialect
            other = "ollama" if face == "openai" else "openai"
            show_bodies(
                exchange.request_in(face), exchange.request_in(other), source=face, target=other,
                derived=not any(wire.dialect == other for wire in exchange.backend),
            )  # fmt: skip
        except DiglotError as exc:
            st.warning(t("requests.cannot", message=exc.message))


def show_run(job: Job, tools: dict[str, Tool]) -> None:
    """Draw a run: requests, calls with their fit to the schema, results, answer."""
    slot = st.empty()
    if not job.done:
        slot.button(
            t("tools.stop"), icon=":material/stop:", shortcut="Esc", on_click=job.cancel, key="halt"
        )
        with st.container(border=True):
            follow([job])
        slot.empty()
        st.rerun()
    row = service.store.message(me, job.message_id)
    for number, step in enumerate(row.steps, 1):
        if number <= len(row.exchanges):
            show_step(tools, number, row.exchanges[number - 1])
        for call in step.calls:
            with st.container(border=True):
                st.markdown(f":material/call_made: **{t('tools.step_call')}** `{call.name}`")
                st.code(call.arguments, language="json", wrap_lines=True)
                _show_fit(tools.get(call.name), call.arguments)
                if call.result is None:
                    st.caption(t("tools.stopped_here"))
                else:
                    icon = ":material/error:" if call.failed else ":material/check_circle:"
                    took = f"{call.duration / 1e6:.1f} ms"
                    st.markdown(f"{icon} **{t('tools.step_result')}** :gray[{took}]")
                    st.code(call.result, language="json", wrap_lines=True)
    if len(row.exchanges) > len(row.steps):
        show_step(tools, len(row.steps) + 1, row.exchanges[-1])
    with st.container(border=True):
        st.markdown(f":material/forum: **{t('tools.step_answer')}**")
        if row.message.parts or row.error:
            show_answer(row.__class__(**{**_fields(row), "steps": ()}))
        else:
            st.caption(t("tools.no_answer"))
        st.caption(numbers_line(row.numbers))


def _fields(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__struct_fields__}


def _show_fit(tool: Tool | None, arguments: str) -> None:
    if tool is None:
        return
    try:
        validate_arguments(tool, arguments)
    except ToolArgumentError as exc:
        st.caption(f":material/rule: {t('tools.invalid', message=exc)}")
    else:
        st.caption(f":material/rule: {t('tools.valid')}")


st.markdown(f"## {t('tools.title')}")
st.caption(t("tools.intro"))
left, right = st.columns([5, 6], gap="large")
with left:
    st.session_state.setdefault("definitions", example())
    text = st.text_area(
        t("tools.definitions"), key="definitions", height=420, help=t("tools.definitions_hint"),
        persist_state="session",
    )  # fmt: skip
    definitions = read_definitions(text)
    st.caption(t("tools.builtin", names=", ".join(service.toolbox.names)))
with right:
    ready = show_progress(service)
    models = model_names(service)
    model = st.selectbox(t("chat.model"), models, key="model", persist_state="session")
    can = abilities(service, model)
    if can:
        st.caption(t("tools.ability_native" if "tools" in can else "tools.ability_emulated"))
    prompt = st.text_area(
        t("tools.prompt"), t("tools.prompt_default"), key="tool_prompt", height=80,
        persist_state="session",
    )  # fmt: skip
    choice = pick_choice([d["function"]["name"] for d in definitions or []])
    go = st.button(
        t("tools.run"), type="primary", icon=":material/play_arrow:",
        disabled=not (definitions and model and prompt.strip() and ready),
    )  # fmt: skip
    if go and definitions and model:
        try:
            started = service.run_tool_test(
                me, prompt, model=model, tools=definitions, tool_choice=choice
            )
            st.session_state["run"] = started.id
            st.session_state["run_tools"] = definitions
        except DiglotError as exc:
            error_card(error_facts(exc), model=model)
    job = service.jobs.get(me, st.session_state.get("run", ""))
    if job is not None:
        known = {tool.name: tool for tool in parse_tools(st.session_state["run_tools"])}
        show_run(job, known)
