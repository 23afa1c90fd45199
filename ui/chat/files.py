"""Chats as files: out as JSON, Markdown or lines for tuning, in from other products too."""

from __future__ import annotations

import streamlit as st

from core.chats.service import Service
from core.chats.transfer.exports import ENDINGS, ExportKind
from core.chats.transfer.imports.values import Import
from core.error_kinds import error_facts
from core.errors import DiglotError
from core.translation.codec.json import encode_json
from ui.chat.navigation import close_dialog, open_chat
from ui.widgets.cards import error_card
from ui.widgets.picking import pick_one
from ui.widgets.text import plain
from ui.words import note_text, t

_KINDS: tuple[ExportKind, ...] = ("json", "markdown", "jsonl")
_MOST = 1000  # megabytes: the ZIP of someone with many pictures


def draw_export(service: Service, owner: str, chat_id: str) -> None:
    """Offer one chat as a file of each kind."""
    title = service.store.chat(owner, chat_id).title
    for kind in _KINDS:
        try:
            data = service.archive.export(owner, chat_id, kind)
        except DiglotError as exc:
            st.caption(f"{t(f'chat.export_{kind}')}: {plain(exc.message)}")
            continue
        _offer(kind, data, f"{title or 'chat'}.{ENDINGS[kind].one}")


def _offer(kind: ExportKind, data: bytes, name: str) -> None:
    st.download_button(
        t(f"chat.export_{kind}"),
        data,
        name,
        icon=":material/download:",
        key=f"export_{kind}",
        on_click="ignore",
        width="stretch",
    )


def draw_export_all(service: Service, owner: str) -> None:
    """Offer all chats as one file."""
    kind = pick_one(
        t("chat.export_all"), _KINDS, lambda one: t(f"chat.export_{one}"),
        default="json", key="export_form", kept=False,
    )  # fmt: skip
    with st.spinner(t("chat.export_making")):
        data, report = service.archive.export_all(owner, kind)
    st.caption(t("chat.export_counts", chats=report.chats, skipped=report.skipped))
    if report.chats:
        _offer(kind, data, f"diglot-chats.{ENDINGS[kind].all}")


def draw_import(service: Service, owner: str) -> None:
    """Read a file, say what is in it, and keep it if that is wanted."""
    st.caption(t("chat.import_hint"))
    file = st.file_uploader(
        t("chat.import"),
        type=["json", "zip"],
        label_visibility="collapsed",
        max_upload_size=_MOST,
    )
    if file is None:
        return
    try:
        with st.spinner(t("chat.import_reading")):
            found = service.archive.read(file.getvalue())
    except DiglotError as exc:
        error_card(error_facts(exc), key="import_fault")
        return
    _show_report(found)
    if found.chats and st.button(
        t("chat.import_do", count=len(found.chats)), type="primary", key="import_do"
    ):
        with st.spinner(t("chat.import_saving")):
            chats = service.archive.save(owner, found)
        open_chat(chats[-1].id)
        close_dialog()
        st.rerun()


def _show_report(found: Import) -> None:
    """Say what a file holds, before anything of it is kept."""
    st.markdown(
        t(
            "chat.import_found",
            source=t(f"chat.source_{found.source}"),
            chats=len(found.chats),
            messages=found.messages,
            seen_chats=found.seen_chats,
            seen_messages=found.seen_messages,
        )
    )
    if not found.rows:
        st.caption(t("chat.import_whole"))
        return
    rows = [
        {
            t("chat.import_outcome"): t(f"chat.import_{reason.outcome}"),
            t("chat.import_unit"): t(f"chat.import_{reason.unit}"),
            t("chat.import_count"): reason.count,
            t("chat.import_why"): note_text(reason.note),
            t("chat.import_place"): "\n".join(
                " · ".join(filter(None, place)) for place in reason.examples
            ),
        }
        for reason in found.reasons()
    ]
    st.dataframe(rows, hide_index=True, width="stretch")
    st.download_button(
        t("chat.import_report"),
        encode_json(found.rows),
        "import-report.json",
        type="tertiary",
        icon=":material/download:",
        on_click="ignore",
    )
