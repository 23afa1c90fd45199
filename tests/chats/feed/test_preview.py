"""What is told of a file before it is sent is what is sent."""

from __future__ import annotations

import base64
import json

import pytest

from core.chats.feed.acting import act, read_asked
from core.chats.feed.preview import PreviewView, preview_file
from core.chats.service import Service
from core.documents.values import FileRefused
from tests.support.documents import pdf, word

PIXEL = b"\x89PNG\r\n\x1a\n"


def test_a_file_is_told_with_its_text_and_its_tokens() -> None:
    told = preview_file("a.pdf", pdf(["Hello", "World"]), "en")
    assert told == PreviewView(about="PDF, pages: 2 · about 8 tokens", text="Hello\n\nWorld")
    assert preview_file("a.txt", "天气".encode(), "zh").about.startswith("文本 · 约 ")
    assert preview_file("a.png", PIXEL, "en") == PreviewView(about="Picture")
    with pytest.raises(FileRefused):
        preview_file("a.bin", b"\0", "en")


def test_what_was_told_and_the_file_itself_are_sent_alike(service: Service) -> None:
    told = preview_file("report.docx", word(), "en")
    asked = []
    for sent in ({"text": told.text}, {"data": base64.b64encode(word()).decode()}):
        deed = {
            "do": "ask",
            "text": "Look",
            "files": [{"name": "report.docx", **sent}],
            "options": [{"model": "actor:1b"}],
        }
        chat = act(service, "me", "new", read_asked(json.dumps(deed).encode()), "en")
        asked.append(service.store.path("me", chat)[0].message)
    assert asked[0] == asked[1]
