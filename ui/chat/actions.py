"""What can be done with one message: other versions, again, go on, copy, rate, link, delete."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from msgspec import Struct
from msgspec.structs import replace

from core.chats.service import Service
from core.chats.values.chat import PAGE_DIALECTS, Chat, ChatMessage, ChatOptions, other_dialect
from core.translation.messages import text_of
from ui.chat.answers import numbers_line
from ui.chat.navigation import link_to, open_chat
from ui.chat.wire import show_wire
from ui.widgets.cards import attempt
from ui.widgets.clipboard import copy_button
from ui.widgets.icons import icon_button, icon_menu
from ui.widgets.text import without_markdown
from ui.words import t

__all__ = [
    "Talk",
    "facts_line",
    "hide",
    "is_cut",
    "open_editor",
    "show_actions",
    "show_undo",
    "show_versions",
]

_OTHERS = 12


class Talk(Struct, frozen=True):
    """A chat as somebody sees it, and what the next question is asked with."""

    service: Service
    owner: str
    chat: Chat
    chosen: ChatOptions
    models: Sequence[str]
    busy: bool


def is_cut(message: ChatMessage) -> bool:
    """Tell whether an answer has no end yet."""
    return (
        message.state in ("stopped", "interrupted", "failed") or message.finish_reason == "length"
    )


def facts_line(message: ChatMessage) -> str:
    """Return who answered, through which API, and the numbers."""
    api = t(f"api.{message.dialect}") if message.dialect in PAGE_DIALECTS else ""
    parts = (message.model, api, numbers_line(message.numbers))
    return " · ".join(part for part in parts if part)


def show_versions(talk: Talk, message: ChatMessage, siblings: tuple[str, ...]) -> None:
    """Draw the way to the other versions of a message, where there are any."""
    if len(siblings) < 2:
        return
    place = siblings.index(message.id)
    for step, icon in ((-1, "chevron_left"), (1, "chevron_right")):
        other = place + step
        icon_button(
            t("chat.version_back" if step < 0 else "chat.version_on"),
            icon,
            key=f"sibling{step}_{message.id}",
            disabled=not 0 <= other < len(siblings),
            on_click=_show,
            args=(talk, siblings[other % len(siblings)]),
        )
    st.caption(f"{place + 1}/{len(siblings)}", width="content")


def show_actions(
    talk: Talk, message: ChatMessage, siblings: tuple[str, ...], *, last: bool
) -> None:
    """Draw what can be done with an answer, and its numbers. The last one has shortcuts."""
    if is_cut(message) and last and not talk.busy:
        st.button(
            t("chat.write_on"),
            icon=":material/play_arrow:",
            key=f"on_{message.id}",
            on_click=_write_on,
            args=(talk, message),
        )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        show_versions(talk, message, siblings)
        copy_button(text_of(message.message), key=f"copy_{message.id}")
        icon_button(
            t("chat.regenerate"),
            "refresh",
            key=f"again_{message.id}",
            on_click=_again,
            args=(talk, message, talk.chosen),
            disabled=talk.busy,
            shortcut="Alt+G" if last else None,
        )
        if message.exchanges and icon_button(
            t("chat.wire"),
            "data_object",
            key=f"wire_{message.id}",
            shortcut="Alt+J" if last else None,
        ):
            show_wire(talk.service, talk.owner, message.exchanges)
        st.feedback(
            "thumbs",
            key=f"rating_{message.id}",
            default={1: 1, -1: 0}.get(message.rating),
            on_change=_rate,
            args=(talk, message),
        )
        _show_menu(talk, message)
        st.caption(facts_line(message))


def show_undo(talk: Talk) -> None:
    """Draw the way back from the last deletion."""
    hidden = st.session_state.get("undo", {}).get(talk.chat.id)
    if not hidden:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f":material/delete: {t('chat.deleted')}", width="content")
        st.button(
            t("chat.undo"), key="undo_message", type="tertiary", on_click=_undo, args=(talk, hidden)
        )


def _show_menu(talk: Talk, message: ChatMessage) -> None:
    other = other_dialect(message.dialect)
    models = [name for name in talk.models if name != message.model][:_OTHERS]
    choices = ["copy_text", "link", "branch", "delete_from"]
    if not talk.busy:
        again = [f"api:{other}", *(f"model:{name}" for name in models)]
        choices = [*again, "edit_answer", *choices]
    choice = icon_menu(t("chat.more"), choices, key=f"more_{message.id}", format_func=_choice_words)
    if choice is None:
        return
    kind, _, name = choice.partition(":")
    if kind == "link":
        _show_link(talk, message)
        return
    if kind == "copy_text":
        _show_text(message)
        return
    if kind == "edit_answer":
        open_editor(message.id)
    elif kind == "branch":
        _branch(talk, message)
    elif kind == "api":
        dialect = other_dialect(message.dialect)
        model = message.model or talk.chosen.model
        _again(talk, message, replace(talk.chosen, dialect=dialect, model=model))
    elif kind == "model":
        _again(talk, message, replace(talk.chosen, model=name))
    else:
        hide(talk, message)
    st.rerun()


def _choice_words(choice: str) -> str:
    kind, _, name = choice.partition(":")
    if kind == "api":
        return t("chat.again_api", api=t(f"api.{name}"))
    return t("chat.again_model", model=name) if kind == "model" else t(f"chat.{kind}")


def _show_link(talk: Talk, message: ChatMessage) -> None:
    @st.dialog(t("chat.link"))
    def draw() -> None:
        st.caption(t("chat.link_hint"))
        st.code(link_to(talk.chat.id, message.id), language=None, wrap_lines=True)

    draw()


def _show_text(message: ChatMessage) -> None:
    @st.dialog(t("chat.copy_text"), width="medium")
    def draw() -> None:
        text = without_markdown(text_of(message.message))
        st.code(text, language=None, wrap_lines=True, height=min(420, 80 + len(text) // 2))

    draw()


def _branch(talk: Talk, message: ChatMessage) -> None:
    """Open a chat of its own that goes on from here."""

    def work() -> None:
        open_chat(talk.service.branch(talk.owner, talk.chat.id, message.id).id)

    attempt(work)


def open_editor(message_id: str | None) -> None:
    """Draw a message as a field from the next run on; None closes it."""
    st.session_state["editing"] = message_id


def hide(talk: Talk, message: ChatMessage) -> None:
    """Put a message away with what follows; the way back is shown until the next question."""
    if attempt(talk.service.hide_message, talk.owner, message.id):
        st.session_state.setdefault("undo", {})[talk.chat.id] = message.id


def _undo(talk: Talk, message_id: str) -> None:
    attempt(talk.service.store.restore_message, talk.owner, message_id)
    st.session_state["undo"].pop(talk.chat.id, None)


def _show(talk: Talk, message_id: str) -> None:
    """Go on from another version of a message, to the newest that follows it."""
    attempt(talk.service.store.set_leaf, talk.owner, talk.chat.id, message_id, newest=True)


def _again(talk: Talk, message: ChatMessage, options: ChatOptions) -> None:
    attempt(
        talk.service.regenerate, talk.owner, talk.chat.id, message.id, options, model=options.model
    )


def _write_on(talk: Talk, message: ChatMessage) -> None:
    attempt(
        talk.service.write_on,
        talk.owner,
        talk.chat.id,
        message.id,
        talk.chosen,
        model=message.model,
    )


def _rate(talk: Talk, message: ChatMessage) -> None:
    thumb = st.session_state.get(f"rating_{message.id}")
    rating = {0: -1, 1: 1}.get(thumb, 0) if thumb is not None else 0
    attempt(talk.service.store.update_message, talk.owner, message.id, rating=rating)
