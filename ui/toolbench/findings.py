"""Problems in the definitions, with fixes; and what a definition becomes for each target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st
from msgspec.structs import replace

from core.chats.service import Service
from core.tools.definitions.conversion import Conversion, convert
from core.tools.definitions.conversion_notes import TARGETS
from core.tools.definitions.values import Definition
from core.tools.lint.finding import Finding
from core.tools.lint.linting import fixed, fixed_all
from core.translation.messages import Tool
from ui.toolbench.bench import bench, keep
from ui.widgets.text import code_span
from ui.words import note_text, t

_ICONS = {"error": ":material/error:", "warning": ":material/warning:", "hint": ":material/info:"}


def count_by_name(shown: Sequence[Definition], found: Sequence[Finding]) -> Counter[str]:
    """Return how many errors and warnings there are about each tool."""
    serious = (one.tool for one in found if one.severity != "hint")
    return Counter(shown[place].tool.name for place in serious if place is not None)


def show_findings(service: Service, owner: str, found: Sequence[Finding]) -> None:
    """Draw the findings about the tools that a model is shown."""
    shown = bench(service, owner).on
    tools = [one.tool for one in shown]
    if not tools:
        return
    counts = Counter(one.severity for one in found)
    serious = counts["error"] + counts["warning"]
    label = t("tools.lint", errors=counts["error"], warnings=counts["warning"])
    with st.expander(label, icon=":material/rule:", expanded=bool(serious), key="findings"):
        if any(one.fix for one in found) and st.button(
            t("tools.fix_all"), icon=":material/auto_fix_high:", key="fix_all"
        ):
            _apply(service, owner, shown, fixed_all(tools))
        for number, finding in enumerate(found):
            _show_finding(service, owner, shown, finding, number)


def show_conversion(definition: Definition) -> None:
    """Draw how a definition is converted for each target."""
    made = [convert(definition.tool, target) for target in TARGETS]
    lost = sum(bool(one.lost) for one in made)
    with st.expander(t("tools.conversion", count=lost), icon=":material/output:", key="conversion"):
        st.caption(t("tools.conversion_hint"))
        for one in made:
            _show_target(one)


def _show_finding(
    service: Service, owner: str, shown: Sequence[Definition], finding: Finding, number: int
) -> None:
    tools = [one.tool for one in shown]
    where = [] if finding.tool is None else [tools[finding.tool].name]
    where += [finding.path] if finding.path else []
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        place = f"`{' · '.join(where)}` " if where else ""
        text = f"{_ICONS[finding.severity]} {place}{note_text(finding.note)}"
        with st.container(width="stretch"):
            st.markdown(text)
        if finding.fix is not None and st.button(
            t("tools.fix"), icon=":material/auto_fix_high:", key=f"fix_{number}_{finding.code}"
        ):
            _apply(service, owner, shown, fixed(tools, finding))


def _apply(
    service: Service, owner: str, shown: Sequence[Definition], mended: Sequence[Tool]
) -> None:
    new = {
        old.tool.name: replace(old, tool=tool)
        for old, tool in zip(shown, mended, strict=True)
        if old.tool != tool
    }
    kept = bench(service, owner)
    definitions = tuple(new.get(one.tool.name, one) for one in kept.definitions)
    keep(service, owner, replace(kept, definitions=definitions))
    st.rerun()


def _show_target(one: Conversion) -> None:
    name = note_text(TARGETS[one.target])
    if not one.lost:
        st.markdown(f":material/check_circle: {name} :gray[{t('tools.kept_whole')}]")
        return
    st.markdown(f":material/warning: {name}")
    for row in one.lost:
        note = note_text(row.note) if row.note is not None else ""
        st.caption(f"{code_span(row.path or '·')} **{t(f'tools.fate_{row.fate}')}** {note}")
