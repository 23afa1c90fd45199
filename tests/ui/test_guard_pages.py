"""Text of models, tools, imports and servers is text: none of it becomes HTML or a script."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.scripted_backend import Said, Scripted
from tests.ui.actor import acting
from tests.ui.app_process import visit
from tests.ui.chat.test_files import FILES
from tests.ui.steps import answered, ask, ready, settled

pytestmark = pytest.mark.browser

BAIT = (
    '<img src=x data-bait=1 onerror="window.bait=1"><script data-bait=1>window.bait=1</script>'
    '<svg data-bait=1 onload="window.bait=1"></svg><iframe data-bait=1 srcdoc="x"></iframe>'
    '"\'><b data-bait=1 onmouseover="window.bait=1">bold</b>'
)
MARKDOWN = (
    f'{BAIT}\n\n[link](javascript:window.bait=1) ![p](x" onerror="window.bait=1)\n\n'
    f"<details data-bait=1 open ontoggle=window.bait=1>x</details>\n\n"
    f"$\\href{{javascript:window.bait=1}}{{x}}$\n\n```html\n{BAIT}\n```\n\n"
    f'```mermaid\ngraph TD\n  A["{BAIT.replace(chr(34), chr(39))}"] --> B\n'
    '  click B "javascript:window.bait=1"\n```\n\n| a |\n|---|\n| ' + BAIT + " |\n"
)
MODEL = "<img/src=x onerror=window.bait=1 data-bait=1>:1b"
WATCH = "window.bait = 0; window.addEventListener('securitypolicyviolation', () => 0);"


def lines(*messages: dict[str, Any]) -> Said:
    pieces = [
        {"model": MODEL, "message": {"role": "assistant", "content": "", **m}, "done": False}
        for m in messages
    ]
    end = {"model": MODEL, "message": {"role": "assistant", "content": ""}, "done": True,
           "done_reason": "stop", "eval_count": 2, "prompt_eval_count": 3}  # fmt: skip
    data = [json.dumps(piece).encode() + b"\n" for piece in (*pieces, end)]
    return Said(data, content_type="application/x-ndjson")


def mind(body: dict[str, Any]) -> Said:
    last = body["messages"][-1]
    asked = str(last.get("content", ""))
    if asked.startswith("Give this conversation"):
        said = lines({"content": BAIT})
        whole = json.loads(said.pieces[0]) | {"done": True}
        return said if body.get("stream", True) else Said([json.dumps(whole).encode()])
    if "fault" in asked:
        return Said([json.dumps({"error": MARKDOWN}).encode()], status=500)
    if body.get("tools") and last["role"] == "user":
        call = {"function": {"name": "calculate", "arguments": {"expression": BAIT}}}
        other = {"function": {"name": BAIT, "arguments": {BAIT: BAIT}}}
        return lines({"tool_calls": [call, other]})
    return lines({"thinking": MARKDOWN}, {"content": MARKDOWN})


@pytest.fixture(scope="module")
def backend() -> Iterator[Scripted]:
    with acting() as scripted:
        entry = {"name": MODEL, "model": MODEL, "size": 5, "digest": BAIT, "details": {}}
        scripted.json("/api/tags", {"models": [entry]})
        scripted.json("/api/ps", {"models": [{**entry, "size_vram": 5}]})
        scripted.thinks("/api/chat", mind)
        yield scripted


def clean(page: Page, state: str) -> None:
    """Nothing of the bait has become a part of the page, and none of it has run."""
    settled(page)
    for frame in page.frames:
        assert not frame.evaluate("window.bait"), state
        made = frame.locator("[data-bait]")
        assert made.count() == 0, f"{state}: {made.first.evaluate('e => e.outerHTML')}"
        # What may be clicked is clicked by somebody.
        for way in frame.locator("a[href], a[*|href]").all():
            href = (way.get_attribute("href") or way.get_attribute("xlink:href") or "").lower()
            assert not href.strip().startswith(("javascript:", "data:text/html")), state


def baited(value: Any, key: str = "") -> Any:
    """Return an export whose titles, texts and names of models are all bait."""
    if isinstance(value, dict):
        return {name: baited(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [baited(item, key) for item in value]
    return MARKDOWN if isinstance(value, str) and key in ("title", "content", "model") else value


def opened(chromium: Browser, url: str) -> Page:
    page = visit(chromium, "about:blank")
    page.add_init_script(WATCH)
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog: {dialog.message}"))
    page.goto(url)
    return page


def test_what_a_model_says_thinks_and_calls_is_text(chromium: Browser, url: str) -> None:
    page = opened(chromium, url)
    ask(page, f"hello {BAIT}")
    answered(page)
    clean(page, "an answer, its thinking, its title and the question")
    openers = page.locator(".answer summary")
    expect(openers.first).to_be_visible()
    for number in range(openers.count()):
        openers.nth(number).evaluate("one => one.parentElement.open = true")
    clean(page, "what can be opened")
    page.reload()
    answered(page)
    clean(page, "the same once more, from the store")
    ask(page, "fault")
    expect(page.get_by_text("That did not work")).to_be_visible(timeout=60_000)
    clean(page, "an error in the server's words")
    for place in ("requests", "models", "operator", "tools"):
        page.goto(f"{url}/{place}")
        expect(page.get_by_test_id("stHeading").or_(page.locator("h2")).first).to_be_visible()
        clean(page, place)


def test_an_exchange_is_shown_as_text(chromium: Browser, url: str) -> None:
    body = {"model": MODEL, "stream": True,
            "messages": [{"role": "user", "content": MARKDOWN, BAIT: BAIT}],
            "tools": [{"type": "function", "function": {"name": "f", "description": BAIT,
                                                        "parameters": {"type": "object"}}}],
            BAIT: BAIT}  # fmt: skip
    answer = httpx.post(f"{url}/v1/chat/completions", json=body, headers={"user-agent": BAIT})
    assert answer.status_code == 200
    page = opened(chromium, f"{url}/requests?x={answer.headers['x-diglot-id']}")
    tabs = page.get_by_role("tab")
    expect(tabs.first).to_be_visible(timeout=60_000)
    clean(page, "an exchange")
    for place in range(tabs.count()):
        tabs.nth(place).click()
        clean(page, f"tab {place} of an exchange")


def test_what_is_brought_in_is_text(chromium: Browser, url: str) -> None:
    chats = baited(json.loads((FILES / "openwebui.json").read_bytes()))
    page = opened(chromium, url)
    ready(page)
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_role("dialog").locator('input[type="file"]').set_input_files(
        {
            "name": f"{BAIT[:40]}.json".replace("/", ""),
            "mimeType": "application/json",
            "buffer": json.dumps(chats).encode(),
        }
    )
    expect(page.get_by_role("dialog").get_by_test_id("stDataFrame")).to_be_visible()
    clean(page, "the report of an import")
    page.get_by_role("button", name="Keep these").click()
    expect(page.get_by_test_id("message").first).to_be_visible()
    clean(page, "an imported chat")
    page.goto(f"{url}/?{urlencode({'c': BAIT, 'm': BAIT, 'lang': BAIT})}")
    ready(page)
    clean(page, "a link")
