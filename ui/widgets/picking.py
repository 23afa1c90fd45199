"""One choice of a few, side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

T = TypeVar("T")


def pick_one(
    title: str,
    offered: Sequence[T],
    named: Callable[[T], str],
    *,
    key: str,
    default: T | None = None,
    kept: bool = True,
    about: str | None = None,
) -> T:
    """Draw a choice, at first of the default or the first, and return what is chosen.

    The title is seen only with ``about``, which explains it, or is empty. ``kept`` keeps what is
    chosen while it is not drawn.
    """
    first = offered[0] if default is None else default
    chosen = st.segmented_control(
        title,
        offered,
        format_func=named,
        default=first,
        required=True,
        key=key,
        persist_state="session" if kept else None,
        help=about or None,
        label_visibility="collapsed" if about is None else "visible",
    )
    return first if chosen is None else chosen
