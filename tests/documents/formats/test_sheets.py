"""A workbook as lines of values."""

from __future__ import annotations

import io

from core.documents.formats.sheets import read_sheets
from tests.support.documents import excel


def test_a_sheet_is_its_lines_under_its_name() -> None:
    first, second = read_sheets(io.BytesIO(excel(2)))
    assert first == (
        2, 1, '## Sales 销售\ncity,n,note\n上海,3,"said ""hi"", left"\n,=SUM(B2:B4)\n'
    )  # fmt: skip
    assert second == (2, 2, "## Sheet 1\n1\n")
