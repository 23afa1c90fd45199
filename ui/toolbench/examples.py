"""Example prompts: what each tests, and the expected outcome."""

from __future__ import annotations

import streamlit as st
from msgspec.structs import replace

from core.chats.service import Service
from core.tools.cases.examples import EXAMPLES, Example, example_tool
from core.tools.cases.values import Case
from core.tools.definitions.values import Definition
from ui.toolbench.bench import bench, keep
from ui.widgets.text import plain
from ui.words import language, t


def show_examples(service: Service, owner: str) -> None:
    """Draw a card for each; its button fills in the prompt and the tools."""
    st.caption(t("tools.examples_hint"))
    for example in EXAMPLES:
        case = example.case(language())
        with st.container(border=True):
            st.markdown(f"**{t(f'tools.example_{example.name}')}**")
            st.markdown(plain(case.prompt))
            wanted = ", ".join(f"`{one.tool}`" for one in case.expected)
            st.caption(t("tools.example_wants", names=wanted) if wanted else t("tools.wants_none"))
            st.button(
                t("tools.example_use"),
                icon=":material/arrow_forward:",
                key=f"example_{example.name}",
                on_click=_use,
                args=(service, owner, example, case),
            )


def _use(service: Service, owner: str, example: Example, case: Case) -> None:
    kept = bench(service, owner)
    there = {one.tool.name for one in kept.definitions}
    missing = [
        Definition(tool=example_tool(tool, language()))
        for tool in service.toolbox.tools
        if tool.name in example.tools and tool.name not in there
    ]
    off = tuple(name for name in kept.off if name not in example.tools)
    keep(service, owner, replace(kept.add(missing), off=off))
    st.session_state["tool_prompt"] = case.prompt
    st.session_state["tool_section"] = "run"
