"""Problems of names, and of several tools together."""

from __future__ import annotations

from core.tools.lint.linting import lint
from core.tools.lint.names import token_estimate
from tests.support.linted import tool


def test_verbs_about_one_object_are_no_twins() -> None:
    codes = [f.code for f in lint([tool(name="set_user_profile"), tool(name="get_user_profile")])]
    assert codes == ["token_cost"]


def test_the_cost_is_an_estimate_that_counts_chinese_dearer() -> None:
    plain = token_estimate([tool(description="x" * 60)])
    chinese = token_estimate([tool(description="字" * 60)])
    assert 0 < plain < chinese
    note = lint([tool()])[-1].note
    assert "~" in note.text("en") and "~" in note.text("zh")
