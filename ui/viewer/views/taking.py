"""Exports of an exchange: code, a HAR file, a link, a file, a diagnosis."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import streamlit as st

from core.errors import DiglotError
from core.exchanges.har import to_har
from core.exchanges.serialization import as_file_name, compressed, link_of
from core.exchanges.snippets import LANGUAGES
from core.inspector.diagnosis import diagnose
from ui.viewer.pair import View
from ui.words import t


def show_taking(view: View) -> None:
    """Draw the exports besides code; keys are masked in all of them."""
    exchange, origin = view.exchange, _origin()
    st.caption(f":material/lock: {t('viewer.take_masked')}")
    with st.container(horizontal=True):
        st.download_button(
            t("viewer.take_har"),
            lambda: json.dumps(to_har([exchange], origin=origin), ensure_ascii=False).encode(),
            file_name=f"diglot-{exchange.id[:8]}.har",
            mime="application/json",
            icon=":material/http:",
            key=f"har_{view.key}",
            on_click="ignore",
        )
        st.download_button(
            t("viewer.take_file"),
            lambda: compressed(exchange),
            file_name=as_file_name(exchange),
            mime="application/octet-stream",
            icon=":material/save:",
            key=f"share_{view.key}",
            on_click="ignore",
        )
        asked = st.button(
            t("viewer.take_diagnosis"), icon=":material/bug_report:", key=f"diagnosis_{view.key}"
        )
    if asked:
        text = view.service.fleet.call(diagnose(view.service.fleet, exchange))
        st.code(text, language="markdown", wrap_lines=True, height=420)
    st.markdown(f"**{t('viewer.take_link')}**")
    try:
        link = f"{origin}/requests?s={link_of(exchange)}"
        st.code(link, language=None, wrap_lines=True, height=120 if len(link) > 400 else None)
    except DiglotError:
        st.caption(t("viewer.take_link_too_long"))
    if exchange.client.request:
        show_code(view)


def show_code(view: View) -> None:
    """Draw code that sends the same request to this Diglot, a tab for each language."""
    st.caption(t("requests.code_hint"))
    code = view.exchange.snippets(_origin())
    for (way, text), tab in zip(code.items(), st.tabs(list(code)), strict=True):
        tab.code(text, language=LANGUAGES[way], wrap_lines=True)


def _origin() -> str:
    page = urlsplit(st.context.url or "http://127.0.0.1:8501")
    return f"{page.scheme}://{page.netloc}"
