"""What can be taken away from an exchange: code that sends it once more."""

from __future__ import annotations

from urllib.parse import urlsplit

import streamlit as st

from core.translation.snippets import LANGUAGES
from ui.viewer.pair import View
from ui.words import t

__all__ = ["show_code"]


def show_code(view: View) -> None:
    """Draw code that sends the same request to this Diglot, a tab for each way."""
    page = urlsplit(st.context.url or "http://127.0.0.1:8501")
    st.caption(t("requests.code_hint"))
    code = view.exchange.snippets(f"{page.scheme}://{page.netloc}")
    for (way, text), tab in zip(code.items(), st.tabs(list(code)), strict=True):
        tab.code(text, language=LANGUAGES[way], wrap_lines=True)
