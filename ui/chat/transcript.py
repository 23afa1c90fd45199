"""The conversation as it is drawn: its last part, questions, answers, and answers side by side."""

from __future__ import annotations

import base64

import streamlit as st

from core.chats.transfer.attachments import attached_name
from core.chats.values.chat import ChatMessage
from core.translation.messages import Image, Message, Text
from ui.chat.actions import (
    Talk,
    facts_line,
    hide,
    open_editor,
    show_actions,
    show_undo,
    show_versions,
)
from ui.chat.answers import show_answer
from ui.chat.navigation import scroll_to
from ui.chat.wire import show_wire
from ui.viewer.exchange import show_difference
from ui.widgets.cards import attempt, try_it
from ui.widgets.icons import icon_button
from ui.widgets.text import as_typed
from ui.words import t

__all__ = ["AVATAR", "show_parts", "show_transcript"]

AVATAR = ":material/menu_book:"
_DRAWN = 20


def show_transcript(talk: Talk, *, running: frozenset[str]) -> None:
    """Draw the end of the conversation without the answers that ``running`` names."""
    drawn = st.session_state.setdefault("drawn", {})
    shown = drawn.get(talk.chat.id, _DRAWN)
    path = talk.service.store.path(talk.owner, talk.chat.id, limit=shown + 1)
    if len(path) > shown:
        path = path[1:]
        if st.button(t("chat.earlier"), type="tertiary", icon=":material/expand_less:"):
            drawn[talk.chat.id] = shown + 2 * _DRAWN
            st.rerun()
    tree = talk.service.store.tree(talk.owner, talk.chat.id)
    for message in path:
        if message.id in running:
            continue
        siblings = tree.get(message.parent_id, ())
        with st.container(key=f"m_{message.id}"):
            _show_message(talk, message, siblings, last=message is path[-1])
    show_undo(talk)
    if path and path[-1].message.role == "user" and not talk.busy:
        st.button(
            t("chat.answer_now"),
            icon=":material/play_arrow:",
            key="answer_now",
            on_click=try_it,
            args=(talk.service.answer, talk.owner, talk.chat.id, talk.chosen),
        )
    wanted = st.session_state.pop("scroll_to", None)
    if wanted:
        scroll_to(f"m_{wanted}")


def show_parts(message: Message) -> None:
    """Draw what a person has sent: words as they were typed, images, files folded."""
    for place, part in enumerate(message.parts):
        name = attached_name(part) if place else ""
        if isinstance(part, Image):
            if part.data:
                st.image(base64.b64decode(part.data), width=240, alt=t("chat.image"))
            else:
                # An address is not fetched by looking at it.
                st.code(part.url, language=None)
        elif name and isinstance(part, Text):
            with st.expander(name, type="compact", icon=":material/attach_file:"):
                st.code(part.text.split("\n", 1)[1], language=None, wrap_lines=True)
        elif isinstance(part, Text):
            st.markdown(as_typed(part.text))


def _show_message(
    talk: Talk, message: ChatMessage, siblings: tuple[str, ...], *, last: bool
) -> None:
    if message.message.role == "user":
        with st.chat_message("user", avatar=":material/person:"):
            _show_question(talk, message, siblings)
    elif message.message.role == "system":
        with st.expander(t("chat.system_message"), type="compact", icon=":material/tune:"):
            show_parts(message.message)
    elif message.batch:
        _show_batch(talk, message, siblings)
    else:
        with st.chat_message("assistant", avatar=AVATAR):
            if st.session_state.get("editing") == message.id and not talk.busy:
                _show_editor(talk, message)
                return
            show_answer(message, talk.service)
            show_actions(talk, message, siblings, last=last)


def _show_question(talk: Talk, message: ChatMessage, siblings: tuple[str, ...]) -> None:
    if st.session_state.get("editing") == message.id and not talk.busy:
        _show_editor(talk, message)
        return
    show_parts(message.message)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        show_versions(talk, message, siblings)
        if talk.busy:
            return
        icon_button(
            t("chat.edit"),
            "edit",
            key=f"edit_{message.id}",
            on_click=open_editor,
            args=(message.id,),
        )
        icon_button(
            t("chat.delete_from"),
            "delete",
            key=f"hide_{message.id}",
            on_click=hide,
            args=(talk, message),
        )


def _show_editor(talk: Talk, message: ChatMessage) -> None:
    """Draw a message as a field; a question is sent, an answer kept, as another version."""
    mine = message.message.role == "user"
    first = message.message.parts[:1]
    text = first[0].text if first and isinstance(first[0], Text) else ""
    with st.form(f"editor_{message.id}", border=False):
        st.text_area(
            t("chat.edit"),
            text,
            key=f"words_{message.id}",
            label_visibility="collapsed",
            height="content",
        )
        st.caption(t("chat.edit_hint" if mine else "chat.edit_answer_hint"))
        with st.container(horizontal=True):
            st.form_submit_button(
                t("chat.edit_send" if mine else "chat.save"),
                type="primary",
                on_click=_edit,
                args=(talk, message),
            )
            st.form_submit_button(t("chat.cancel"), on_click=open_editor, args=(None,))


def _edit(talk: Talk, message: ChatMessage) -> None:
    """Ask a question, or keep an answer, in the words that stand in its field."""
    text = st.session_state.get(f"words_{message.id}", "").strip()
    open_editor(None)
    if text and message.message.role == "assistant":
        attempt(talk.service.rewrite, talk.owner, talk.chat.id, message.id, text)
    elif text:
        attempt(
            talk.service.edit,
            talk.owner,
            talk.chat.id,
            message.id,
            text,
            talk.chosen,
            model=talk.chosen.model,
        )


def _show_batch(talk: Talk, message: ChatMessage, siblings: tuple[str, ...]) -> None:
    """Draw answers that were asked for together, and which of them the chat goes on from."""
    rows = [
        row
        for row in talk.service.store.siblings(talk.owner, message.id)
        if row.batch == message.batch
    ]
    if len(siblings) > len(rows):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            show_versions(talk, message, siblings)
    for column, row in zip(st.columns(len(rows), border=True), rows, strict=True):
        with column:
            st.caption(f"**{facts_line(row)}**")
            show_answer(row, talk.service)
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.button(
                    t("chat.goes_on" if row.id == message.id else "chat.go_on_from"),
                    key=f"from_{row.id}",
                    type="tertiary",
                    icon=":material/check:" if row.id == message.id else ":material/arrow_forward:",
                    disabled=row.id == message.id or talk.busy,
                    on_click=try_it,
                    args=(talk.service.store.set_leaf, talk.owner, talk.chat.id, row.id),
                    kwargs={"newest": True},
                )
                if row.exchanges and icon_button(
                    t("chat.wire"), "data_object", key=f"wire_{row.id}"
                ):
                    show_wire(talk.service, talk.owner, row.exchanges)
    if len(rows) == 2 and len({row.dialect for row in rows}) == 2:
        _show_apis(talk, rows)


def _show_apis(talk: Talk, rows: list[ChatMessage]) -> None:
    """Say how the same turn differed between the two APIs."""
    native, openai = sorted(rows, key=lambda row: row.dialect)
    sent = [
        talk.service.exchange(talk.owner, row.exchanges[0]) if row.exchanges else None
        for row in (native, openai)
    ]
    if sent[0] is None or sent[1] is None:
        return
    with st.expander(t("chat.apis_differ"), type="compact", icon=":material/compare_arrows:"):
        show_difference(sent[0], sent[1])
