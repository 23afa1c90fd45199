"""Documents as people have them, and ill-meant ones: each ends with its text or with a sentence."""

from __future__ import annotations

import zlib

import pytest

from core.documents.kinds import kind_of
from core.documents.reading import read_document
from core.documents.values import Document, FileRefused, Limits
from tests.support.documents import excel, pdf, powerpoint, rezipped, word

SHEET = (
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">%s</worksheet>'
)
BODY = b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">%s</w:document>'


def read(data: bytes, **limits: int) -> Document:
    kind = kind_of("a file", data)
    assert kind is not None
    return read_document("a file", data, kind, Limits(**limits))


def refused(data: bytes, **limits: int) -> str:
    with pytest.raises(FileRefused) as caught:
        read(data, **limits)
    assert caught.value.code == "file_refused" and "a file" in caught.value.message
    return caught.value.reason


def test_a_pdf_is_its_pages() -> None:
    assert read(pdf(["Hello", "", "World"])) == Document(
        kind="pdf", text="Hello\n\nWorld", pages=3, read=3
    )


def test_of_many_pages_the_first_are_read_and_the_rest_is_told() -> None:
    many = read(pdf([f"Page {number}" for number in range(300)]), pages=20)
    assert (many.pages, many.read, many.cut) == (300, 20, "pages")
    assert many.text.startswith("Page 0\n\n") and many.text.endswith("Page 19")


def test_of_a_long_text_the_beginning_is_read() -> None:
    long = read(pdf(["x" * 900, "y" * 900, "z" * 900]), text=1000)
    assert (long.read, long.cut) == (2, "text")
    assert long.text == "x" * 900 + "\n\n" + "y" * 100


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (pdf(["", ""]), "empty"),
        (pdf(["Hello"])[:300], "damaged"),
        (b"%PDF-1.7\n\0\1" * 50, "damaged"),
        (pdf(["x"]).replace(b"/Kids [4 0 R]", b"/Kids [2 0 R]"), "damaged"),
        (rezipped(word(), {"word/document.xml": b"<a>" * 10_000}), "damaged"),
        (rezipped(excel(), {"xl/worksheets/sheet1.xml": b"<worksheet"}), "damaged"),
        (word()[:-200] + b"\0" * 200, "damaged"),
    ],
    ids=["scans", "cut", "junk", "pages in a circle", "deep", "half a sheet", "no directory"],
)
def test_what_has_nothing_to_read_says_so(data: bytes, reason: str) -> None:
    assert refused(data) == reason


@pytest.mark.slow
def test_a_page_that_unpacks_without_end_costs_a_sentence() -> None:
    bomb = zlib.compress(b" " * 200_000_000)
    plain = pdf(["@@"])
    start, end = plain.index(b"BT "), plain.index(b"\nendstream")
    head = plain[:start].replace(b"/Length", b"/Filter /FlateDecode /Length", 1)
    assert refused(head + bomb + plain[end:], memory=400_000_000) in ("damaged", "memory", "empty")


@pytest.mark.slow
def test_what_takes_too_long_is_stopped() -> None:
    book = SHEET % (
        b'<dimension ref="A1:A400000"/><sheetData>'
        + b"<row><c><v>7</v></c></row>" * 400_000
        + b"</sheetData>"
    )
    slow = rezipped(excel(), {"xl/worksheets/sheet1.xml": book})
    with pytest.raises(FileRefused) as caught:
        read_document("a file", slow, "xlsx", Limits(time=0.01))
    assert caught.value.reason == "slow"
    # By the processor's clock, with what had come until then.
    got = read_document("a file", slow, "xlsx", Limits(processor=3, text=10**9))
    assert got.cut == "slow" and got.text.startswith("## Sales")


def test_a_workbook_is_no_larger_than_what_is_in_it() -> None:
    far = SHEET % (
        b'<dimension ref="A1:XFD1048576"/><sheetData>'
        b'<row r="2000"><c r="C2000"><v>7</v></c></row></sheetData>'
    )
    book = read(rezipped(excel(), {"xl/worksheets/sheet1.xml": far}))
    assert book.text == "## Sales 销售\n,,7" and book.cut == ""


def test_an_office_file_is_checked_before_it_is_unpacked() -> None:
    big = rezipped(powerpoint(), {"ppt/media/big.bin": b"\0" * 3_000_000})
    assert refused(big, unpacked=2_000_000) == "large"
    assert refused(rezipped(word(), {f"{n}.xml": b"" for n in range(50)}), parts=40) == "large"
    for encoding in ("utf-8", "utf-16", "utf-16-le", "utf-16-be"):
        text = f'<!-- {"x" * 2_000_000} --><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hosts">]><x>&e;</x>'
        assert refused(rezipped(word(), {"word/document.xml": text.encode(encoding)})) == "entities"


def test_many_documents_are_read_one_after_the_other() -> None:
    with pytest.raises(FileRefused) as caught:
        from core.documents import reading

        taken = [reading.turns.acquire(timeout=60) for _ in range(reading.LIMITS.at_once)]
        try:
            read_document("a file", pdf(["x"]), "pdf", Limits(patience=0.01))
        finally:
            for _ in taken:
                reading.turns.release()
    assert caught.value.reason == "waiting"
