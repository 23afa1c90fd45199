"""Makes long code and tables scrollable with the keyboard.

With Streamlit only the mouse scrolls them (WCAG 2.1, 2.1.1): scrollable elements without anything
to click get a tab stop.
"""

from __future__ import annotations

import streamlit as st

_JS = """
export default function () {
  if (window.diglotReach) return;
  const places = "[data-testid=stCode] pre, [data-testid=stTable], [data-testid=stTable] div";
  const reach = (place) => {
    if (place.scrollHeight > place.clientHeight || place.scrollWidth > place.clientWidth)
      if (getComputedStyle(place).overflowX !== "visible") place.tabIndex = 0;
  };
  // What unfolds, or is in a tab that opens, gets its size later than it is added.
  const sizes = new ResizeObserver((changes) => {
    for (const { target } of changes)
      for (const place of [target, target.parentElement])
        if (place?.matches(places)) reach(place);
  });
  const watched = new WeakSet();
  let due = 0;
  const look = () => {
    due = 0;
    for (const place of document.querySelectorAll(places)) {
      reach(place);
      for (const part of [place, ...place.children])
        if (!watched.has(part)) {
          watched.add(part);
          sizes.observe(part);
        }
    }
  };
  // Before the next frame is drawn, so that nothing is seen that cannot be reached.
  const soon = () => { due = due || requestAnimationFrame(look); };
  window.diglotReach = new MutationObserver(soon);
  window.diglotReach.observe(document.body, { childList: true, subtree: true });
  look();
}
"""
_mount = st.components.v2.component("diglot.reach", html="<span></span>", js=_JS)


def make_reachable() -> None:
    """Do so on this page for as long as it is open."""
    _mount(key="reach", width=1, height=1)
