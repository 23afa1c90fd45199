"""One exchange as it went over the wire: fields, bodies, answers, and code that sends it again."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import streamlit as st

from core.backends.exchange import Exchange
from core.errors import DiglotError
from core.translation.aligned import AlignedRow, align_request
from ui.comparison import is_native, show_answers, show_bodies, show_fields
from ui.words import t

__all__ = ["other", "show_difference", "show_exchange", "show_pair"]


def other(dialect: str) -> str:
    """Return the dialect to compare with."""
    if dialect == "completions":
        return "generate"
    return "openai" if is_native(dialect) else "ollama"


def show_pair(source: str, body: dict[str, Any], written: dict[str, Any],
              rows: tuple[AlignedRow, ...]) -> None:  # fmt: skip
    """Draw one request: fields, and both bodies as they stand."""
    fields, raw = st.tabs([t("requests.tab_fields"), t("requests.tab_raw")])
    with fields:
        show_fields(rows, source=source, target=other(source))
    with raw:
        show_bodies(body, written, source=source, target=other(source))


def show_exchange(exchange: Exchange) -> None:
    """Draw an exchange that really took place."""
    face = exchange.client.dialect
    target = exchange.backend[-1].dialect if exchange.backend else other(face)
    passed = target == face
    if passed:
        target = other(face)
    if len(exchange.backend) > 1:
        st.caption(t("requests.emulated_steps", count=len(exchange.backend)))
    try:
        body = exchange.request_in(face)
        written = exchange.request_in(target)
    except DiglotError as exc:
        st.warning(t("requests.cannot", message=exc.message))
        return
    rows = align_request(
        body,
        written,
        source=face,
        target=target,
        accepts=exchange.accepts,
        emulated=exchange.emulated,
    )
    fields, raw, answers, code = st.tabs(
        [t(f"requests.tab_{name}") for name in ("fields", "raw", "answer", "code")]
    )
    with fields:
        show_fields(rows, source=face, target=target)
    with raw:
        show_bodies(body, written, source=face, target=target, derived=passed)
    with answers:
        show_answers(exchange, face, target, derived=passed)
    with code:
        _show_code(exchange)


def show_difference(native: Exchange, openai: Exchange) -> None:
    """Draw what one question became in each API, row by row, each with its reason."""
    try:
        rows = align_request(
            native.request_in("ollama"),
            openai.request_in("openai"),
            source="ollama",
            target="openai",
            accepts=openai.accepts,
        )
    except DiglotError as exc:
        st.warning(t("requests.cannot", message=exc.message))
        return
    changed = tuple(row for row in rows if row.outcome != "kept")
    if not changed:
        st.caption(t("requests.no_difference"))
        return
    show_fields(changed, source="ollama", target="openai", key=native.id)


def _show_code(exchange: Exchange) -> None:
    """Draw code that sends the same request to this Diglot, a tab for each way."""
    page = urlsplit(st.context.url or "http://127.0.0.1:8501")
    st.caption(t("requests.code_hint"))
    code = exchange.snippets(f"{page.scheme}://{page.netloc}")
    for (way, text), tab in zip(code.items(), st.tabs(list(code)), strict=True):
        tab.code(text, language="bash" if way == "curl" else "python", wrap_lines=True)
