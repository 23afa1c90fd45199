"""Formulas of any size: drawn, or shown as they were written, while the page stays usable."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.scripted_backend import Said, Scripted
from tests.ui.actor import acting
from tests.ui.app_process import visit
from tests.ui.steps import answered, ask

if TYPE_CHECKING:
    from playwright.sync_api import Browser

MATRIX = r"\begin{matrix}" + ("a&" * 100 + r"\\") * 200 + r"\end{matrix}"
ANSWERS = {
    "one": "so $x^2$ it is",
    "long": f"so\n\n$${MATRIX}$$\n\nthe end",
    "deep": "so\n\n$$" + "x^{" * 3000 + "x" + "}" * 3000 + "$$\n\nthe end",
    "many": "$x^2$ " * 3000,
}


@pytest.fixture(scope="module")
def backend() -> Iterator[Scripted]:
    with acting() as scripted:
        scripted.thinks("/api/chat", said)
        yield scripted


def said(body: dict[str, Any]) -> Said:
    """Return the answer that a question names."""
    text = ANSWERS.get(body["messages"][-1]["content"], "?")
    begin = {"model": "actor:1b", "created_at": "2026-01-01T00:00:00Z"}
    word = {**begin, "message": {"role": "assistant", "content": text}, "done": False}
    numbers = {"eval_count": 5, "eval_duration": 10**9, "prompt_eval_count": 3}
    end = {**begin, "message": {"role": "assistant", "content": ""}, "done": True,
           "done_reason": "stop", "total_duration": 10**9, **numbers}  # fmt: skip
    lines = [json.dumps(one).encode() + b"\n" for one in (word, end)]
    return Said(lines, content_type="application/x-ndjson")


@pytest.mark.parametrize(
    ("question", "drawn", "written"),
    [("one", 1, ""), ("long", 0, r"\begin{matrix}"), ("deep", 0, "x^{x^{"), ("many", 3000, "")],
)
def test_a_formula_is_drawn_or_stands_as_it_was_written(
    url: str, chromium: Browser, question: str, drawn: int, written: str
) -> None:
    from playwright.sync_api import expect

    page = visit(chromium, url)
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    ask(page, question)
    answered(page)
    answer = page.get_by_test_id("message").last
    # Three thousand are drawn a few at a time, so that the page stays usable.
    expect(answer.locator("math")).to_have_count(drawn, timeout=180_000)
    if written:
        expect(answer.locator(".math")).to_contain_text(written)
        expect(answer.get_by_text("the end")).to_be_visible()
    assert not faults
