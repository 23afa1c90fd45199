"""The left side: the list of tools, and an editor for one in any format."""

from __future__ import annotations

import streamlit as st
from msgspec.structs import replace

from core.chats.service import Service
from core.errors import DiglotError
from core.tools.definitions.reading import dump_text, parse_any
from core.tools.definitions.values import FORMATS, Definition, Format, Parsed
from core.tools.lint.linting import lint
from ui.toolbench.bench import bench, keep, open_place, open_tool, revision
from ui.toolbench.findings import count_by_name, show_conversion, show_findings
from ui.widgets.icons import icon_button
from ui.widgets.picking import pick_one
from ui.widgets.text import code_span, plain
from ui.words import note_text, t

_VIEWS = ("json", "python", "paste")
_JSON_FORMATS: tuple[Format, ...] = tuple(form for form in FORMATS if form != "python")


def show_toolbox(service: Service, owner: str) -> None:
    """Draw the list and the editor."""
    kept = bench(service, owner)
    st.markdown(f"#### {t('tools.toolbox')}")
    place = open_place(kept)
    found = lint([one.tool for one in kept.on])
    counts = count_by_name(kept.on, found)
    with st.container(gap="xxsmall"):
        for number, definition in enumerate(kept.definitions):
            _show_row(service, owner, number, definition, counts[definition.tool.name])
    # Set here because a field that is already drawn cannot be set.
    if wanted := st.session_state.pop("tool_view_wanted", None):
        st.session_state["tool_view"] = wanted
    view = pick_one(
        t("tools.view"), _VIEWS, lambda name: t(f"tools.view_{name}"),
        default="json", key="tool_view",
    )  # fmt: skip
    if view == "paste" or place < 0:
        _show_paste(service, owner)
    else:
        _show_editor(service, owner, place, "python" if view == "python" else _pick_format())
        show_conversion(bench(service, owner).definitions[place])
    show_findings(service, owner, found)


def _show_row(
    service: Service, owner: str, number: int, definition: Definition, findings: int
) -> None:
    kept = bench(service, owner)
    name = definition.tool.name
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.checkbox(
            f"{plain(name)} · ⚠ {findings}" if findings else plain(name),
            value=name not in kept.off,
            key=f"on_{revision()}_{number}",
            on_change=_toggle,
            args=(service, owner, name),
            width="stretch",
        )
        if icon_button(t("tools.edit", name=plain(name)), "edit", key=f"edit_{number}"):
            open_tool(number)
            st.rerun()
        if icon_button(
            t("tools.duplicate", name=plain(name)), "content_copy", key=f"copy_{number}"
        ):
            keep(service, owner, kept.duplicate(number))
            st.session_state["tool_place"] = number + 1
            st.rerun()
        if icon_button(t("tools.delete", name=plain(name)), "delete", key=f"drop_{number}"):
            keep(service, owner, kept.drop(number))
            st.rerun()


def _toggle(service: Service, owner: str, name: str) -> None:
    kept = bench(service, owner)
    off = set(kept.off) ^ {name}
    keep(service, owner, replace(kept, off=tuple(sorted(off))))


def _pick_format() -> Format:
    chosen: Format | None = st.selectbox(
        t("tools.format"),
        _JSON_FORMATS,
        format_func=lambda name: t(f"tools.format_{name}"),
        key="tool_format",
        persist_state="session",
        help=t("tools.format_help"),
    )
    return chosen or "openai"


def _show_editor(service: Service, owner: str, place: int, form: Format) -> None:
    definition = bench(service, owner).definitions[place]
    try:
        written = dump_text([definition], form)
    except DiglotError as exc:
        st.warning(plain(exc.message))
        return
    # A new key after every change, so that the field shows the text as it was parsed.
    key = f"definition_{form}_{place}_{revision()}"
    text = st.text_area(
        t("tools.definition_of", name=plain(definition.tool.name)),
        written,
        key=key,
        height=360,
        help=t("tools.editor_help"),
    )
    if text == written:
        return
    try:
        parsed = parse_any(text, known=[definition], form=form)
    except DiglotError as exc:
        st.warning(t("tools.broken", message=plain(exc.message)), icon=":material/error:")
        return
    changed, *more = parsed.definitions
    if changed == definition and not more:
        return
    kept = bench(service, owner).put(place, changed)
    keep(service, owner, kept.add(more) if more else kept)
    st.rerun()


def _show_paste(service: Service, owner: str) -> None:
    if st.session_state.pop("tool_paste_done", False):
        st.session_state["tool_paste"] = ""
    text = st.text_area(
        t("tools.paste"),
        key="tool_paste",
        height=300,
        placeholder=t("tools.paste_hint"),
        persist_state="session",
    )
    if not text or not text.strip():
        return
    try:
        parsed = parse_any(text)
    except DiglotError as exc:
        st.warning(t("tools.broken", message=plain(exc.message)), icon=":material/error:")
        return
    _show_parsed(parsed)
    if st.button(t("tools.add", count=len(parsed.definitions)), icon=":material/add:"):
        kept = bench(service, owner).add(parsed.definitions)
        names = [one.tool.name for one in kept.definitions]
        st.session_state["tool_place"] = names.index(parsed.definitions[0].tool.name)
        keep(service, owner, kept)
        st.session_state["tool_paste_done"] = True
        st.session_state["tool_view_wanted"] = "python" if parsed.format == "python" else "json"
        st.rerun()


def _show_parsed(parsed: Parsed) -> None:
    names = ", ".join(f"`{definition.tool.name}`" for definition in parsed.definitions)
    st.caption(t("tools.read_as", format=t(f"tools.format_{parsed.format}"), names=names))
    for remark in parsed.remarks:
        st.caption(f":material/info: {code_span(remark.path)} {note_text(remark.note)}")
