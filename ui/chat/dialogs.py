"""What the chat opens above itself: a link, plain text, a diagnosis, how two requests differ."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.chats.service import Service
from core.chats.values.chat import ChatMessage
from core.inspector.diagnosis import diagnose
from core.translation.messages import text_of
from ui.chat.navigation import link_to
from ui.viewer.exchange import show_difference
from ui.widgets.text import without_markdown
from ui.words import t

Draw = Callable[[Service, str, ChatMessage], None]


def open_dialog(
    kind: str,
    service: Service,
    owner: str,
    message: ChatMessage,
    *,
    closed: Callable[[], None] = lambda: None,
) -> None:
    """Open the dialog of a kind for a message; nothing for a kind that there is not.

    It has to be opened in each run of the page until it is ``closed``.
    """
    if kind in _DIALOGS:
        title, draw = _DIALOGS[kind]
        st.dialog(t(title), width="medium", on_dismiss=closed)(draw)(service, owner, message)


def _draw_link(service: Service, owner: str, message: ChatMessage) -> None:
    st.caption(t("chat.link_hint"))
    st.code(link_to(message.chat_id, message.id), language=None, wrap_lines=True)


def _draw_text(service: Service, owner: str, message: ChatMessage) -> None:
    text = without_markdown(text_of(message.message))
    st.code(text, language=None, wrap_lines=True, height=min(420, 80 + len(text) // 2))


def _draw_diagnosis(service: Service, owner: str, message: ChatMessage) -> None:
    exchange = service.exchange(owner, message.exchanges[-1]) if message.exchanges else None
    if exchange is None:
        st.caption(t("chat.wire_gone"))
        return
    st.caption(t("error.diagnosis_hint"))
    text = service.fleet.call(diagnose(service.fleet, exchange))
    st.code(text, language="markdown", wrap_lines=True, height=320)


def _draw_difference(service: Service, owner: str, message: ChatMessage) -> None:
    """Say how the same turn differed between the two APIs."""
    rows = [row for row in service.store.siblings(owner, message.id) if row.batch == message.batch]
    sent = [
        service.exchange(owner, row.exchanges[0])
        for row in sorted(rows, key=lambda row: row.dialect)
        if row.exchanges
    ]
    if len(sent) != 2 or sent[0] is None or sent[1] is None:
        st.caption(t("chat.wire_gone"))
        return
    show_difference(sent[0], sent[1])


_DIALOGS: dict[str, tuple[str, Draw]] = {
    "link": ("chat.link", _draw_link),
    "copy_text": ("chat.copy_text", _draw_text),
    "diagnosis": ("error.diagnosis", _draw_diagnosis),
    "differ": ("chat.apis_differ", _draw_difference),
}
