"""Passwords of a PDF: one that everybody has, and one that nobody here knows."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader, PdfWriter

from core.documents.formats.pdf import Encrypted, read_pdf
from tests.support.documents import pdf


def locked(password: str, algorithm: str) -> io.BytesIO:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf(["Hello"]))))
    writer.encrypt(password, owner_password="owner", algorithm=algorithm)
    out = io.BytesIO()
    writer.write(out)
    return io.BytesIO(out.getvalue())


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
def test_a_password_that_is_empty_is_none(algorithm: str) -> None:
    assert list(read_pdf(locked("", algorithm))) == [(1, 1, "Hello")]
    with pytest.raises(Encrypted):
        list(read_pdf(locked("secret", algorithm)))
