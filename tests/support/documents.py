"""Documents for tests: whole ones as people have them, and parts to build ill-meant ones from."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

import docx
import openpyxl
import pptx
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

__all__ = ["excel", "pdf", "powerpoint", "rezipped", "word"]


def pdf(pages: Sequence[str]) -> bytes:
    """Return a PDF with a line of Latin text on each page (ISO 32000-1, 7.5)."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in enumerate(pages):
        drawn = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET" if text else ""
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * number} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>",
            f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream",
        ]
    out = io.BytesIO()
    out.write(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(out.tell())
        out.write(f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1"))
    table = out.tell()
    lines = "".join(f"{place:010} 00000 n \n" for place in places)
    out.write(f"xref\n0 {len(places) + 1}\n0000000000 65535 f \n{lines}".encode())
    trailer = f"<< /Size {len(places) + 1} /Root 1 0 R >>"
    out.write(f"trailer\n{trailer}\nstartxref\n{table}\n%%EOF\n".encode())
    return out.getvalue()


def word() -> bytes:
    """Return a Word file with a heading, a list, a table, and text that hides from simple readers:
    in a content control and in a tracked insertion.
    """
    document = docx.Document()
    document.add_heading("Report 报告", 1)
    document.add_paragraph("First paragraph.")
    document.add_paragraph("A point", style="List Bullet")
    table = document.add_table(2, 2)
    for cell, text in zip(
        [c for row in table.rows for c in row.cells], "city n Köln 3".split(), strict=True
    ):
        cell.text = text
    inserted = document.add_paragraph("Plain and ")
    wrapper = OxmlElement("w:ins")
    inserted.add_run("inserted.")
    paragraph = inserted.paragraph_format.element
    wrapper.append(paragraph[-1])
    paragraph.append(wrapper)
    control, content = OxmlElement("w:sdt"), OxmlElement("w:sdtContent")
    content.append(document.add_paragraph("In a control.").paragraph_format.element)
    control.append(content)
    document.element.body.insert(-1, control)
    assert control.find(qn("w:sdtContent")) is not None
    return _saved(document)


def excel(sheets: int = 1) -> bytes:
    """Return a workbook with Chinese, a gap, a formula and a date on its first sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Sales 销售"
    sheet.append(["city", "n", "note"])
    sheet.append(["上海", 3, 'said "hi", left'])
    sheet["B5"] = "=SUM(B2:B4)"
    for number in range(1, sheets):
        book.create_sheet(f"Sheet {number}").append([number])
    return _saved(book)


def powerpoint() -> bytes:
    """Return a presentation with a title, points, a table and speaker's notes."""
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[1])
    slide.shapes.title.text = "Plan 计划"
    slide.placeholders[1].text = "One\nTwo"
    table = slide.shapes.add_table(1, 2, 0, 0, 100, 100).table
    table.cell(0, 0).text, table.cell(0, 1).text = "left", "right"
    slide.notes_slide.notes_text_frame.text = "Say this."
    return _saved(show)


def rezipped(data: bytes, changes: dict[str, bytes]) -> bytes:
    """Return an Office file with some of its parts changed or added."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name not in changes:
                new.writestr(name, old.read(name))
        for name, part in changes.items():
            new.writestr(name, part)
    return out.getvalue()


def _saved(document: object) -> bytes:
    out = io.BytesIO()
    document.save(out)  # type: ignore[attr-defined]
    return out.getvalue()
