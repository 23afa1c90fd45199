"""The picker of the model."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.support.scripted_backend import Scripted
from tests.ui.app_process import visit
from tests.ui.steps import answered, ask, ready, shoot

pytestmark = pytest.mark.browser


def test_a_model_is_found_and_picked_with_the_keyboard(
    url: str, chromium: Browser, backend: Scripted
) -> None:
    page = visit(chromium, url)
    ready(page)
    page.get_by_test_id("model").click()
    options = page.get_by_role("option")
    expect(options.filter(has_text="in memory")).to_have_count(1)
    expect(options.first).to_contain_text("1B · Q4_K_M · 1.3 GB · context 4,096 · tools, vision")
    shoot(page, "models-picker-en")
    page.keyboard.type("thinking second")
    expect(options).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("model")).to_have_text("second:3b")
    expect(page.get_by_test_id("model")).to_be_focused()
    ask(page, "who are you?")
    answered(page)
    asked = [b["model"] for b in backend.bodies("/api/chat") if "who are you?" in str(b)]
    assert set(asked) == {"second:3b"}
    # What was used lately stands first.
    page.get_by_test_id("model").click()
    expect(options.first).to_contain_text("second:3b")
    page.keyboard.type("nothing is called this")
    expect(page.get_by_text("No model is called that.")).to_be_visible()
