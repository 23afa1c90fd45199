"""Every end of a reading has its words in every language."""

from __future__ import annotations

from typing import get_args

from core.documents.values import Cut, FileRefused, Kind, Reason
from core.note import Note


def test_every_end_of_a_reading_has_its_words() -> None:
    ends = {"cut": get_args(Cut)[1:], "refused": get_args(Reason), "kind": get_args(Kind)}
    values = dict.fromkeys("name size most read pages characters count width height".split(), "7")
    for section, names in ends.items():
        for name in names:
            for language in ("en", "zh"):
                assert "{" not in Note(f"files.{section}.{name}").fill(**values).text(language)


def test_a_refusal_is_said_in_both_languages() -> None:
    refusal = FileRefused("large", name="a.docx", size="400", most="300")
    assert refusal.message == "a.docx has 400 MB when it is unpacked; at most 300 MB are read."
    assert refusal.note.text("zh").startswith("a.docx 解压后有 400 MB")
    assert refusal.status == 400 and refusal.path == "files"
