"""What was worked out for this person and may be needed once more at the next click."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

import streamlit as st

T = TypeVar("T")


def remembered(name: str, about: Hashable, make: Callable[[], T]) -> T:
    """Return what ``make`` returns, made anew only where ``about`` is another than last time.

    One thing is remembered under each name, so that nothing grows.
    """
    key = f"_remembered_{name}"
    kept: tuple[Hashable, T] | None = st.session_state.get(key)
    if kept is None or kept[0] != about:
        kept = st.session_state[key] = (about, make())
    return kept[1]
