"""The drawer at the side of a chat: one exchange in both dialects, and how to get it again."""

from __future__ import annotations

import json

import streamlit as st

from core.chats.service import Service
from core.errors import DiglotError
from ui.viewer.exchange import show_exchange
from ui.words import t


def show_wire(service: Service, owner: str, exchange_ids: tuple[str, ...]) -> None:
    """Open the drawer on the last of an answer's exchanges; others can be chosen in it."""

    @st.dialog(t("chat.wire"), width="large", position="right")
    def draw() -> None:
        chosen = exchange_ids[-1]
        if len(exchange_ids) > 1:
            chosen = st.pills(
                t("chat.wire_turns"),
                exchange_ids,
                default=chosen,
                required=True,
                format_func=lambda one: t("chat.wire_turn", turn=exchange_ids.index(one) + 1),
            )
        exchange = service.exchange(owner, chosen)
        if exchange is None:
            st.info(t("chat.wire_gone"), icon=":material/history:")
            return
        try:
            card = service.reproduction(exchange)
        except DiglotError:
            card = {}
        show_exchange(service, owner, exchange, key="wire", drawer=True)
        if card:
            with st.expander(t("chat.reproduce"), icon=":material/science:"):
                st.caption(t("chat.reproduce_hint" if "seed" in card else "chat.reproduce_no_seed"))
                text = json.dumps(card, ensure_ascii=False, indent=1)
                st.code(text, language="json", wrap_lines=True)
        if st.button(t("chat.wire_open"), icon=":material/open_in_full:", key="wire_open"):
            st.session_state["exchange"] = chosen
            st.switch_page("../pages/requests.py", query_params={"x": chosen})

    draw()
