"""Before and after: the comparison of native and OpenAI-compatible calls, from this request."""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import urlsplit

import pandas as pd
import streamlit as st

from core.errors import DiglotError
from core.inspector.before_after import Contrast, Half, contrast
from core.translation.dialects.registry import DIALECTS
from ui.viewer.pair import View
from ui.widgets.text import plain
from ui.words import t

_SHOWN = 6


def show_before_after(view: View) -> None:
    """Draw the table, and the two programs under it."""
    page = urlsplit(st.context.url or "http://127.0.0.1:8501")
    origin = f"{page.scheme}://{page.netloc}"
    if view.pair.source not in DIALECTS:
        st.info(t("viewer.learn_chat_only"), icon=":material/school:")
        return
    try:
        both = contrast(view.pair.body, dialect=view.pair.source, origin=origin)
    except DiglotError as exc:
        st.warning(t("requests.cannot", message=plain(exc.message)))
        return
    st.caption(t("viewer.learn_intro"))
    st.table(_table(both))
    for column, half, name in zip(
        st.columns(2), (both.native, both.openai), ("before", "after"), strict=True
    ):
        with column:
            lines = t("viewer.learn_lines", count=len(half.code.splitlines()))
            st.markdown(f"**{t(f'viewer.learn_{name}')}** :gray[{half.library} · {lines}]")
            st.code(half.code, language="python", wrap_lines=True, height=420)


def _table(both: Contrast) -> pd.DataFrame:
    rows = {
        "endpoint": (f"`{both.native.path}`", f"`{both.openai.path}`"),
        "structure": (_structure(both.native), _structure(both.openai)),
        "library": (t("viewer.learn_by_hand"), t("viewer.learn_sdk")),
        "compatible": (_rewrites(both), t("viewer.learn_base_url")),
    }
    return pd.DataFrame(
        [
            {
                t("viewer.learn_aspect"): f"**{t(f'viewer.learn_{name}')}**",
                t("viewer.learn_before"): before,
                t("viewer.learn_after"): after,
                t("viewer.learn_gain"): t(f"viewer.learn_gain_{name}"),
            }
            for name, (before, after) in rows.items()
        ]
    ).style.hide(axis="index")


def _structure(half: Half) -> str:
    text = json.dumps(half.shape, ensure_ascii=False)
    # A backtick would end the code that the table shows it as.
    return "`" + text.replace("`", "ˋ").replace("\n", " ") + "`"


def _rewrites(both: Contrast) -> str:
    if not both.changed and not both.lost:
        return t("viewer.learn_nothing_changes")
    parts = []
    if both.changed:
        names = _names(both.changed)
        parts.append(t("viewer.learn_changed", count=len(both.changed), names=names))
    if both.lost:
        parts.append(t("viewer.learn_lost", count=len(both.lost), names=_names(both.lost)))
    return " ".join(parts)


def _names(paths: Sequence[str]) -> str:
    return plain(", ".join(paths[:_SHOWN]) + (" …" if len(paths) > _SHOWN else ""))
