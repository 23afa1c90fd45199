"""Documents beside a question, in a real Chromium: what the model gets is seen before."""

from __future__ import annotations

import base64
import re

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.support.documents import excel, pdf, powerpoint, word
from tests.support.scripted_backend import Scripted
from tests.ui.app_process import visit
from tests.ui.steps import answered, ask, ready, shoot

pytestmark = pytest.mark.browser

LOCKED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le")

# Pastes or drops a file as a person does: with an event that has it.
_GIVE = """(target, {event, name, data}) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const held = new DataTransfer();
  held.items.add(new File([bytes], name));
  const made = {bubbles: true, cancelable: true};
  target.dispatchEvent(event === "paste"
    ? new ClipboardEvent("paste", {...made, clipboardData: held})
    : new DragEvent(event, {...made, dataTransfer: held}));
}"""


def give(page: Page, event: str, place: str, name: str, data: bytes) -> None:
    """Paste or drop a file somewhere."""
    made = {"event": event, "name": name, "data": base64.b64encode(data).decode()}
    page.locator(place).evaluate(_GIVE, made)


def choose(page: Page, name: str, data: bytes) -> None:
    file = FilePayload(name=name, mimeType="application/octet-stream", buffer=data)
    page.locator(".composer input[type=file]").set_input_files(file)


def test_documents_are_read_shown_and_sent_as_what_was_shown(
    url: str, chromium: Browser, backend: Scripted
) -> None:
    page = visit(chromium, url)
    ready(page)
    give(page, "drop", ".diglot-chat .chat", "plan.pptx", powerpoint())
    give(page, "paste", "[data-testid=composer]", "sales.xlsx", excel())
    # What its name says is no matter.
    choose(page, "report.pdf", word())
    choose(page, "paper.pdf", pdf(["Hello", "World"]))
    files = page.get_by_test_id("attached")
    expect(files.filter(has_text=re.compile(r"about [\d,]+ tokens"))).to_have_count(4)
    expect(files.filter(has_text="paper.pdf")).to_contain_text("PDF, pages: 2")
    expect(files.filter(has_text="report.pdf")).to_contain_text("Word")
    expect(files.filter(has_text="sales.xlsx")).to_contain_text("Excel, sheets: 1")
    summary = files.filter(has_text="report.pdf").locator("summary")
    summary.focus()
    page.keyboard.press("Enter")
    preview = page.get_by_label("What the model gets")
    expect(preview.last).to_contain_text("# Report 报告")
    shoot(page, "chat-documents-en")
    ask(page, "What are these?")
    answered(page)
    bodies = [body["messages"][-1]["content"] for body in backend.bodies("/api/chat")]
    said = next(text for text in bodies if text.startswith("What are these?"))
    assert "File: plan.pptx\n```\n## 1\nPlan 计划" in said
    assert "File: paper.pdf\n```\nHello\n\nWorld\n```" in said
    assert "上海,3" in said and "| Köln | 3 |" in said
    page.reload()
    answered(page)
    page.get_by_text("paper.pdf", exact=True).click()
    expect(page.get_by_test_id("message").first.get_by_text("World")).to_be_visible()


def test_a_question_waits_for_its_file(url: str, chromium: Browser, backend: Scripted) -> None:
    page = visit(chromium, url)
    ready(page)
    choose(page, "paper.pdf", pdf(["A page that waits"]))
    ask(page, "Sent at once")
    answered(page)
    said = [body["messages"][-1]["content"] for body in backend.bodies("/api/chat")]
    asked = next(text for text in said if text.startswith("Sent at once"))
    assert "A page that waits" in asked


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_a_file_that_cannot_be_read_is_a_sentence(url: str, chromium: Browser, locale: str) -> None:
    page = visit(chromium, url, locale=locale, scheme="dark")
    page.set_viewport_size({"width": 400, "height": 800})
    ready(page)
    choose(
        page,
        "locked.docx",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
    )
    choose(page, "many.pdf", pdf([f"Page {number}" for number in range(600)]))
    said = {"en-US": "needs a password", "zh-CN": "有密码"}[locale]
    expect(page.get_by_role("alert")).to_contain_text(said)
    page.locator("[data-testid=attached] summary").click()
    rest = {"en-US": "Only the first 500 of 600", "zh-CN": "600 页"}[locale]
    expect(page.get_by_test_id("attached").last).to_contain_text(rest)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shoot(page, f"chat-refused-{locale[:2]}")
    # Sent without it, since it was told.
    page.get_by_test_id("composer").press("Enter")
    answered(page)
    expect(page.get_by_role("alert")).to_have_count(0)
