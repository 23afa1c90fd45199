"""Small icon-only buttons with a name for screen readers.

Streamlit names a button by its label alone, so the label is kept but not drawn: ui.style hides the
text of widgets with a key that begins with ``icon_``.
"""

from __future__ import annotations

from typing import Any

import streamlit as st


def icon_key(key: str) -> str:
    """Return the key that hides a widget's label."""
    return f"icon_{key}"


def icon_button(label: str, icon: str, *, key: str, **more: Any) -> bool:
    """Draw a button; return whether it was clicked. ``icon`` is a name of Material's."""
    return st.button(
        label, icon=f":material/{icon}:", type="tertiary", key=icon_key(key), help=label, **more
    )
