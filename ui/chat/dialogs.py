"""What the chat opens above itself: a link, a diagnosis, chats as files, and so on.

A dialog has to be opened in each run of the page until it is closed, or an answer that ends would
close it.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.chats.service import Service
from core.chats.values.chat import ChatMessage
from core.errors import InvalidRequest
from core.inspector.diagnosis import diagnose
from core.translation.messages import text_of
from ui.chat.files import draw_export, draw_export_all, draw_import
from ui.chat.navigation import close_dialog, link_to
from ui.session.account import is_operator
from ui.viewer.exchange import show_difference
from ui.widgets.text import without_markdown
from ui.words import t

Draw = Callable[[Service, str, ChatMessage], None]


def show_dialog(service: Service, owner: str) -> None:
    """Draw the dialog that was asked for, until it is closed."""
    kind, target = st.session_state.get("_dialog", ("", ""))
    if not kind:
        return
    try:
        if kind in _FILES:
            title, draw = _FILES[kind]
            arguments = (service, owner, target) if target else (service, owner)
            st.dialog(t(title), width="medium", on_dismiss=close_dialog)(draw)(*arguments)
        else:
            open_dialog(kind, service, owner, service.store.message(owner, target))
    except InvalidRequest:
        close_dialog()


def open_dialog(kind: str, service: Service, owner: str, message: ChatMessage) -> None:
    """Open the dialog of a kind for a message; nothing for a kind that there is not."""
    if kind in _DIALOGS:
        title, draw = _DIALOGS[kind]
        st.dialog(t(title), width="medium", on_dismiss=close_dialog)(draw)(service, owner, message)


def _draw_link(service: Service, owner: str, message: ChatMessage) -> None:
    st.caption(t("chat.link_hint"))
    st.code(link_to(message.chat_id, message.id), language=None, wrap_lines=True)


def _draw_text(service: Service, owner: str, message: ChatMessage) -> None:
    text = without_markdown(text_of(message.message))
    st.code(text, language=None, wrap_lines=True, height=min(420, 80 + len(text) // 2))


def _draw_diagnosis(service: Service, owner: str, message: ChatMessage) -> None:
    exchange = None
    if message.exchanges:
        exchange = service.exchange(owner, message.exchanges[-1], operator=is_operator(service))
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
        service.exchange(owner, row.exchanges[0], operator=is_operator(service))
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

_FILES: dict[str, tuple[str, Callable[..., None]]] = {
    "export": ("chat.export", draw_export),
    "export_all": ("chat.export_all", draw_export_all),
    "import": ("chat.import", draw_import),
}
