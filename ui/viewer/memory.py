"""Results that this session may need again at the next click."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

import streamlit as st

T = TypeVar("T")


def remembered(name: str, about: Hashable, make: Callable[[], T]) -> T:
    """Return ``make()``, called again only when ``about`` differs from the last call.

    One result is kept per name, so memory does not grow.
    """
    key = f"_remembered_{name}"
    kept: tuple[Hashable, T] | None = st.session_state.get(key)
    if kept is None or kept[0] != about:
        kept = st.session_state[key] = (about, make())
    return kept[1]
