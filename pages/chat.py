"""The chat page: a person talks to models, one or several, through either API."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.chats.service import current_service
from core.chats.transfer.attachments import read_file
from core.chats.values.chat import Chat, ChatOptions
from core.errors import InvalidRequest
from core.translation.messages import Message, Part, Text
from ui.chat.actions import Talk
from ui.chat.answers import follow
from ui.chat.context_meter import show_meter
from ui.chat.empty import show_empty
from ui.chat.history import show_history
from ui.chat.navigation import open_chat
from ui.chat.settings import show_settings
from ui.chat.transcript import AVATAR, show_parts, show_transcript
from ui.session.account import owner
from ui.widgets.cards import attempt, show_fault
from ui.widgets.pulls import draw_pulls, show_pulls
from ui.widgets.status import model_names
from ui.words import t

_TITLE_CHARS = 60
_TITLE_WAIT = 8
"""Looks, a second apart, for the title that the model may give."""

service = current_service()
me = owner(service)


def opened() -> Chat | None:
    """Return the chat that the address names, at its message, or the one that was open."""
    named = st.query_params.get("c") or st.session_state.get("chat")
    if not named:
        return None
    try:
        chat = service.store.chat(me, named)
        if chat.hidden:
            raise InvalidRequest("put away")
        place = st.query_params.get("m")
        if place:
            go_to(chat, place)
    except InvalidRequest:
        open_chat(None)
        st.warning(t("chat.not_found"), icon=":material/search_off:")
        return None
    open_chat(chat.id)
    return chat


def go_to(chat: Chat, message_id: str) -> None:
    """Show the branch that a message is on, and the message."""
    place = [row.id for row in service.store.path(me, chat.id)]
    if message_id not in place:
        service.store.set_leaf(me, chat.id, message_id, newest=True)
        place = [row.id for row in service.store.path(me, chat.id)]
    drawn = st.session_state.setdefault("drawn", {})
    drawn[chat.id] = max(drawn.get(chat.id, 30), len(place) - place.index(message_id) + 2)
    st.session_state["scroll_to"] = message_id


def send(text: str, options: Sequence[ChatOptions], files: Sequence[Part] = ()) -> None:
    """Ask, or keep what could not be asked: nothing that was typed is lost."""
    st.session_state.pop("unsent", None)
    if not attempt(ask, text, options, files, model=options[0].model):
        st.session_state["unsent"] = (text, tuple(files))


def ask(text: str, options: Sequence[ChatOptions], files: Sequence[Part]) -> None:
    """Ask, or put the question behind the answers that are being written. Raises DiglotError."""
    current = chat
    if current is None:
        title = text.strip()[:_TITLE_CHARS] or t("chat.untitled")
        temporary = bool(st.session_state.get("temporary"))
        current = service.store.create_chat(me, title=title, temporary=temporary)
        open_chat(current.id)
    st.session_state.pop("undo", None)
    if service.running(me, current.id):
        st.session_state.setdefault("queued", {})[current.id] = (text, tuple(files))
    elif len(options) > 1:
        service.compare(me, current.id, text, options, files=files)
    else:
        service.ask(me, current.id, text, options[0], files=files)


def show_input() -> None:
    """Draw the field for the question."""
    st.chat_input(
        t("chat.input_busy") if jobs else t("chat.input", model=chosen.model or "…"),
        key="input",
        accept_file="multiple",
        disabled=not chosen.model,
        on_submit=send_typed,
        args=([chosen, *others],),
    )


def send_typed(options: Sequence[ChatOptions]) -> None:
    """Send what stands in the field, with its files: before the page is drawn, so only once."""
    typed = st.session_state["input"]
    files: list[Part] = []

    def read() -> None:
        files.extend(read_file(file.name, file.getvalue()) for file in typed.files)

    if typed and attempt(read) and (typed.text.strip() or files):
        send(typed.text or t("chat.look"), options, files)


def send_queued() -> None:
    """Send the question that was put behind answers which have since ended, or were stopped."""
    behind = st.session_state.get("queued", {}).pop(chat.id, None) if chat and not jobs else None
    if behind:
        send(behind[0], [chosen, *others], behind[1])
        st.rerun()


def show_unsent() -> None:
    """Draw the question that could not be asked, with a button that asks it again."""
    kept = st.session_state.get("unsent")
    if not kept:
        return
    with st.container(border=True, key="unsent_question"):
        st.caption(f":material/cloud_off: {t('chat.unsent')}")
        show_parts(Message(role="user", parts=(Text(kept[0]), *kept[1])))
        with st.container(horizontal=True):
            st.button(
                t("chat.send_again"),
                type="primary",
                key="send_again",
                disabled=not chosen.model,
                on_click=send,
                args=(kept[0], [chosen, *others], kept[1]),
            )
            st.button(t("chat.discard"), key="discard_unsent", on_click=discard_unsent)


def discard_unsent() -> None:
    """Forget the question that could not be asked, and why."""
    st.session_state.pop("unsent", None)


def show_running(current: Chat) -> None:
    """Draw the answers that are being written, with the button that stops them."""
    with st.chat_message("assistant", avatar=AVATAR):
        answers = st.container()
        stop = st.empty()
    stop.button(
        t("chat.stop"),
        icon=":material/stop:",
        shortcut="Esc",
        key="stop",
        on_click=service.stop,
        args=(me, current.id),
    )
    # What the run before this one drew further down stays on the page, faded, until this run
    # ends, and it does not end before the answer does.
    for _ in range(8):
        st.empty()
    waiting = st.session_state.get("queued", {}).get(current.id)
    if waiting:
        with st.chat_message("user", avatar=":material/schedule_send:"):
            show_parts(Message(role="user", parts=(Text(waiting[0]), *waiting[1])))
            st.caption(t("chat.queued"))
    with answers:
        follow(jobs, meanwhile=draw_history, every_second=redraw_pulls)
    stop.empty()
    st.session_state["title_looks"] = _TITLE_WAIT
    st.rerun()


def draw_history() -> None:
    """Draw the chats at the side, in their place."""
    with history_place:
        show_history(service, me, current=chat.id if chat else None)


def redraw_pulls() -> None:
    """Draw the pulls in their place, while this page follows an answer."""
    if service.library.pulls():
        with pulls_place.container():
            draw_pulls(service, buttons=False)


def wait_for_title(current: Chat) -> None:
    """Look for the title that the model gives in the background, for a while."""
    looks = st.session_state.get("title_looks", 0)
    found = service.store.chat(me, current.id)
    if found.titled != "question" or looks <= 0:
        # Drawn anew without this, which would go on looking as long as the page is open.
        st.session_state["title_looks"] = 0
        st.rerun()
    st.session_state["title_looks"] = looks - 1


chat = opened()
jobs = service.running(me, chat.id) if chat else []
with st.session_state["_sidebar"]:
    pulls_place = st.empty()
    with pulls_place.container():
        show_pulls(service)
    history_place = st.container()
if not jobs:
    draw_history()

models = model_names(service)
chosen, others = show_settings(service, me, models)
if chat is not None:
    if chat.temporary:
        st.caption(f":material/visibility_off: {t('chat.temporary_help')}")
    path = service.store.path(me, chat.id, limit=2)
    show_meter(service, chosen, path[-1] if path else None)
send_queued()
show_input()
show_fault(service)
show_unsent()

if chat is None:
    show_empty(service, chosen, models, send)
else:
    show_transcript(
        Talk(service, me, chat, chosen, models, bool(jobs)),
        running=frozenset(job.message_id for job in jobs),
    )
    if jobs:
        show_running(chat)
    elif (
        st.session_state.get("title_looks")
        and chat.titled == "question"
        and service.status().kind != "embedded"
    ):
        st.fragment(wait_for_title, run_every=1.0)(chat)
