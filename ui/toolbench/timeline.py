"""A run as a timeline: requests in both dialects, calls, results, the answer."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from msgspec.structs import replace

from core.chats.feed.numbers import numbers_line
from core.chats.service import Service
from core.chats.toolbench.runs import Changed
from core.chats.values.chat import Call, ChatMessage
from core.errors import DiglotError
from core.tools.arguments import ToolArgumentError, validate_arguments
from core.tools.textual_calls import WrittenCall, find_written_calls
from core.translation.dialects.registry import SPOKEN
from core.translation.messages import Tool, text_of
from ui.session.account import is_operator
from ui.toolbench.answers import show_answer
from ui.widgets.cards import attempt
from ui.widgets.dialect_labels import show_bodies
from ui.widgets.text import plain, pretty
from ui.words import language, t

_SHORT = 70
_MOST_SHOWN = 20_000
"""Characters of a result that are drawn; the model was told all of it."""


def show_timeline(
    service: Service, owner: str, row: ChatMessage, tools: Mapping[str, Tool], *, over: bool
) -> None:
    """Draw a run. ``over``: it has ended, so its text is final and it can be branched."""
    for number, step in enumerate(row.steps):
        _show_request(service, owner, row, number, over=over)
        if step.text:
            st.caption(plain(step.text))
        for place, call in enumerate(step.calls):
            _show_call(service, owner, row, (number, place), call, tools, over=over)
        if step.stopped:
            st.warning(t(f"tools.stopped_{step.stopped}"), icon=":material/block:")
    if len(row.exchanges) > len(row.steps):
        _show_request(service, owner, row, len(row.steps), over=over)
    if over:
        _show_end(row, tools)


def show_fit(tool: Tool | None, arguments: str) -> bool:
    """Say whether arguments fit a tool's schema, and where not; return whether they do."""
    if tool is None:
        st.caption(f":material/rule: {t('tools.unknown_tool')}")
        return False
    try:
        validate_arguments(tool, arguments)
    except ToolArgumentError as exc:
        st.caption(f":material/rule: {t('tools.invalid', message=plain(str(exc)))}")
        return False
    st.caption(f":material/rule: {t('tools.valid')}")
    return True


def _show_request(
    service: Service, owner: str, row: ChatMessage, number: int, *, over: bool
) -> None:
    exchange_id = row.exchanges[number] if number < len(row.exchanges) else ""
    exchange = None
    if exchange_id:
        exchange = service.exchange(owner, exchange_id, operator=is_operator(service))
    label = t("tools.step_request", number=number + 1)
    if exchange is not None:
        if exchange.ended:
            label += f" · {(exchange.ended - exchange.started) / 1e9:.1f} s"
        if exchange.emulated:
            label += f" · {t('requests.emulated')}"
    key = f"request_{row.id}_{number}"
    with st.expander(
        label, icon=":material/upload:", type="step", key=key, on_change="rerun"
    ) as at:
        # Never empty, because an empty expander cannot be opened.
        if exchange is None:
            st.caption(t("requests.gone"))
        else:
            count, size = len(exchange.backend), len(exchange.client.request)
            st.caption(t("tools.request_facts", count=count, size=f"{size:,}"))
        if not at.open:
            return
        if exchange is not None:
            try:
                client_dialect = exchange.client.dialect
                other = SPOKEN[client_dialect].partner
                show_bodies(
                    exchange.request_in(client_dialect), exchange.request_in(other),
                    source=client_dialect, target=other,
                    derived=not any(wire.dialect == other for wire in exchange.backend),
                )  # fmt: skip
            except DiglotError as exc:
                st.warning(t("requests.cannot", message=plain(exc.message)))
        with st.container(horizontal=True):
            if exchange is not None and st.button(
                t("chat.wire_open"), icon=":material/open_in_full:", key=f"wire_{key}"
            ):
                st.session_state["exchange"] = exchange_id
                st.switch_page("../pages/requests.py", query_params={"x": exchange_id})
            if over and st.button(
                t("tools.branch_request"),
                icon=":material/fork_right:",
                key=f"branch_{key}",
                help=t("tools.branch_request_help"),
            ):
                _branch(service, owner, row.id, number, None)


