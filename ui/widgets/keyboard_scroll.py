"""Code and tables that are longer than their place can be scrolled with the keyboard, too.

Streamlit leaves it to the mouse (WCAG 2.1, 2.1.1): what scrolls but holds nothing to click gets
a place in the order of the Tab key.
"""

from __future__ import annotations

import streamlit as st

__all__ = ["make_reachable"]

_JS = """
export default function () {
  if (window.diglotReach) return;
  let due = 0;
  const reach = () => {
    due = 0;
    const places = "[data-testid=stCode] pre, [data-testid=stTable], [data-testid=stTable] div";
    for (const place of document.querySelectorAll(places))
      if (place.scrollHeight > place.clientHeight || place.scrollWidth > place.clientWidth)
        if (getComputedStyle(place).overflowX !== "visible") place.tabIndex = 0;
  };
  // What unfolds reaches its size a little later, without a change that could be watched.
  const soon = () => { due = due || setTimeout(() => { reach(); setTimeout(reach, 1000); }, 200); };
  window.diglotReach = new MutationObserver(soon);
  window.diglotReach.observe(document.body, { childList: true, subtree: true, attributes: true,
    attributeFilter: ["aria-selected", "aria-expanded"] });
  reach();
}
"""
_mount = st.components.v2.component("diglot.reach", html="<span></span>", js=_JS)


def make_reachable() -> None:
    """See to it on this page, for as long as it is open."""
    _mount(key="reach", width=1, height=1)
