"""Files beside a question: what they are shows in their bytes."""

from __future__ import annotations

import base64

import pytest

from core.chats.transfer import attachments
from core.chats.transfer.attachments import MAX_IMAGE, MAX_TEXT, attached_name, read_file
from core.documents.reading import LIMITS
from core.documents.values import Document
from core.errors import InvalidRequest
from core.translation.messages import Image, Text
from tests.support.documents import pdf, word


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
    ],
)
def test_an_image_is_known_by_its_first_bytes(head: bytes, media_type: str) -> None:
    data = head + b"\x00\x01"
    assert read_file("looks-like.txt", data).part == Image(
        data=base64.b64encode(data).decode(), media_type=media_type
    )


@pytest.mark.parametrize(
    "data",
    ["天气：25°C\n".encode(), b"\xef\xbb\xbf" + "天气：25°C\n".encode(),
     "天气：25°C\n".encode("utf-16"), "天气：25°C\n".encode("gb18030")],
    ids=["utf-8", "with a mark", "utf-16", "gb18030"],
)  # fmt: skip
def test_text_is_read_as_it_was_written(data: bytes) -> None:
    part = read_file("天气.md", data).part
    assert part == Text("File: 天气.md\n```md\n天气：25°C\n```")
    assert attached_name(part) == "天气.md"


def test_a_fence_in_a_file_does_not_end_it() -> None:
    part = read_file("a b.md\n", b"```py\nx\n```\n````").part
    assert isinstance(part, Text)
    assert part.text.startswith("File: a b.md\n`````") and part.text.endswith("\n`````")
    assert attached_name(part) == "a b.md"


def test_what_a_person_types_is_no_file() -> None:
    assert attached_name(Text("File: not one")) == ""
    assert attached_name(Image(data="aGk=")) == ""


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"%PDF-1.7\n\x00\x01", "is damaged"),
        (b"PK\x03\x04\x00\x00", "is damaged"),
        (b"\x7fELF\x00\x01", "neither an image"),
        (b"%PDF-1.7" + b" " * LIMITS.size, "at most 32,000,000"),
        (b"a" * (MAX_TEXT + 1), "at most 1,000,000"),
        (b"\xff\xd8\xff" + b"a" * MAX_IMAGE, "at most 20,000,000"),
    ],
)
def test_what_no_model_can_be_sent_is_refused_by_name(data: bytes, words: str) -> None:
    with pytest.raises(InvalidRequest, match=f"^thing.bin .*{words}"):
        read_file("thing.bin", data)


@pytest.mark.parametrize(("name", "made"), [("报告.pdf", pdf(["Hello"])), ("a.txt", word())])
def test_a_document_is_its_text_under_its_name(name: str, made: bytes) -> None:
    read = read_file(name, made)
    assert read.cut is None and attached_name(read.part) == name
    language = "" if name.endswith("pdf") else "txt"
    assert read.part == Text(f"File: {name}\n```{language}\n{read.text}\n```")
    assert read.what.text("en") == ("Word" if language else "PDF, pages: 1")


def test_what_is_missing_of_a_document_is_said_in_both_languages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    some = Document(kind="pdf", text="abc", pages=10_000, read=500, cut="pages")
    monkeypatch.setattr(attachments, "read_document", lambda *_: some)
    cut = read_file("a.pdf", pdf(["x"])).cut
    assert cut is not None
    assert "first 500 of 10,000" in cut.text("en") and "10,000" in cut.text("zh")
