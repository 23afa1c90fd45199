"""The chat page: a person talks to models, one or several, through either API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.chats.feed.instead import model_instead, model_that_sees
from core.chats.feed.shown import SHOWN, stamp_of
from core.chats.service import current_service
from core.chats.values.chat import Chat, ChatMessage
from core.errors import InvalidRequest
from ui.chat.context_meter import read_meter
from ui.chat.dialogs import show_dialog
from ui.chat.empty import show_empty
from ui.chat.lines import sidebar
from ui.chat.navigation import ask_for, open_chat
from ui.chat.settings import abilities, ability_words, show_settings
from ui.chat.side import show_side
from ui.chat.surface import show_surface
from ui.chat.wire import open_wire, show_wire, wire_message
from ui.session.account import owner
from ui.widgets.cards import attempt, show_fault, try_it
from ui.widgets.pulls import show_pulls
from ui.widgets.status import model_names
from ui.words import t

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
    return service.store.chat(me, named)


def go_to(chat: Chat, message_id: str) -> None:
    """Show the branch that a message is on, and the message."""
    place = [row.id for row in service.store.path(me, chat.id)]
    if message_id not in place:
        service.store.set_leaf(me, chat.id, message_id, newest=True)
        place = [row.id for row in service.store.path(me, chat.id)]
    st.session_state["place"] = (message_id, len(place) - place.index(message_id) + 2)


def heard(event: Mapping[str, Any]) -> None:
    """Do what somebody wants of the page around the chat, before it is drawn."""
    kind, message = event.get("kind"), event.get("message")
    if kind == "opened":
        open_chat(str(event.get("chat")))
        if event.get("made") and st.session_state.get("temporary"):
            # Asked before the page knew that it was to be.
            attempt(service.store.update_chat, me, str(event.get("chat")), temporary=True)
    elif kind == "ended":
        st.session_state["title_looks"] = _TITLE_WAIT
    elif kind == "cure" and event.get("cure") == "retry":
        try_it(service.retry)
    elif kind == "cure":
        if not service.demo:
            try_it(service.library.pull, str(event.get("model")))
    elif kind == "pick":
        st.session_state["model"] = str(event.get("model"))
    elif kind == "wire":
        open_wire(str(message or ""))
    elif message:
        ask_for(str(kind), str(message))


def wired() -> ChatMessage | None:
    """Return the answer of this chat that the drawer is open on."""
    if chat is None or not wire_message():
        return None
    try:
        found = service.store.message(me, wire_message())
    except InvalidRequest:
        return None
    shown = found.exchanges or found.id in writing
    return found if found.chat_id == chat.id and shown else None


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
writing = {job.message_id for job in jobs}
with sidebar():
    show_pulls(service)
    show_side(service, me, current=chat.id if chat else "")

models = model_names(service)
chosen, others = show_settings(service, me, models)
show_fault(service)
about: dict[str, Any] = {"chat": "", "place": "", "reach": SHOWN, "stamp": "", "examples": []}
if chat is not None:
    path = service.store.path(me, chat.id, limit=2)
    last = path[-1] if path else None
    about["meter"] = read_meter(service, chosen, last)
    about["instead"] = model_instead(service, last)
    about["place"], about["reach"] = st.session_state.pop("place", ("", SHOWN))
    about |= {"chat": chat.id, "stamp": stamp_of(chat, len(jobs))}
    about["hint"] = t("chat.temporary_help") if chat.temporary else ""
else:
    about |= show_empty(service, chosen, models)
about["models"] = models
about["able"] = ability_words(service, chosen.model)
about["sees"] = "vision" in abilities(service, chosen.model)
about["seeing"] = "" if about["sees"] else model_that_sees(service, chosen.model, models)
about["fresh"] = st.session_state.get("fresh", 0)
about["temporary"] = bool(st.session_state.get("temporary"))
looked_at = wired()
about["wire"] = looked_at.id if looked_at else ""
# Two columns in any case, or the chat would be another element whenever the drawer opens.
talk, side = st.columns([55, 45])
with talk:
    show_surface(me, [chosen, *others], about, heard)
if looked_at is not None:
    with side:
        show_wire(service, me, looked_at, running=looked_at.id in writing)
show_dialog(service, me)
if (
    chat is not None
    and not jobs
    and st.session_state.get("title_looks")
    and chat.titled == "question"
    and service.status().kind != "embedded"
):
    st.fragment(wait_for_title, run_every=1.0)(chat)
