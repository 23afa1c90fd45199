"""The picker of the model: what each is and can, those that were used lately first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from ui.chat.script import show_part
from ui.words import t

WORDS = ("chat.model", "models.find", "models.loaded", "models.none_such", "models.loading_list")


def pick_model(owner: str, models: Sequence[str]) -> str | None:
    """Draw it and return the model that is chosen; None where there is none."""
    chosen = st.session_state.get("model")
    if chosen not in models:
        chosen = models[0] if models else None
        st.session_state["model"] = chosen
    about = {"models": list(models), "model": chosen or "", "none": t("status.no_models")}
    show_part("models", owner, WORDS, about, _heard)
    return chosen


def _heard(event: Mapping[str, Any]) -> None:
    if event.get("kind") == "pick":
        st.session_state["model"] = str(event.get("model"))
