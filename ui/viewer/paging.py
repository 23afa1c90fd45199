"""Long lists a page at a time: a table in which rows can be chosen is sent to the browser whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import streamlit as st

T = TypeVar("T")


def page_of(items: Sequence[T], *, key: str, size: int = 500) -> tuple[int, Sequence[T]]:
    """Draw the choice of a page where there are several; return where it begins, and its items."""
    if len(items) <= size:
        return 0, items
    pages = -(-len(items) // size)
    # With more pages it is another choice, which begins at the first one again.
    begin = (st.pagination(pages, key=f"{key}_{pages}") - 1) * size
    return begin, items[begin : begin + size]
