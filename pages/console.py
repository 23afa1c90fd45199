"""The operator page: backends, deployments, keys and what went wrong, looked at every few seconds.

It is in the navigation of operators alone, and shows nothing to anybody else.
"""

from __future__ import annotations

import streamlit as st

from core.chats.service import current_service
from core.gateway.call import GatewayState, current_gateway
from core.gateway.snapshot import Overview, look
from ui.console.tables import show_deployments, show_errors, show_hosts, show_keys_in_use
from ui.session.account import is_operator
from ui.words import t

service = current_service()
if not is_operator(service):
    st.error(t("operator.denied"), icon=":material/lock:")
    st.stop()


def show_config(overview: Overview) -> None:
    """Say whether the config file, as it is now, is the one that is used."""
    if overview.config_error:
        st.error(f"**{t('operator.config_old')}**", icon=":material/error:")
        st.code(overview.config_error, language=None, wrap_lines=True)
    elif overview.warnings:
        with st.expander(t("operator.warnings", count=len(overview.warnings))):
            for warning in overview.warnings:
                st.code(warning, language=None, wrap_lines=True)
    else:
        st.caption(f":material/check: {t('operator.config_fine')}")


@st.fragment(run_every=5.0)
def draw() -> None:
    """Draw everything as it is now."""
    gateway_state = current_gateway() or GatewayState(service.fleet)
    overview = service.fleet.call(look(gateway_state))
    with st.container(horizontal=True):
        st.metric(t("operator.in_work"), overview.in_work, border=True)
        st.metric(t("operator.waiting"), overview.waiting, border=True)
        st.metric(t("operator.asked"), overview.requests, border=True)
        st.metric(t("operator.failed"), overview.failed, border=True)
    show_config(overview)
    st.markdown(f"#### {t('operator.deployments')}")
    show_deployments(overview.deployments)
    st.markdown(f"#### {t('operator.hosts')}")
    show_hosts(overview.hosts)
    st.markdown(f"#### {t('operator.keys')}")
    show_keys_in_use(overview.keys)
    if not overview.keys:
        st.caption(t("operator.keys_how"))
    st.markdown(f"#### {t('operator.errors')}")
    show_errors(overview.errors)


st.markdown(f"## {t('operator.title')}")
st.caption(t("operator.intro"))
draw()
