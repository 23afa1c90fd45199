"""Where models may come from instead of what was found: a GGUF file, or a server; operators only.

A choice holds until Diglot ends; how to keep it is shown as the lines of a config.
"""

from __future__ import annotations

import streamlit as st

from core.backends.chosen import Choice, choose_file, choose_server
from core.chats.service import Service
from core.errors import InvalidRequest
from ui.session.account import is_operator
from ui.widgets.cards import try_it
from ui.words import t


def show_sources(service: Service) -> None:
    """Draw the two forms, each behind a button, and what has been chosen."""
    if not _may_choose(service):
        return
    with st.container(horizontal=True, key="sources"):
        with st.popover(t("sources.file"), icon=":material/draft:"):
            _ask_file(service)
        with st.popover(t("sources.server"), icon=":material/dns:"):
            _ask_server(service)
    chosen = service.fleet.chosen
    if chosen is not None:
        with st.expander(t("sources.keep"), type="compact"):
            st.caption(t("sources.keep_hint"))
            st.code(chosen.text, language="yaml", wrap_lines=True)
            st.button(
                t("sources.back"), icon=":material/undo:", on_click=try_it, args=(_choose, service)
            )


def _may_choose(service: Service) -> bool:
    return is_operator(service) and not service.demo and service.fleet.choosable


def _ask_file(service: Service) -> None:
    with st.form("source_file", border=False):
        st.text_input(t("sources.model"), key="source_model", placeholder="/models/qwen3-4b.gguf")
        st.text_input(t("sources.mmproj"), key="source_mmproj", help=t("sources.mmproj_hint"))
        st.text_input(t("sources.template"), key="source_template", help=t("sources.template_hint"))
        st.form_submit_button(
            t("sources.use_file"), type="primary", on_click=try_it, args=(_use_file, service)
        )


def _ask_server(service: Service) -> None:
    with st.form("source_server", border=False):
        st.text_input(
            t("sources.address"), key="source_address", placeholder="http://localhost:8080"
        )
        st.caption(t("sources.address_hint"))
        st.form_submit_button(
            t("sources.use_server"), type="primary", on_click=try_it, args=(_use_server, service)
        )


def _use_file(service: Service) -> None:
    _check(service)
    typed = st.session_state
    choice = choose_file(
        str(typed.get("source_model", "")),
        mmproj=str(typed.get("source_mmproj", "")),
        chat_template=str(typed.get("source_template", "")),
    )
    _choose(service, choice)


def _use_server(service: Service) -> None:
    _check(service)
    address = str(st.session_state.get("source_address", ""))
    own = int(st.get_option("server.port") or 0)
    _choose(service, service.fleet.call(choose_server(address, own_port=own)))


def _choose(service: Service, choice: Choice | None = None) -> None:
    _check(service)
    service.fleet.call(service.fleet.choose(choice))


def _check(service: Service) -> None:
    """Raise InvalidRequest where this person may not choose: a page may outlive that right."""
    if not _may_choose(service):
        raise InvalidRequest(t("sources.denied"))
