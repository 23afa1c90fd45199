"""The report of a picture that a blind model was not sent: nothing of it stands elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from core import explain_request, translate_request

URL = "data:image/png;base64,aGk="
SOURCE = {"type": "base64", "media_type": "image/png", "data": "aGk="}
PARTS: dict[str, dict[str, Any]] = {
    "openai": {"type": "image_url", "image_url": {"url": URL, "detail": "auto"}},
    "responses": {"type": "input_image", "image_url": URL, "detail": "auto"},
    "anthropic": {"type": "image", "source": SOURCE},
}


@pytest.mark.parametrize("source", PARTS)
def test_its_type_is_not_said_to_be_implied(source: str) -> None:
    name = "input" if source == "responses" else "messages"
    words = {"type": "input_text" if source == "responses" else "text", "text": "hi"}
    said = [{"role": "user", "content": [words, PARTS[source]]}]
    body = {"model": "m", "max_tokens": 9, name: said}
    written = translate_request(body, source=source, target="ollama")
    assert written["messages"][0].pop("images") == ["aGk="]
    rows = explain_request(body, written, source=source, target="ollama")
    notes = {row.path: row.note.key for row in rows}
    assert notes[f"{name}[0].content[1].type"] == "report.kind_of_lost"
    assert notes[f"{name}[0].content[0].type"] == "report.implied"
