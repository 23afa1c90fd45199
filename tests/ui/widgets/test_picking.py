"""A choice of a few: something is always chosen, by any value and under any name."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def page() -> None:
    import streamlit as st

    from ui.widgets.picking import pick_one

    first = pick_one("Answers", (1, 2, 4), lambda n: f"{n} ×", key="first", about="how many")
    second = pick_one("Language", ("en", "zh"), str.upper, key="second", default="zh", kept=False)
    st.text(f"{first} {second}")


def test_the_first_is_chosen_unless_another_is_named() -> None:
    app = AppTest.from_function(page).run()
    assert not app.exception
    assert app.text[0].value == "1 zh"
    answers, language = app.segmented_control
    assert (answers.label, answers.options) == ("Answers", ["1 ×", "2 ×", "4 ×"])
    assert language.options == ["EN", "ZH"]
    answers.set_value(4)
    language.set_value("en")
    app.run()
    assert not app.exception
    assert app.text[0].value == "4 en"
