"""The chat page: a person talks to a model, through either API, and sees every step."""

from __future__ import annotations

import streamlit as st
from msgspec.structs import replace

from core.chats.service import current_service
from core.chats.values import Chat, ChatMessage, ChatOptions
from core.errors import DiglotError
from core.translation.messages import text_of
from ui.answers import follow, numbers_line, show_answer
from ui.cards import error_card, error_facts
from ui.exchanges import show_exchange
from ui.history import show_history
from ui.identity import owner
from ui.settings import show_settings
from ui.status import model_names, show_progress
from ui.text import as_typed
from ui.words import t

DRAWN = 30

service = current_service()
me = owner()


def show_sibling(chat_id: str, message_id: str) -> None:
    """Go on from another version of a message, to the newest that follows it."""
    service.store.set_leaf(me, chat_id, message_id, newest=True)


def open_chat() -> Chat | None:
    """Return the chat that the address names, or the one this session had open."""
    named = st.query_params.get("c") or st.session_state.get("chat")
    if not named:
        return None
    try:
        chat = service.store.chat(me, named)
    except DiglotError:
        st.session_state.pop("chat", None)
        st.query_params.pop("c", None)
        st.warning(t("chat.not_found"), icon=":material/search_off:")
        return None
    st.session_state["chat"] = chat.id
    st.query_params["c"] = chat.id
    return chat


def send(text: str, chat: Chat | None, chosen: ChatOptions) -> None:
    """Ask, or put the question behind the answer that is being written."""
    if chat is None:
        chat = service.store.create_chat(me, title=text[:60])
        st.session_state["chat"] = chat.id
        st.query_params["c"] = chat.id
    if service.jobs.running(me, chat.id) is not None:
        st.session_state.setdefault("queued", {})[chat.id] = text
    else:
        service.ask(me, chat.id, text, chosen)
    st.rerun()


def answer_again(message: ChatMessage, chosen: ChatOptions) -> None:
    """Make an answer anew, beside the one that is there."""
    service.regenerate(me, message.chat_id, message.id, chosen)


def edit(message: ChatMessage, chosen: ChatOptions) -> None:
    """Ask a question in the words that stand in its field."""
    text = st.session_state.get(f"words_{message.id}", "").strip()
    if not text:
        return
    try:
        service.edit(me, message.chat_id, message.id, text, chosen)
    except DiglotError as exc:
        st.toast(exc.message, icon=":material/error:")


@st.dialog(t("chat.wire"), width="large", position="right")
def show_wire(exchange_id: str) -> None:
    """Draw one exchange at the side: both dialects, what was lost, and code."""
    exchange = service.exchange(me, exchange_id)
    if exchange is None:
        st.info(t("chat.wire_gone"), icon=":material/history:")
        return
    show_exchange(exchange)
    if st.button(t("chat.wire_open"), icon=":material/open_in_full:", key="wire_open"):
        st.session_state["exchange"] = exchange_id
        st.switch_page("../pages/requests.py", query_params={"x": exchange_id})


def show_versions(message: ChatMessage, siblings: tuple[str, ...]) -> None:
    """Draw the way to the other versions of a message, where there are any."""
    if len(siblings) < 2:
        return
    place = siblings.index(message.id)
    for step, icon in ((-1, "chevron_left"), (1, "chevron_right")):
        other = place + step
        st.button(
            "",
            icon=f":material/{icon}:",
            type="tertiary",
            key=f"sibling{step}_{message.id}",
            disabled=not 0 <= other < len(siblings),
            on_click=show_sibling,
            args=(message.chat_id, siblings[other % len(siblings)]),
            help=f"{place + 1}/{len(siblings)}",
        )
    st.caption(f"{place + 1}/{len(siblings)}", width="content")


def show_question(
    message: ChatMessage, siblings: tuple[str, ...], chosen: ChatOptions, *, busy: bool
) -> None:
    """Draw a question, its other versions, and a field to put it in other words."""
    text = text_of(message.message)
    st.markdown(as_typed(text))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        show_versions(message, siblings)
        if busy:
            return
        with (
            st.popover("", icon=":material/edit:", type="tertiary", help=t("chat.edit")),
            st.form(f"edit_{message.id}", border=False),
        ):
            st.text_area(
                t("chat.edit"), text, key=f"words_{message.id}", label_visibility="collapsed"
            )
            st.caption(t("chat.edit_hint"))
            st.form_submit_button(
                t("chat.edit_send"), type="primary", on_click=edit, args=(message, chosen)
            )


