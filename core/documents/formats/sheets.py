"""Excel: each sheet as lines of comma-separated values (RFC 4180), under its name.

Read as a stream (openpyxl's read-only mode). What Excel has calculated is the value of a cell;
where a program has written only the formula, the formula is.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import openpyxl

_AT_ONCE = 500


def read_sheets(data: io.BytesIO) -> Iterator[tuple[int, int, str]]:
    """Yield how many sheets there are, and the number and text of the next one or a piece of it."""
    values = openpyxl.load_workbook(data, read_only=True, data_only=True, keep_links=False)
    formulas = openpyxl.load_workbook(data, read_only=True, keep_links=False)
    count = len(values.worksheets)
    sheets = zip(values.worksheets, formulas.worksheets, strict=True)
    for number, (sheet, written) in enumerate(sheets, start=1):
        # What a file says of its own size may be anything.
        sheet.reset_dimensions()
        written.reset_dimensions()
        lines = [f"## {sheet.title}\n"]
        rows = zip(
            sheet.iter_rows(values_only=True), written.iter_rows(values_only=True), strict=False
        )
        for row in rows:
            lines.append(_line(*row))
            if len(lines) == _AT_ONCE:
                yield count, number, "".join(lines)
                lines = []
        yield count, number, "".join(lines)


def _line(values: tuple[Any, ...], formulas: tuple[Any, ...]) -> str:
    cells = [
        formula if value is None else value
        for value, formula in zip(values, formulas, strict=False)
    ]
    while cells and cells[-1] is None:
        cells.pop()
    if not cells:
        return ""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()