def _show_call(
    service: Service,
    owner: str,
    row: ChatMessage,
    place: tuple[int, int],
    call: Call,
    tools: Mapping[str, Tool],
    *,
    over: bool,
) -> None:
    # Streamlit identifies elements without a key by label and position, so an opened step would
    # fold once its label changes or the run ends.
    key = f"{row.id}_{place[0]}_{place[1]}"
    short = " ".join(call.arguments.split())
    short = short[:_SHORT] + "…" if len(short) > _SHORT else short
    fits = _fits(tools.get(call.name), call.arguments)
    icon = ":material/call_made:" if fits else ":material/rule:"
    mark = t("tools.fits" if fits else "tools.does_not_fit")
    label = f"`{call.name}` {plain(short)} · {mark}"
    with st.expander(label, icon=icon, type="step", key=f"call_{key}", on_change="rerun"):
        st.code(pretty(call.arguments), language="json", wrap_lines=True)
        show_fit(tools.get(call.name), call.arguments)
        st.caption(t("tools.call_id", id=call.id or "–"))
        if call.asked:
            st.caption(t("tools.asked"))
            st.code(pretty(call.asked), language="json", wrap_lines=True)
    if call.result is None:
        if over:
            st.caption(t("tools.no_result"))
        return
    how = t(f"tools.how_{call.how}") if call.how else f"{call.duration / 1e6:.1f} ms"
    icon = ":material/error:" if call.failed else ":material/check_circle:"
    said = " ".join(call.result.split())
    said = said[:_SHORT] + "…" if len(said) > _SHORT else said or t("tools.nothing")
    label = f"{t('tools.step_result')} · {plain(said)} · {how}"
    with st.expander(label, icon=icon, type="step", key=f"result_{key}", on_change="rerun"):
        st.code(pretty(call.result)[:_MOST_SHOWN], language="json", wrap_lines=True)
        if len(call.result) > _MOST_SHOWN:
            st.caption(t("tools.long_result", count=f"{len(call.result):,}"))
        if over:
            _show_branch(service, owner, row, place[0], call)


def _show_branch(service: Service, owner: str, row: ChatMessage, number: int, call: Call) -> None:
    key = f"{row.id}_{number}_{call.id}"
    with st.popover(t("tools.branch"), icon=":material/fork_right:"):
        arguments = st.text_area(
            t("tools.arguments"), pretty(call.arguments), key=f"branch_arguments_{key}", height=120
        )
        # Not by on_click: its arguments would lack text that was typed a moment ago.
        if st.button(
            t("tools.branch_arguments"), icon=":material/play_arrow:", key=f"branch_run_{key}"
        ):
            changed = Changed(call_id=call.id, arguments=arguments)
            _branch(service, owner, row.id, number, changed)
        result = st.text_area(
            t("tools.step_result"),
            (call.result or "")[:_MOST_SHOWN],
            key=f"branch_result_{key}",
            height=120,
        )
        if st.button(
            t("tools.branch_result"), icon=":material/edit_note:", key=f"branch_give_{key}"
        ):
            _branch(service, owner, row.id, number, Changed(call_id=call.id, result=result))


def _branch(
    service: Service, owner: str, message_id: str, number: int, changed: Changed | None
) -> None:
    def work() -> None:
        job = service.playground.branch(owner, message_id, number, changed)
        st.session_state["run_shown"] = job.message_id

    attempt(work)
    st.rerun()


def _show_end(row: ChatMessage, tools: Mapping[str, Tool]) -> None:
    text = text_of(row.message)
    for one in find_written_calls(text, tools.keys()):
        _show_written(one)
    with st.container(border=True):
        st.markdown(f":material/forum: **{t('tools.step_answer')}**")
        if row.message.parts or row.message.thinking or row.error or row.state != "complete":
            show_answer(replace(row, steps=()))
        else:
            st.caption(t("tools.no_answer"))
        if line := numbers_line(row.numbers, language()):
            st.caption(line)


def _show_written(one: WrittenCall) -> None:
    st.warning(
        f"**{t('tools.written')}** {t(f'tools.written_{one.form}')}", icon=":material/code_off:"
    )
    st.code(one.written[:_MOST_SHOWN], language=None, wrap_lines=True)
    st.markdown(t("tools.written_try"))


def _fits(tool: Tool | None, arguments: str) -> bool:
    try:
        return tool is not None and validate_arguments(tool, arguments) is not None
    except ToolArgumentError:
        return False
