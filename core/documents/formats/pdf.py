"""PDF: the text of each page, in the order in which it is drawn (pypdf)."""

from __future__ import annotations

import io
from collections.abc import Iterator

from pypdf import PdfReader
from pypdf.errors import DependencyError, FileNotDecryptedError


class Encrypted(Exception):
    """A password is needed."""

    reason = "encrypted"


def read_pdf(data: io.BytesIO) -> Iterator[tuple[int, int, str]]:
    """Yield how many pages there are, and the number and text of the next one.

    Raises Encrypted; pypdf's errors for a file that is damaged.
    """
    reader = PdfReader(data)
    # Many files are encrypted only to forbid printing: their password is empty.
    try:
        if reader.is_encrypted and not reader.decrypt(""):
            raise Encrypted
        pages = len(reader.pages)
        for number in range(pages):
            yield pages, number + 1, reader.pages[number].extract_text()
    except (DependencyError, FileNotDecryptedError) as exc:
        raise Encrypted from exc
