"""The request page invents nothing: its table's rows are the report's, and its editors' texts
are what core translates.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import DiglotError
from core.inspector.align.request import align_request
from core.inspector.pair import pair_of
from core.inspector.paste.detect import read_paste
from core.translation.translate import translate_request
from tests.laws.bodies import translations
from ui.viewer.pasting import exchange_of
from ui.viewer.views.bodies import found_lines
from ui.viewer.views.editing import Edited, follow
from ui.viewer.views.table import OUTCOMES, records, summary
from ui.widgets.text import pretty
from ui.words import note_text

FURTHER = ("responses", "anthropic")
BODY = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "temperature": 0.5}


@pytest.fixture(scope="module", autouse=True)
def english() -> Iterator[None]:
    """Without a session nobody has chosen a language."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ui.words.language", lambda: "en")
        yield


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_the_rows_are_exactly_the_reports(data: st.DataObject) -> None:
    source, target, body = data.draw(translations(("openai", "ollama"), ("ollama", "openai")))
    written = translate_request(body, source=source, target=target)
    rows = align_request(body, written, source=source, target=target)
    turned = target == "ollama"
    left, right = ("to", "from") if turned else ("from", "to")
    for only in (False, True):
        wanted = [row for row in rows if not only or row.outcome != "kept"]
        shown = records(rows, sides=("from", "to"), turned=turned, only_changes=only)
        assert [record.outcome for record in shown] == [row.outcome for row in wanted]
        for record, row in zip(shown, wanted, strict=True):
            assert next(iter(record.cells)) == left and list(record.cells)[2] == right
            assert _is_of(record.cells["from"], row.path, row.value)
            assert _is_of(record.cells["to"], row.target, row.written)
            assert list(record.cells.values())[3].startswith(note_text(row.note))
            assert record.source == row.note.source
    for name in OUTCOMES:
        count = sum(row.outcome == name for row in rows)
        assert f"{count} " in summary(rows)


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_further_columns_hold_what_their_reports_say(data: st.DataObject) -> None:
    source, target, body = data.draw(translations(("openai", "ollama")))
    rows = align_request(
        body, translate_request(body, source=source, target=target), source=source, target=target
    )
    also = {}
    for dialect in FURTHER:
        try:
            other = translate_request(body, source=source, target=dialect)
        except DiglotError:
            continue
        also[dialect] = align_request(body, other, source=source, target=dialect)
    shown = records(rows, sides=("from", "to"), also=also)
    added = [row for others in also.values() for row in others if row.path is None]
    assert len(shown) == len(rows) + len(added)
    for record, row in zip(shown, rows, strict=False):
        for place, dialect in enumerate(also):
            cell = list(record.cells.values())[4 + place]
            other_row = next((r for r in also[dialect] if r.path == row.path), None)
            if row.path is None or other_row is None:
                assert cell == "—"
            elif other_row.target is not None:
                assert f" {other_row.target}: " in cell
    for record, row in zip(shown[len(rows) :], added, strict=True):
        assert record.outcome == row.outcome == "defaulted"
        assert sum(value.startswith(f"{row.target}: ") for value in record.cells.values()) == 1


def _is_of(cell: str, path: str | None, value: Any) -> bool:
    if path is None:
        return cell == "—"
    said = json.dumps(value, ensure_ascii=False)
    return cell == f"{path}: {said}" or (len(said) > 160 and cell == f"{path}: {said[:160]}…")


def begun() -> Edited:
    return Edited(
        texts={"openai": "{}", "ollama": "{}"},
        typed={"openai": 0, "ollama": 0},
        versions={"openai": 0, "ollama": 0},
        source="openai",
    )


@pytest.mark.parametrize(("side", "other"), [("openai", "ollama"), ("ollama", "openai")])
def test_the_other_side_follows_what_is_typed(side: str, other: str) -> None:
    edited = follow(begun(), side, json.dumps(BODY), number=7)
    assert json.loads(edited.texts[other]) == translate_request(BODY, source=side, target=other)
    assert (edited.versions[other], edited.versions[side]) == (1, 0)
    assert edited.typed[side] == 7 and edited.fault is None
    assert {row.path for row in edited.rows} >= {"model", "messages[0].content"}


def test_what_is_broken_keeps_the_last_good_side_and_names_the_place() -> None:
    good = follow(begun(), "openai", json.dumps(BODY))
    bad = follow(good, "openai", '{\n "model": "m",\n "messages": [,]\n}')
    assert bad.fault is not None and bad.fault.line == 3
    assert "15" in bad.fault.message
    assert bad.texts["ollama"] == good.texts["ollama"] and bad.rows == good.rows
    wrong = follow(good, "openai", '{"model": 1}')
    assert wrong.fault is not None and wrong.fault.line == 0
    assert wrong.texts["ollama"] == good.texts["ollama"]


def test_a_search_shows_the_lines_and_those_beside_them() -> None:
    text = pretty({"a": ["one", "two"], "b": list(range(30)), "c": "ONE"})
    found, count = found_lines(text, "one")
    assert count == 2
    assert "⋯" in found and found.count("▸") == 2
    assert '"a"' in found and "17" not in found
    assert found_lines(text, "nothing") == ("", 0)


@pytest.mark.parametrize(
    ("text", "dialect", "streamed"),
    [
        (json.dumps(BODY), "openai", False),
        ('{"model":"m","prompt":"hi","options":{"seed":1}}', "generate", False),
        ('{"message":{"content":"a"},"done":false}\n{"done":true,"done_reason":"stop"}\n',
         "ollama", True),
    ],
)  # fmt: skip
def test_a_paste_becomes_an_exchange(text: str, dialect: str, streamed: bool) -> None:
    (piece,) = read_paste(text)
    exchange = exchange_of(piece, piece.dialect, owner="me")
    assert exchange.client.dialect == dialect
    assert exchange.client.streamed is streamed
    pair = pair_of(exchange)
    assert bool(pair.rows) is not streamed
    assert len(exchange.client.chunks) == (2 if streamed else 0)
