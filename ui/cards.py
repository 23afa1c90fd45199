"""Errors as cards: what happened, the command that mends it, what the server itself said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.errors import DiglotError
from ui.words import t, words

__all__ = ["error_card", "error_facts", "json_fault"]


def error_facts(error: DiglotError) -> dict[str, Any]:
    """Return what a card needs to know of an error."""
    return {"code": error.code, "message": error.message, "status": error.status}


def error_card(error: Mapping[str, Any], *, model: str = "") -> None:
    """Draw one error. Its cause is ours and in the reader's language, its text the server's."""
    kind = _kind(error)
    with st.container(border=True):
        st.markdown(f":material/error: **{t(f'error.{kind}.title')}**")
        st.markdown(t(f"error.{kind}.cause"))
        command = t(f"error.{kind}.command")
        if command:
            st.code(command.replace("{model}", model), language="bash")
        with st.expander(t("error.said"), type="compact"):
            st.code(str(error.get("message", "")), language=None, wrap_lines=True)


def json_fault(error: json.JSONDecodeError) -> str:
    """Say where JSON that a person typed is broken."""
    return t("tools.broken_json", line=error.lineno, column=error.colno, message=error.msg)


def _kind(error: Mapping[str, Any]) -> str:
    code = str(error.get("code", ""))
    if f"error.{code}.title" in words("en"):
        return code
    status = error.get("status")
    if status == 404:
        return "model_not_found"
    return "access_denied" if status in (401, 403) else "other"
