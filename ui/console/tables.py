"""The operator's tables: deployments, backends, keys and errors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from core.backends.health import HostHealth
from core.exchanges.exchange import Exchange
from core.gateway.snapshot import DeploymentState, KeyUse
from core.http.addresses import shown_address
from ui.widgets.pulls import bytes_words
from ui.words import t

_SIGNS = {"healthy": "✓", "failing": "!", "cooling": "~", "down": "✕"}
_NONE = "–"


def show_deployments(deployments: Sequence[DeploymentState]) -> None:
    """Draw each deployment with its state."""
    rows = []
    for one in deployments:
        rows.append(
            {
                t("operator.name"): one.name,
                t("operator.state"): _state(one.state, one.cooling),
                t("operator.model"): one.model,
                t("operator.address"): one.base_url or _NONE,
                t("operator.in_work"): f"{one.in_work} / {one.limit or '∞'}",
                t("operator.waiting"): one.waiting,
                t("operator.asked"): one.asked,
                t("operator.failed"): one.failed,
                t("operator.last_error"): one.problem or one.error or _NONE,
            }
        )
    _table(rows)


def show_hosts(hosts: Sequence[HostHealth]) -> None:
    """Draw each server with the models in its memory."""
    rows = []
    for host in hosts:
        loaded = [
            f"{model.get('name')} ({bytes_words(int(model.get('size') or 0))})"
            for model in host.loaded
        ]
        rows.append(
            {
                t("operator.address"): shown_address(host.base_url) or _NONE,
                t("operator.state"): _state("down" if host.error else "healthy"),
                t("operator.api"): f"{host.dialect} {host.version}".strip(),
                t("operator.took"): f"{host.seconds * 1000:.0f} ms",
                t("operator.models"): _NONE if host.models is None else str(len(host.models)),
                t("operator.loaded"): ", ".join(loaded) or _NONE,
                t("operator.last_error"): host.error or _NONE,
            }
        )
    _table(rows)


def show_keys_in_use(keys: Sequence[KeyUse]) -> None:
    """Draw each key's name, limits and use, never the key itself."""
    rows = []
    for one in keys:
        key = one.key
        rows.append(
            {
                t("operator.name"): key.name,
                t("operator.state"): t("operator.expired" if one.expired else "operator.valid"),
                t("operator.models"): t("operator.all_models")
                if key.models is None
                else ", ".join(key.models) or _NONE,
                t("operator.rpm"): _left(key.rpm, one.left.get("rpm")),
                t("operator.tpm"): _left(key.tpm, one.left.get("tpm")),
                t("operator.in_work"): f"{one.in_work} / {key.max_parallel or '∞'}",
                t("operator.asked"): one.requests,
                t("operator.failed"): one.failed,
                t("operator.tokens"): one.tokens,
                t("operator.expires"): _day(key.expires),
            }
        )
    _table(rows)


def show_errors(errors: Sequence[Exchange]) -> None:
    """Draw recent errors, newest first; the request page shows each exchange in full."""
    rows = [
        {
            t("operator.when"): datetime.fromtimestamp(one.started / 1e9, UTC),
            t("operator.status"): str(one.status or _NONE),
            t("operator.model"): one.model or _NONE,
            t("operator.last_error"): one.error or _NONE,
            t("operator.request"): f"requests?x={one.id}",
        }
        for one in errors
    ]
    _table(
        rows,
        {
            t("operator.when"): st.column_config.DatetimeColumn(format="HH:mm:ss"),
            t("operator.request"): st.column_config.LinkColumn(display_text="⇄"),
        },
    )


def _table(rows: Sequence[dict[str, Any]], columns: dict[str, Any] | None = None) -> None:
    if not rows:
        st.caption(t("operator.nothing"))
        return
    st.dataframe(rows, hide_index=True, width="stretch", column_config=columns)


def _state(state: str, seconds: float = 0.0) -> str:
    return f"{_SIGNS[state]} {t(f'operator.state_{state}', seconds=f'{seconds:.0f}')}"


def _left(limit: int | None, left: int | None) -> str:
    return "∞" if limit is None else f"{limit if left is None else max(left, 0)} / {limit}"


def _day(moment: float | None) -> str:
    if moment is None:
        return _NONE
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M} UTC"
