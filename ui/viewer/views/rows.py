"""The table of aligned rows as HTML of its own: sentences wrap, and a row can have a button.

Streamlit's tables either draw on a canvas or have no buttons. Texts are passed as data, never as
HTML. The columns have fixed shares, so that both halves of a split table line up; on narrow screens
a row's cells are stacked. ARIA roles are explicit because that layout removes the implicit ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

_JS = """
export default function ({ data, parentElement, setTriggerValue }) {
  const table = parentElement.querySelector("table");
  const make = (name, text, more, role) => {
    const element = Object.assign(document.createElement(name), { textContent: text }, more);
    if (role) element.setAttribute("role", role);
    return element;
  };
  parentElement.querySelector(".rows").setAttribute("aria-label", data.name);
  table.className = data.headed ? "" : "unheaded";
  table.style.setProperty("--least", 150 * data.columns.length + "px");
  const caption = make("caption", data.name);
  const widths = make("colgroup", "");
  for (const column of data.columns)
    widths.append(Object.assign(document.createElement("col"), { className: column.kind }));
  const head = document.createElement("thead");
  const names = head.appendChild(make("tr", "", {}, "row"));
  for (const column of data.columns)
    names.append(make("th", column.name, { scope: "col", className: column.kind },
      "columnheader"));
  const body = document.createElement("tbody");
  data.rows.forEach((row, place) => {
    const line = body.appendChild(make("tr", "", {}, "row"));
    line.className = row.outcome + (row.open ? " open" : "");
    row.cells.forEach((text, number) => {
      const kind = data.columns[number].kind;
      const cell = line.appendChild(make("td", text, { className: kind }, "cell"));
      cell.dataset.name = data.columns[number].name;
      if (kind === "why" && row.source) {
        cell.append(" — ", row.address
          ? make("a", row.source, { href: row.address, target: "_blank", rel: "noreferrer" })
          : row.source);
      }
      if (kind === "prove" && row.prove) {
        cell.textContent = "";
        const button = cell.appendChild(make("button", data.prove, { type: "button" }));
        button.setAttribute("aria-label", row.prove);
        button.setAttribute("aria-expanded", row.open ? "true" : "false");
        button.title = row.prove;
        button.onclick = () => setTriggerValue("pressed", place);
      }
    });
  });
  table.replaceChildren(caption, widths, head, body);
}
"""
_HTML = """<div class="rows" role="region" tabindex="0"><table role="table"></table></div>"""
_CSS = """
.rows { container-type: inline-size; overflow-x: auto; border: 1px solid var(--st-border-color);
  border-radius: var(--st-base-radius, .5rem); }
.rows:focus-visible { outline: 2px solid var(--st-primary-color); }
table { width: 100%; min-width: var(--least); table-layout: fixed; border-collapse: collapse;
  font: .875rem/1.45 var(--st-font); color: var(--st-text-color); }
caption, .unheaded thead { position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); }
col.outcome { width: 8.2rem; } col.prove { width: 5.4rem; }
th, td { padding: .4rem .6rem; text-align: left; vertical-align: top; overflow-wrap: anywhere;
  border-top: 1px solid var(--st-border-color); }
thead th { border-top: 0; font-weight: 600; white-space: normal;
  background: var(--st-secondary-background-color); }
.unheaded tbody tr:first-child td { border-top: 0; }
td.side, td.more { font-family: var(--st-code-font, monospace); font-size: .8rem; }
tr.dropped { background: #c0392b2b; } tr.emulated { background: #d689002b; }
tr.defaulted { background: #2e7d5b21; }
tr.renamed, tr.retyped { background: #2f6fa321; }
tr.open td { border-bottom: 2px solid var(--st-primary-color); }
a { color: inherit; text-decoration: underline; }
button { font: 500 .8rem/1.2 var(--st-font); padding: .3rem .5rem; cursor: pointer;
  color: var(--st-text-color); background: var(--st-background-color);
  border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius, .4rem); }
button:hover { border-color: var(--st-primary-color); }
button:focus-visible, a:focus-visible { outline: 2px solid var(--st-primary-color);
  outline-offset: 1px; }
@container (max-width: 34rem) {
  table { min-width: 0; display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tbody, tr, td { display: block; }
  tr { padding: .4rem .1rem; border-top: 1px solid var(--st-border-color); }
  td, tr.open td, .unheaded tbody tr:first-child td { border: 0; padding: .1rem .6rem; }
  tr.open { border-bottom: 2px solid var(--st-primary-color); }
  td.side::before, td.more::before { content: attr(data-name); display: block;
    font: 600 .75rem/1.6 var(--st-font); }
  td.prove:empty { display: none; }
}
"""
_mount = st.components.v2.component("diglot.rows", html=_HTML, css=_CSS, js=_JS)


def draw_rows(
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[Mapping[str, str]],
    *,
    name: str,
    key: str,
    prove: str = "",
    headed: bool = True,
    on_press: Callable[[], None] = lambda: None,
) -> None:
    """Draw a table called ``name``.

    ``columns`` have a ``name`` and a ``kind``: side, outcome, why, more, or prove for the one
    with the buttons, on which ``prove`` stands. ``rows`` have ``cells``, ``outcome``,
    ``source`` with its ``address``, ``prove`` (what a button is for, empty for no button) and
    ``open``. Without ``headed`` the heads are there for a screen reader alone.
    """
    _mount(
        data={
            "rows": list(rows), "columns": list(columns), "name": name, "prove": prove,
            "headed": headed,
        },
        key=key,
        on_pressed_change=on_press,
    )  # fmt: skip


def pressed(key: str) -> int | None:
    """Return the row whose button was just pressed; for ``on_press``."""
    said = st.session_state.get(key)
    return said.get("pressed") if said else None
