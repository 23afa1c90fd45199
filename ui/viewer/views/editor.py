"""A text field that reports each change while typing; Streamlit's own waits for blur.

The text is passed as data, never as HTML. The page's text replaces the field's only when
``version`` changes, so typing is never overwritten by its own echo.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

_JS = """
export default function ({ data, parentElement, setStateValue }) {
  const area = parentElement.querySelector("textarea");
  const label = parentElement.querySelector("label");
  label.textContent = data.label;
  area.setAttribute("aria-label", data.label);
  area.style.height = data.height + "px";
  if (area.dataset.version !== String(data.version)) {
    area.dataset.version = data.version;
    area.sent = area.value = data.text;
  }
  area.setAttribute("aria-invalid", data.line ? "true" : "false");
  const send = () => {
    clearTimeout(area.timer);
    if (area.value === area.sent) return;
    area.sent = area.value;
    setStateValue("typed", { text: area.value, number: Date.now() });
  };
  area.oninput = () => {
    clearTimeout(area.timer);
    area.timer = setTimeout(send, 350);
  };
  area.onblur = () => { if (area.timer) send(); };
  area.onkeydown = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send();
  };
}
"""
_HTML = """<label for="editor"></label><textarea id="editor" spellcheck="false"
autocapitalize="off" autocomplete="off"></textarea>"""
_CSS = """
label { display: block; font-size: .875rem; font-weight: 600; margin-bottom: .25rem; }
textarea { box-sizing: border-box; width: 100%; padding: .6rem .7rem; resize: vertical;
  font: .82rem/1.5 monospace; color: var(--st-text-color); tab-size: 2;
  background: var(--st-secondary-background-color);
  border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius, .6rem); }
textarea:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: -1px; }
textarea[aria-invalid=true] { border-color: var(--st-red-color, #c0392b); }
"""
_HEIGHT = 420
"""Of the field, in pixels."""
_mount = st.components.v2.component("diglot.editor", html=_HTML, css=_CSS, js=_JS)


def live_editor(
    label: str,
    text: str,
    *,
    version: int,
    key: str,
    on_type: Callable[[], None],
    line: int = 0,
) -> None:
    """Draw an editor holding ``text``; ``on_type`` is called after each change.

    ``line`` marks the invalid line, 0 for none.
    """
    _mount(
        data={"label": label, "text": text, "version": version, "line": line, "height": _HEIGHT},
        default={"typed": None},
        key=key,
        on_typed_change=on_type,
        height=_HEIGHT + 40,
    )


def typed(key: str) -> tuple[str, int] | None:
    """Return the last text typed into an editor with its sequence number, or None."""
    said = st.session_state.get(key)
    found = said.get("typed") if said else None
    return (found["text"], found["number"]) if found else None
