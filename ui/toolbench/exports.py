"""Downloads: scripts, a test file, and the definitions in every format."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from urllib.parse import urlsplit

import streamlit as st

from core.chats.service import Service
from core.errors import DiglotError
from core.tools.definitions.reading import dump_text
from core.tools.definitions.values import FORMATS
from core.tools.folders import dump_files
from core.tools.takeaway.scripts import script
from core.tools.takeaway.tests import pytest_file
from ui.toolbench.bench import bench
from ui.toolbench.run import pick_model
from ui.widgets.picking import pick_one
from ui.widgets.text import plain
from ui.words import t


def show_take_away(service: Service, owner: str) -> None:
    """Draw the downloads, each with a preview."""
    kept = bench(service, owner)
    tools = kept.on
    if not tools:
        st.info(t("tools.no_tools"), icon=":material/construction:")
        return
    st.caption(t("tools.take_hint"))
    model = pick_model(service)
    page = urlsplit(st.context.url or "http://127.0.0.1:8501")
    origin = f"{page.scheme}://{page.netloc}"
    prompt = str(st.session_state.get("tool_prompt") or t("tools.prompt_default"))
    for sdk in ("openai", "ollama"):
        text = script(
            "openai" if sdk == "openai" else "ollama",
            tools,
            model=model,
            origin=origin,
            prompt=prompt,
            system=str(st.session_state.get("tool_system") or ""),
            known=service.toolbox.functions,
        )
        _offer(t(f"tools.take_script_{sdk}"), f"{sdk}_tools.py", text, "python")
    try:
        text = pytest_file(tools, kept.cases, model=model, origin=origin)
        _offer(t("tools.take_pytest"), "test_tools.py", text, "python")
    except DiglotError as exc:
        st.caption(f"{t('tools.take_pytest')}: {plain(exc.message)}")
    with st.container(border=True):
        form = pick_one(
            t("tools.take_definitions"), FORMATS, lambda name: t(f"tools.format_{name}"),
            default="openai", key="take_format", about="",
        )  # fmt: skip
        try:
            text = dump_text(tools, form)
        except DiglotError as exc:
            st.warning(plain(exc.message))
        else:
            end = "py" if form == "python" else "json"
            _offer(
                t(f"tools.format_{form}"), f"tools_{form}.{end}", text,
                "python" if form == "python" else "json",
            )  # fmt: skip
        st.download_button(
            t("tools.take_folder"), _zipped(dump_files(tools)), "tools.zip", "application/zip",
            on_click="ignore", key="take_folder", icon=":material/folder_zip:",
        )  # fmt: skip


def _offer(name: str, file: str, text: str, language: str) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{name}**", width="stretch")
            st.download_button(
                t("tools.download"), text, file, "text/plain", on_click="ignore",
                key=f"take_{file}", icon=":material/download:",
            )  # fmt: skip
        with st.expander(t("tools.take_show"), type="compact", key=f"look_{file}"):
            st.code(text, language=language, height=420)


def _zipped(files: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()
