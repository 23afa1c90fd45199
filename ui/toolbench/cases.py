"""The cases of a toolbox: an editable table, with import and export of files."""

from __future__ import annotations

from typing import Any, get_args

import streamlit as st
from msgspec.structs import replace

from core.chats.service import Service
from core.chats.toolbench.saved import Workbench
from core.errors import DiglotError
from core.tools.cases.files import dump_bfcl_cases, dump_cases, parse_cases
from core.tools.cases.rows import COLUMNS, SEVERAL, case_of_row, row_of_case
from core.tools.cases.values import Case, Judge
from core.tools.definitions.reading import dump_as, parse_any
from core.translation.codec.json import encode_json
from ui.toolbench.bench import bench, keep, revision
from ui.widgets.text import plain
from ui.words import t


def show_cases(service: Service, owner: str) -> None:
    """Draw the table; edits are saved at once."""
    kept = bench(service, owner)
    names = [one.tool.name for one in kept.definitions]
    # The table keeps its own edits while its rows stay the same, so they are read once per change.
    key = f"cases_{st.session_state.get('cases_revision', 0)}"
    if st.session_state.get("cases_key") != key:
        st.session_state["cases_key"] = key
        st.session_state["cases_rows"] = [row_of_case(case) for case in kept.cases]
    told: list[dict[str, Any]] = st.data_editor(
        st.session_state["cases_rows"] or [dict.fromkeys(COLUMNS, "")],
        num_rows="dynamic",
        hide_index=True,
        key=key,
        column_order=COLUMNS,
        column_config=_columns(names),
    )
    st.caption(t("tools.cases_hint"))
    try:
        cases = tuple(case for row in told if (case := case_of_row(row)) is not None)
    except DiglotError as exc:
        st.warning(plain(exc.message), icon=":material/error:")
        return
    if cases != kept.cases:
        _keep(service, owner, replace(kept, cases=cases))
    _show_files(service, owner, kept)


def _columns(names: list[str]) -> dict[str, Any]:
    column = st.column_config
    return {
        "id": column.TextColumn(t("tools.case_id"), width="small"),
        "prompt": column.TextColumn(t("tools.prompt"), width="large"),
        "tool": column.SelectboxColumn(
            t("tools.case_tool"), options=["", *names, SEVERAL], help=t("tools.case_tool_help")
        ),
        "arguments": column.TextColumn(
            t("tools.case_arguments"), help=t("tools.case_arguments_help")
        ),
        "judge": column.SelectboxColumn(
            t("tools.case_judge"), options=list(get_args(Judge)), help=t("tools.case_judge_help")
        ),
        "predicate": column.TextColumn(
            t("tools.case_predicate"), help=t("tools.case_predicate_help")
        ),
        "system": column.TextColumn(t("chat.system")),
    }


def _keep(service: Service, owner: str, new: Workbench) -> None:
    before = revision()
    keep(service, owner, new)
    # The definitions have not changed, so their fields keep their keys.
    st.session_state["bench_revision"] = before


def _show_files(service: Service, owner: str, kept: Workbench) -> None:
    with st.popover(t("tools.files"), icon=":material/import_export:"):
        given = st.file_uploader(
            t("tools.import_cases"), type=["jsonl", "json", "txt"], accept_multiple_files=True,
            key=f"cases_file_{st.session_state.get('cases_revision', 0)}",
            help=t("tools.import_cases_help"),
        )  # fmt: skip
        if given:
            text = "\n".join(one.getvalue().decode("utf-8", "replace") for one in given)
            _bring_in(service, owner, kept, text)
        st.download_button(
            t("tools.export_jsonl"), dump_cases(kept.cases), "cases.jsonl", "application/jsonl",
            on_click="ignore", key="export_jsonl", icon=":material/download:",
        )  # fmt: skip
        functions = [dump_as(one, "bfcl") for one in kept.definitions]
        files = dump_bfcl_cases(kept.cases, functions)
        for name, content in (("questions", files.questions), ("answers", files.answers)):
            st.download_button(
                t(f"tools.export_bfcl_{name}"), content, f"bfcl_{name}.json", "application/jsonl",
                on_click="ignore", key=f"export_{name}", icon=":material/download:",
            )  # fmt: skip
        if files.skipped:
            st.caption(t("tools.export_skipped", names=", ".join(files.skipped)))


def _bring_in(service: Service, owner: str, kept: Workbench, text: str) -> None:
    try:
        read = parse_cases(text)
        added = parse_any(encode_json(list(read.functions)).decode()) if read.functions else None
    except DiglotError as exc:
        st.warning(plain(exc.message), icon=":material/error:")
        return
    st.caption(t("tools.import_found", count=len(read.cases), skipped=len(read.skipped)))
    if st.button(t("tools.import_add"), icon=":material/add:", key="import_add"):
        new = kept.add(added.definitions) if added else kept
        cases: tuple[Case, ...] = (*kept.cases, *read.cases)
        keep(service, owner, replace(new, cases=cases))
        st.session_state["cases_revision"] = st.session_state.get("cases_revision", 0) + 1
        st.rerun()
