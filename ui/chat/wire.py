"""The drawer beside a chat: one exchange in both dialects, and how to get it again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.chats.service import Service
from core.chats.values.chat import PAGE_DIALECTS, ChatMessage
from core.errors import DiglotError
from core.exchanges.exchange import Exchange
from ui.chat.script import show_part
from ui.session.account import is_operator
from ui.viewer.exchange import show_exchange
from ui.viewer.memory import remembered
from ui.widgets.icons import icon_button
from ui.words import t

WORDS = ("chat.wire_live",)

_OPEN = "wire_open_for"


def open_wire(message_id: str) -> None:
    """Open the drawer on an answer's exchanges; without an answer, or on the same one, close it."""
    same = st.session_state.get(_OPEN) == message_id
    st.session_state[_OPEN] = "" if same else message_id


def wire_message() -> str:
    """Return the answer that the drawer is open on, or nothing."""
    return str(st.session_state.get(_OPEN, ""))


def show_wire(service: Service, owner: str, message: ChatMessage, *, running: bool) -> None:
    """Draw the drawer on the last of an answer's exchanges; others can be chosen in it. While the
    answer is written, its rows are drawn as they come."""
    with st.container(key="wire_panel"):
        # A new style for all elements: without one Firefox (153) does not notice that the drawer
        # is there, by which its column is shown (:has in ui.style).
        st.html("<style>*{--drawer:1}</style>")
        if running:
            _heading()
            show_part("wire", owner, WORDS, _live(message), _heard)
            return
        exchange_ids = message.exchanges
        # What is clicked in it draws only it anew, not the chat.
        st.fragment(_draw)(service, owner, exchange_ids)


def _live(message: ChatMessage) -> dict[str, Any]:
    return {"message": message.id, "names": {name: t(f"api.{name}") for name in PAGE_DIALECTS}}


def _heard(event: Mapping[str, Any]) -> None:
    """Nothing has to be done: the page is drawn anew, and the answer has ended."""


def _heading() -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"#### {t('chat.wire')}")
        if icon_button(t("chat.wire_close"), "close", key="wire_close"):
            open_wire("")
            st.rerun()


def _draw(service: Service, owner: str, exchange_ids: tuple[str, ...]) -> None:
    _heading()
    chosen = exchange_ids[-1]
    if len(exchange_ids) > 1:
        chosen = st.pills(
            t("chat.wire_turns"),
            exchange_ids,
            default=chosen,
            required=True,
            key=f"wire_turn_{chosen}",
            format_func=lambda one: t("chat.wire_turn", turn=exchange_ids.index(one) + 1),
        )
    exchange = service.exchange(owner, chosen, operator=is_operator(service))
    if exchange is None:
        st.info(t("chat.wire_gone"), icon=":material/history:")
        return
    show_exchange(service, owner, exchange, key="wire", drawer=True)
    card = remembered("reproduction", exchange.id, lambda: _card(service, exchange))
    if card:
        with st.expander(t("chat.reproduce"), icon=":material/science:"):
            st.caption(t("chat.reproduce_hint" if "seed" in card else "chat.reproduce_no_seed"))
            text = json.dumps(card, ensure_ascii=False, indent=1)
            st.code(text, language="json", wrap_lines=True)
    if st.button(t("chat.wire_open"), icon=":material/open_in_full:", key="wire_open"):
        st.session_state["exchange"] = chosen
        st.switch_page("../pages/requests.py", query_params={"x": chosen})


def _card(service: Service, exchange: Exchange) -> dict[str, Any]:
    try:
        return service.reproduction(exchange)
    except DiglotError:
        return {}
