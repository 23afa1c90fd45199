"""Files of chats: which product wrote them, several in a ZIP, and damaged ones."""

from __future__ import annotations

import pytest

from core.chats.transfer.imports.files import read_import
from core.errors import InvalidRequest
from tests.support.imported import FILES, PIXEL, adds_up, why, zipped


def test_several_files_of_one_product_may_come_in_a_zip() -> None:
    data = (FILES / "librechat-flat.json").read_bytes()
    other = data.replace(b'"L1"', b'"L2"')
    found = read_import(zipped({"a/one.json": data, "b/two.json": other, "c/x.json": b"[1]"}))
    adds_up(found)
    assert len(found.chats) == 2
    assert why(found)["file", "skipped", "no_chats"] == 1


REFUSED = {
    "nothing": b"",
    "text": b"hello",
    "a picture": PIXEL,
    "an empty list": b"[]",
    "other JSON": b'{"messages": []}',
    "a broken ZIP": b"PK\x03\x04 and no more",
    "an empty ZIP": zipped({}),
    "a ZIP of something else": zipped({"photo.png": PIXEL, "x.json": b"{"}),
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_export_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_import(data)
    assert caught.value.code == "import_refused"


def test_nesting_that_python_cannot_read_says_how_to_export_again() -> None:
    deep = b'{"children":[' * 100_000 + b"]}" * 100_000
    with pytest.raises(InvalidRequest, match="recursive"):
        read_import(deep)


def test_a_zip_that_lies_of_its_size_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.chats.transfer.imports.files.MAX_JSON", 10_000)
    bomb = zipped({"conversations.json": b"[" + b" " * 1_000_000 + b"]"})
    assert len(bomb) < 10_000
    with pytest.raises(InvalidRequest) as caught:
        read_import(bomb)
    assert caught.value.code == "import_too_large"


def test_damaged_bytes_in_a_zip_are_a_row() -> None:
    good = (FILES / "librechat-flat.json").read_bytes()
    data = bytearray(zipped({"a.json": good, "b.json": good.replace(b"L1", b"L2")}))
    place = data.find(b"b.json") + 40
    data[place : place + 20] = b"\xff" * 20
    found = read_import(bytes(data))
    assert len(found.chats) == 1
    assert why(found)["file", "skipped", "bad_file"] == 1
