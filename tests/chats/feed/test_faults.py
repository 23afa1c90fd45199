"""Errors as cards, in the reader's language, with what can be done at once."""

from __future__ import annotations

import pytest

from core.chats.feed.faults import fault_view
from core.error_kinds import KINDS
from core.words import languages, words


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_has_its_title_and_cause(kind: str, language: str) -> None:
    view = fault_view({"code": kind, "message": "the server's words"}, language, model="q:4b")
    known = words(language)
    assert view.title == known[f"error.{view.kind}.title"]
    assert view.cause == known[f"error.{view.kind}.cause"]
    assert view.command == known[f"error.{view.kind}.command"].replace("{model}", "q:4b")
    assert view.said == "the server's words"


def test_what_helps_is_offered_where_it_may_be_done() -> None:
    gone = {"code": "model_not_found", "message": ""}
    assert fault_view(gone, "en", model="q:4b").cure == "pull"
    assert "q:4b" in fault_view(gone, "zh", model="q:4b").cure_words
    assert fault_view(gone, "en", model="q:4b", demo=True).cure == ""
    assert fault_view(gone, "en").cure == ""
    assert fault_view({"code": "backend_refused", "message": "x"}, "en").cure == "retry"


def test_what_has_no_explanation_is_shown_in_full() -> None:
    assert fault_view({"code": "?", "message": "odd"}, "en").open
    assert not fault_view({"code": "busy", "message": "odd"}, "en").open