def show_actions(
    message: ChatMessage, siblings: tuple[str, ...], chosen: ChatOptions, *, busy: bool
) -> None:
    """Draw what can be done with an answer, and its numbers."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        show_versions(message, siblings)
        st.button(
            "",
            icon=":material/refresh:",
            type="tertiary",
            key=f"again_{message.id}",
            help=t("chat.regenerate"),
            on_click=answer_again,
            args=(message, chosen),
            disabled=busy,
        )
        with st.popover("", icon=":material/content_copy:", type="tertiary", help=t("chat.source")):
            st.code(text_of(message.message), language="markdown", wrap_lines=True)
        if message.exchanges and st.button(
            "",
            icon=":material/data_object:",
            type="tertiary",
            key=f"wire_{message.id}",
            help=t("chat.wire"),
        ):
            show_wire(message.exchanges[-1])
        facts = " · ".join(
            part
            for part in (message.model, t(f"api.{message.dialect}") if message.dialect else "",
                         numbers_line(message.numbers)) if part
        )  # fmt: skip
        st.caption(facts)


def show_messages(chat: Chat, chosen: ChatOptions) -> None:
    """Draw the end of the conversation."""
    path = service.store.path(me, chat.id)
    shown = st.session_state.get("shown", {}).get(chat.id, DRAWN)
    if len(path) > shown:
        hidden = len(path) - shown
        if st.button(t("chat.earlier", count=hidden), type="tertiary"):
            st.session_state.setdefault("shown", {})[chat.id] = shown + 2 * DRAWN
            st.rerun()
    tree = service.store.tree(me, chat.id)
    running = service.jobs.running(me, chat.id)
    busy = running is not None
    for message in path[-shown:]:
        if running is not None and message.id == running.message_id:
            continue
        if message.message.role == "user":
            with st.chat_message("user", avatar=":material/person:"):
                show_question(message, tree.get(message.parent_id, ()), chosen, busy=busy)
            continue
        with st.chat_message("assistant", avatar=":material/menu_book:"):
            show_answer(message)
            show_actions(message, tree.get(message.parent_id, ()), chosen, busy=busy)


def show_empty(chosen: ChatOptions, models: list[str]) -> None:
    """Draw what was found, and something to begin with."""
    status = service.status()
    st.markdown(f"## {t('empty.title')}")
    if not models and status.kind != "embedded":
        error_card({"code": "backend_refused", "message": status.base_url})
        st.button(t("error.retry"), on_click=service.retry, icon=":material/refresh:")
        return
    if not show_progress(service):
        st.button(t("empty.look_again"), on_click=service.retry, icon=":material/refresh:")
        return
    st.caption(t(f"empty.found_{status.kind}", count=len(models)))
    examples = [t(f"empty.example_{name}") for name in ("weather", "story", "explain", "plan")]
    columns = st.columns(2)
    for place, example in enumerate(examples):
        tools = ("get_current_weather",) if place == 0 else ()
        with columns[place % 2]:
            if st.button(example, key=f"example_{place}", width="stretch", disabled=not models):
                send(example, None, replace(chosen, tools=tools or chosen.tools))


chat = open_chat()
with st.session_state["_sidebar"]:
    show_history(service, me, current=chat.id if chat else None)

models = model_names(service)
chosen = show_settings(service, models)

job = service.jobs.running(me, chat.id) if chat else None
if chat is not None and job is None:
    # A question that was put behind an answer which has since ended, or was stopped.
    behind = st.session_state.get("queued", {}).pop(chat.id, None)
    if behind:
        send(behind, chat, chosen)
hint = t("chat.input_busy") if job else t("chat.input", model=chosen.model or "…")
text = st.chat_input(hint, key="input", disabled=not chosen.model)
if text:
    try:
        send(text, chat, chosen)
    except DiglotError as exc:
        error_card(error_facts(exc), model=chosen.model)

if chat is None:
    show_empty(chosen, models)
else:
    show_messages(chat, chosen)

if chat is not None and job is not None:
    with st.chat_message("assistant", avatar=":material/menu_book:"):
        answer = st.container()
        stop = st.empty()
    stop.button(
        t("chat.stop"),
        icon=":material/stop:",
        shortcut="Esc",
        key="stop",
        on_click=service.stop,
        args=(me, chat.id),
    )
    # What the run before this one drew further down stays on the page, faded, until this run
    # ends, and it does not end before the answer does.
    for _ in range(8):
        st.empty()
    waiting = st.session_state.get("queued", {}).get(chat.id)
    if waiting:
        with st.chat_message("user", avatar=":material/schedule_send:"):
            st.markdown(as_typed(waiting))
            st.caption(t("chat.queued"))
    with answer:
        follow(job)
    stop.empty()
    st.rerun()
