"""PowerPoint: the text of each slide, its tables and charts, and the speaker's notes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pptx


def read_slides(data: io.BytesIO) -> Iterator[tuple[int, int, str]]:
    """Yield how many slides there are, and the number and text of the next one."""
    slides = pptx.Presentation(data).slides
    count = len(slides)
    for number, slide in enumerate(slides, start=1):
        said = [f"## {number}", *_texts(slide.shapes)]
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            notes = slide.notes_slide.notes_text_frame.text.strip()
            said += [f"> {line}" for line in notes.splitlines()]
        yield count, number, "\n".join(said) if len(said) > 1 else ""


def _texts(shapes: Any) -> Iterator[str]:
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from _texts(shape.shapes)
        elif shape.has_text_frame:
            if text := shape.text_frame.text.replace("\v", "\n").strip():
                yield text
        elif getattr(shape, "has_table", False):
            for row in shape.table.rows:
                cells = (" ".join(cell.text.split()) for cell in row.cells)
                yield f"| {' | '.join(cells)} |"
        elif getattr(shape, "has_chart", False):
            yield from _chart(shape.chart)


def _chart(chart: Any) -> Iterator[str]:
    if chart.has_title:
        yield str(chart.chart_title.text_frame.text)
    for plot in chart.plots:
        yield f"| | {' | '.join(map(str, plot.categories))} |"
        for series in plot.series:
            yield f"| {series.name} | {' | '.join(map(str, series.values))} |"
