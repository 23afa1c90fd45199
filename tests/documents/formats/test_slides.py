"""A presentation slide by slide."""

from __future__ import annotations

import io

import pptx
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE

from core.documents.formats.slides import read_slides
from tests.support.documents import powerpoint


def test_a_slide_is_its_texts_tables_and_notes() -> None:
    assert list(read_slides(io.BytesIO(powerpoint()))) == [
        (1, 1, "## 1\nPlan 计划\nOne\nTwo\n| left | right |\n> Say this.")
    ]


def test_a_chart_is_its_numbers_and_a_bare_slide_is_nothing() -> None:
    show = pptx.Presentation()
    data = CategoryChartData()
    data.categories = ["East", "West"]
    data.add_series("Q1", (1.5, 2))
    chart = show.slides.add_slide(show.slide_layouts[6]).shapes.add_chart
    chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 0, 100, 100, data)
    show.slides.add_slide(show.slide_layouts[6])
    out = io.BytesIO()
    show.save(out)
    assert list(read_slides(io.BytesIO(out.getvalue()))) == [
        (2, 1, "## 1\n| | East | West |\n| Q1 | 1.5 | 2.0 |"), (2, 2, "")
    ]  # fmt: skip
