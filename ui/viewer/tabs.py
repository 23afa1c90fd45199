"""Tabs of which only the open one is drawn; a link can open any of them."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.words import language

_PARAMETER = "tab"


def open_tab(
    labels: Mapping[str, str], *, key: str, link: bool = False
) -> tuple[str, DeltaGenerator]:
    """Draw tabs, by name with their labels; return the open one's name and container.

    ``link`` keeps the open tab in the address. The selection survives a change of language or
    exchange: the tabs of one ``key`` share it.
    """
    names = list(labels)
    kept = f"_tab_{key}"
    turned = st.session_state.pop(f"_turn_{key}", None)
    if turned in names:
        st.session_state[kept] = turned
    if kept not in st.session_state:
        st.session_state[kept] = st.query_params.get(_PARAMETER) if link else None
    wanted = st.session_state[kept] if st.session_state[kept] in names else names[0]
    # Other words, or other tabs, are other tabs.
    widget = f"{key}_{language()}_{'_'.join(names)}"
    first = f"_first_{widget}"
    if turned in names and widget in st.session_state:
        st.session_state[widget] = labels[turned]
    if widget not in st.session_state or first not in st.session_state:
        # Another default would make a new widget, too, so it stays the same.
        st.session_state[first] = wanted
    tabs = st.tabs(
        list(labels.values()),
        default=labels[st.session_state[first]],
        key=widget,
        on_change="rerun",
    )
    chosen, place = next(
        ((name, tab) for name, tab in zip(names, tabs, strict=True) if tab.open),
        (wanted, tabs[names.index(wanted)]),
    )
    st.session_state[kept] = chosen
    if link and st.query_params.get(_PARAMETER, names[0]) != chosen:
        st.query_params[_PARAMETER] = chosen
    return chosen, place


def turn_to(name: str, *, key: str) -> None:
    """Select a tab for the next drawing of the tabs of ``key``, if there is one of that name."""
    st.session_state[f"_turn_{key}"] = name
