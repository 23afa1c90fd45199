"""The connected sources of tools: MCP servers, the operator's tools, HTTP tools."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

import streamlit as st

from core.chats.service import Service
from core.tools.definitions.values import Definition
from core.translation.messages import Tool
from ui.session.account import told
from ui.toolbench.bench import bench, keep
from ui.widgets.text import code_span, plain
from ui.words import t


def show_connections(service: Service, owner: str) -> None:
    """Draw each kind with its state, and a button that adds its tools to the page."""
    _show_servers(service, owner)
    _show_own(service, owner)
    _show_requests(service, owner)
    _show_offer(service)


def _show_servers(service: Service, owner: str) -> None:
    tool_runtime = service.runners.tool_runtime
    st.markdown(f"**{t('tools.mcp')}**")
    status = tool_runtime.mcp.status()
    if not status:
        st.caption(t("tools.mcp_none"))
    for name, trouble in status.items():
        with st.container(border=True):
            icon = ":material/error:" if trouble else ":material/check_circle:"
            said = plain(told(service, trouble)) if trouble else t("tools.mcp_connected")
            st.markdown(f"{icon} {code_span(name)} {said}")
            names = tool_runtime.mcp.tools(name)
            if names:
                st.caption(", ".join(code_span(one) for one in names))
                _offer(
                    service, owner, (x for x in tool_runtime.toolbox.tools if x.name in names), name
                )


def _show_own(service: Service, owner: str) -> None:
    tool_runtime, folder = service.runners.tool_runtime, service.fleet.config.tools.folder
    st.markdown(f"**{t('tools.here')}**")
    if tool_runtime.trouble:
        st.warning(tool_runtime.trouble, icon=":material/folder_off:")
    st.caption(t("tools.here_folder" if folder is not None else "tools.here_no_folder"))
    taken = {
        name for server in tool_runtime.mcp.status() for name in tool_runtime.mcp.tools(server)
    }
    own = [tool for tool in tool_runtime.toolbox.tools if tool.name not in taken]
    st.caption(", ".join(code_span(tool.name) for tool in own))
    _offer(service, owner, own, "")


def _show_requests(service: Service, owner: str) -> None:
    st.markdown(f"**{t('tools.http')}**")
    mine = [one for one in bench(service, owner).definitions if one.http is not None]
    for one in mine:
        if one.http is not None:
            asked = f"{plain(one.http.method)} {code_span(one.http.url)}"
            st.markdown(f"{code_span(one.tool.name)} {asked}")
    st.caption(t("tools.http_hint"))


def _show_offer(service: Service) -> None:
    if not service.fleet.config.tools.offer:
        return
    page = urlsplit(st.context.url or "http://127.0.0.1:8501")
    st.markdown(f"**{t('tools.offered')}**")
    st.caption(t("tools.offered_hint"))
    st.code(f"{page.scheme}://{page.netloc}/mcp", language=None)


def _offer(service: Service, owner: str, tools: Iterable[Tool], key: str) -> None:
    kept = bench(service, owner)
    there = {one.tool.name for one in kept.definitions}
    missing = [Definition(tool=tool) for tool in tools if tool.name not in there]
    if missing and st.button(
        t("tools.add", count=len(missing)), icon=":material/add:", key=f"offer_{key}"
    ):
        keep(service, owner, kept.add(missing))
        st.rerun()
