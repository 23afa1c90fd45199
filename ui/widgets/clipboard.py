"""A button that copies text, in one click; Streamlit has none of its own."""

from __future__ import annotations

import streamlit as st

from ui.words import t

# The text goes in as data, never as HTML. Without TLS a page that is not on this machine has
# no clipboard of its own, so there the old way is taken.
_JS = """
export default function ({ data, parentElement }) {
  const button = parentElement.querySelector("button");
  button.title = data.label;
  button.setAttribute("aria-label", data.label);
  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(data.text);
    } catch {
      const area = document.createElement("textarea");
      area.value = data.text;
      document.body.appendChild(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.dataset.done = "1";
    setTimeout(() => delete button.dataset.done, 1500);
  };
}
"""
_HTML = """<button type="button"><span class="copy"></span><span class="done">✓</span></button>"""
_CSS = """
button { all: unset; box-sizing: border-box; width: 2.2rem; height: 2.5rem; cursor: pointer;
  color: var(--st-text-color); display: flex; align-items: center; justify-content: center;
  border-radius: var(--st-button-radius, .5rem); }
button:hover { color: var(--st-primary-color); }
button:focus-visible { outline: 2px solid var(--st-primary-color); }
.copy { width: .7rem; height: .8rem; border: 1.5px solid currentColor; border-radius: 3px;
  box-shadow: 3px -3px 0 -1.5px var(--st-background-color), 3px -3px 0 0 currentColor; }
.done { display: none; }
button[data-done] .copy { display: none; }
button[data-done] .done { display: inline; }
"""
_mount = st.components.v2.component("diglot.copy", html=_HTML, css=_CSS, js=_JS)


def copy_button(text: str, *, key: str, label: str = "") -> None:
    """Draw a button that copies ``text``; ``label`` is what it is for."""
    _mount(data={"text": text, "label": label or t("chat.copy")}, key=key, width=36, height=40)
