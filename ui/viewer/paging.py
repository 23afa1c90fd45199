"""Long lists page by page, because a selectable table is sent to the browser whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import streamlit as st

T = TypeVar("T")

_SIZE = 500


def page_of(items: Sequence[T], *, key: str) -> tuple[int, Sequence[T]]:
    """Draw a page picker if there are several; return the page's offset and items."""
    if len(items) <= _SIZE:
        return 0, items
    pages = -(-len(items) // _SIZE)
    # With another number of pages the picker starts at the first again.
    begin = (st.pagination(pages, key=f"{key}_{pages}") - 1) * _SIZE
    return begin, items[begin : begin + _SIZE]
