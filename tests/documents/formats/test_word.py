"""A Word file in the order in which it is read, with what simple readers leave out."""

from __future__ import annotations

import io

import docx

from core.documents.formats.word import read_word
from tests.support.documents import word


def test_headings_lists_tables_insertions_and_controls_are_read() -> None:
    assert list(read_word(io.BytesIO(word()))) == [
        (
            0,
            0,
            "# Report 报告\n\nFirst paragraph.\n\n- A point\n\n| city | n |\n| Köln | 3 |\n\n"
            "Plain and inserted.\n\nIn a control.",
        )
    ]


def test_a_table_in_a_table_is_said_once() -> None:
    document = docx.Document()
    cell = document.add_table(1, 1).cell(0, 0)
    cell.text = "outer"
    cell.add_table(1, 1).cell(0, 0).text = "inner"
    document.add_comment(document.add_paragraph("text").runs, text="a remark", author="A")
    out = io.BytesIO()
    document.save(out)
    pieces = [text for _, _, text in read_word(io.BytesIO(out.getvalue()))]
    assert pieces == ["| outer inner |\n\ntext", "a remark"]
