"""What the parts of the page tell is heard once, and not at all once a part is gone."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def page() -> None:
    from types import SimpleNamespace

    import streamlit as st

    from ui.chat.script import _hear, heard_of

    heard: list[str] = []

    def hear() -> None:
        _hear("wire", lambda event: heard.append(event["do"]))

    # Its answer has ended, and it is drawn no longer; what it told is on its way.
    hear()
    st.text(f"{heard} {heard_of('wire')}")
    st.session_state["wire_live"] = SimpleNamespace(
        event={"events": [{"n": 1, "do": "end"}, {"n": 2, "do": "more"}]}
    )
    hear()
    hear()
    st.text(f"{heard} {heard_of('wire')}")


def test_events_are_heard_once_and_those_of_a_part_that_is_gone_are_dropped() -> None:
    app = AppTest.from_function(page).run()
    assert not app.exception
    assert [text.value for text in app.text] == ["[] 0", "['end', 'more'] 2"]
