"""The request page: one request in both dialects, field by field, with what happened to it."""

from __future__ import annotations

import json
from datetime import datetime

import streamlit as st

from core.backends.exchange import Exchange
from core.chats.service import current_service
from core.errors import DiglotError
from core.translation.aligned import align_request, guess_dialect
from core.translation.reading import decode_json, read_object
from core.translation.translate import translate_request
from ui.account import owner
from ui.cards import json_fault
from ui.comparison import dialect_name
from ui.exchanges import other, show_exchange, show_pair
from ui.words import t

EXAMPLE = """{
  "model": "qwen3:4b",
  "messages": [{"role": "user", "content": "你好"}],
  "temperature": 0.2,
  "max_tokens": 256,
  "num_ctx": 8192,
  "stop": "END",
  "user": "me"
}"""

service = current_service()
me = owner(service)


def show_pasted() -> None:
    """Draw a pasted request, translated as it is typed."""
    text = st.text_area(
        t("requests.paste"), EXAMPLE, key="pasted", height=260, help=t("requests.paste_hint"),
        persist_state="session",
    )  # fmt: skip
    try:
        json.loads(text)
        body = read_object(decode_json(text), "")
        source = guess_dialect(body)
        written = translate_request(body, source=source, target=other(source))
    except json.JSONDecodeError as exc:
        st.warning(json_fault(exc))
        return
    except DiglotError as exc:
        st.warning(exc.message)
        return
    st.caption(t("requests.seen_as", dialect=dialect_name(source)))
    show_pair(
        source, body, written, align_request(body, written, source=source, target=other(source))
    )


def describe(exchange: Exchange) -> str:
    """Return one line for the list of exchanges."""
    then = datetime.fromtimestamp(exchange.started / 1e9)
    mark = "✗" if exchange.error else "✓"
    return f"{mark} {then:%H:%M:%S} · {exchange.client.path} · {exchange.model}"


st.markdown(f"## {t('requests.title')}")
st.caption(t("requests.intro"))
exchanges = service.exchanges(me)
wanted = st.query_params.get("x") or st.session_state.get("exchange")
source = st.segmented_control(
    t("requests.source"),
    ["exchange", "paste"],
    format_func=lambda name: t(f"requests.source_{name}"),
    default="exchange" if exchanges else "paste",
    required=True,
    label_visibility="collapsed",
    key="request_source",
)
if source == "paste":
    show_pasted()
elif not exchanges:
    st.info(t("requests.none"), icon=":material/inbox:")
else:
    ids = [exchange.id for exchange in exchanges]
    by_id = {exchange.id: exchange for exchange in exchanges}
    if wanted and wanted not in by_id:
        st.warning(t("requests.gone"))
    picked = st.selectbox(
        t("requests.pick"),
        ids,
        index=ids.index(wanted) if wanted in by_id else 0,
        format_func=lambda identity: describe(by_id[identity]),
        label_visibility="collapsed",
    )
    st.session_state["exchange"] = picked
    show_exchange(by_id[picked])
