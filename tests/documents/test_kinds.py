"""What a file is shows in its bytes, whatever its name says."""

from __future__ import annotations

import io
import zipfile

import pytest

from core.documents.kinds import kind_of
from core.documents.values import FileRefused
from tests.support.documents import excel, pdf, powerpoint, word

COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600


def archive(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name in names:
            file.writestr(name, "x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (pdf(["x"]), "pdf"),
        (b"\r\n" + pdf(["x"]), "pdf"),
        (b"scanner 7\0\n" + pdf(["x"]), "pdf"),
        (word(), "docx"),
        (excel(), "xlsx"),
        (powerpoint(), "pptx"),
        (b"The sign of a PDF is %PDF-1.7 in its first line.", None),
        (b"a,b\n1,2\n", None),
        (b"", None),
    ],
)
def test_a_document_is_known_by_its_bytes(data: bytes, kind: str | None) -> None:
    assert kind_of("a.png", data) == kind


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (COMPOUND, "old"),
        (COMPOUND + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
        (archive("a.txt"), "packed"),
        (archive("mimetype", "content.xml"), "packed"),
        (archive("word/document.xml"), "packed"),
        (word()[:2000], "damaged"),
    ],
)
def test_what_is_no_document_says_what_it_is(data: bytes, reason: str) -> None:
    with pytest.raises(FileRefused) as caught:
        kind_of("a.docx", data)
    assert caught.value.reason == reason
