"""What somebody pasted or uploaded, as an exchange that can be looked at like any other."""

from __future__ import annotations

import json

import streamlit as st

from core.backends.exchange import Exchange, Wire
from core.errors import DiglotError
from core.translation.aligned import guess_dialect
from core.translation.reading import decode_json, read_object
from core.translation.translate import DIALECTS
from ui.cards import json_fault
from ui.comparison import dialect_name
from ui.words import t

__all__ = ["pasted_exchange"]

_EXAMPLE = """{
  "model": "qwen3:4b",
  "messages": [{"role": "user", "content": "你好"}],
  "temperature": 0.2,
  "max_tokens": 256,
  "num_ctx": 8192,
  "stop": "END",
  "user": "me"
}"""


def pasted_exchange(owner: str) -> Exchange | None:
    """Draw the place to paste; return what stands in it, or say why it cannot be read."""
    text = st.text_area(
        t("requests.paste"), _EXAMPLE, key="pasted", height=260, help=t("requests.paste_hint"),
        persist_state="session",
    )  # fmt: skip
    try:
        json.loads(text)
        source = guess_dialect(read_object(decode_json(text), ""))
    except json.JSONDecodeError as exc:
        st.warning(json_fault(exc))
        return None
    except DiglotError as exc:
        st.warning(exc.message)
        return None
    st.caption(t("requests.seen_as", dialect=dialect_name(source)))
    return Exchange(
        "pasted", Wire(source, DIALECTS[source].path, text.encode()), owner=owner, started=0
    )
