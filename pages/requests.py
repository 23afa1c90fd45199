"""The request page: one exchange in both dialects, field by field, with what happened to it."""

from __future__ import annotations

import streamlit as st

from core.chats.service import current_service
from core.exchanges.exchange import Exchange
from ui.session.account import is_operator, owner
from ui.viewer.exchange import show_exchange
from ui.viewer.listing import picked_exchange
from ui.viewer.pasting import pasted_exchange, shared_exchange
from ui.viewer.side import show_side
from ui.viewer.touring import toured_exchange
from ui.words import t

SOURCES = ["exchange", "paste", "tour"]

service = current_service()
me = owner(service)

st.markdown(f"## {t('requests.title')}")
st.caption(t("requests.intro"))
shared = shared_exchange(me)
operator = is_operator(service)
show_side(service, me, operator=operator)
wanted = st.query_params.get("x") or st.session_state.get("exchange")
source: str | None = ""
if shared is not None:
    chosen: Exchange | None = shared
else:
    # Set here and not by a default: the list at the side sets it, too.
    if "request_source" not in st.session_state:
        known = wanted or service.exchanges(me, limit=1, everyone=operator)
        st.session_state["request_source"] = "exchange" if known else "paste"
    source = st.segmented_control(
        t("requests.source"),
        SOURCES,
        format_func=lambda name: t(f"requests.source_{name}"),
        required=True,
        label_visibility="collapsed",
        key="request_source",
    )
    if source == "exchange":
        chosen = picked_exchange(service, me, operator=operator)
    elif source == "tour":
        chosen = toured_exchange(service, me)
    else:
        chosen = pasted_exchange(me)
if chosen is not None and source == "tour":
    show_exchange(service, me, chosen, key="tour")
elif chosen is not None:
    show_exchange(service, me, chosen, link=True)
