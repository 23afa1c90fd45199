"""Word: paragraphs, lists and tables in their order, then footnotes, endnotes and comments.

The elements are walked themselves (ECMA-376, part 1, 17): python-docx's own lists leave out what
stands in content controls, text boxes and tracked insertions.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import docx
from docx.oxml import parse_xml
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph

_AT_ONCE = 200
_NOTES = ("/footnotes", "/endnotes", "/comments")
_SIGNS = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}
_PARAGRAPH, _TABLE, _TEXT = qn("w:p"), qn("w:tbl"), qn("w:t")
# What stands there a second time, for programs that do not know the first.
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_WRAPPERS = tuple(map(qn, ("w:sdt", "w:sdtContent", "w:customXml", "w:ins", "w:smartTag")))


def read_word(data: io.BytesIO) -> Iterator[tuple[int, int, str]]:
    """Yield 0 twice, since only drawing it makes pages, and the text of the next blocks."""
    document = docx.Document(data)
    blocks: list[str] = []
    for block in _blocks(document.element.body, document):
        blocks.append(block)
        if len(blocks) == _AT_ONCE:
            yield 0, 0, "\n\n".join(blocks)
            blocks = []
    yield 0, 0, "\n\n".join(blocks)
    for relation in document.part.rels.values():
        if relation.reltype.endswith(_NOTES) and not relation.is_external:
            notes = parse_xml(relation.target_part.blob)
            yield 0, 0, "\n\n".join(_blocks(notes, document, deep=True))


def _blocks(parent: Any, document: Any, *, deep: bool = False) -> Iterator[str]:
    """Yield the blocks of an element; ``deep`` where it wraps them in others."""
    for element in parent:
        if element.tag == _PARAGRAPH:
            if text := _paragraph(element, document):
                yield text
        elif element.tag == _TABLE:
            yield "\n".join(_rows(element))
        elif deep or element.tag in _WRAPPERS:
            yield from _blocks(element, document)


def _paragraph(element: Any, document: Any) -> str:
    text = _text(element).strip()
    if not text:
        return ""
    style = Paragraph(element, document).style
    name = str(style.name) if style is not None else ""
    if name == "Title":
        return f"# {text}"
    if name.startswith("Heading ") and name[8:].isdigit():
        return f"{'#' * min(6, int(name[8:]))} {text}"
    listed = name.startswith("List ") or element.find(f".//{qn('w:numPr')}") is not None
    return f"- {text}" if listed else text


def _rows(table: Any) -> Iterator[str]:
    for row in _inside(table, qn("w:tr")):
        cells = [" ".join(_text(cell).split()) for cell in _inside(row, qn("w:tc"))]
        yield f"| {' | '.join(cells)} |"


def _inside(parent: Any, tag: str) -> Iterator[Any]:
    for element in parent:
        if element.tag == tag:
            yield element
        elif element.tag in _WRAPPERS:
            yield from _inside(element, tag)


def _text(element: Any) -> str:
    pieces: list[str] = []
    _collect(element, pieces)
    return "".join(pieces)


def _collect(element: Any, pieces: list[str]) -> None:
    for child in element:
        if child.tag == _TEXT:
            pieces.append(child.text or "")
        elif child.tag in _SIGNS:
            pieces.append(_SIGNS[child.tag])
        elif child.tag != _FALLBACK:
            _collect(child, pieces)
            if child.tag == _PARAGRAPH:
                pieces.append("\n")
