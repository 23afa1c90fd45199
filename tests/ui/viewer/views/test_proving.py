"""A row of the request table proves its claim on the connected server, in a real Chromium."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.servers import Ollama
from tests.ui.app_process import running_app, visit
from tests.ui.steps import shoot

pytestmark = pytest.mark.browser


def asked(url: str, model: str, **more: object) -> str:
    """Ask through the gateway, as a client does; return the exchange's id."""
    body = {"model": model, "messages": [{"role": "user", "content": "hello"}], **more}
    answer = httpx.post(f"{url}/v1/chat/completions", json=body, timeout=300)
    assert answer.status_code == 200, answer.text
    return str(answer.headers["x-diglot-id"])


def probe(page: Page, claim: str) -> None:
    page.get_by_role("button", name=f"Probe: {claim}", exact=True).click()
    expect(page.get_by_role("button", name=f"Probe: {claim}", exact=True)).to_have_attribute(
        "aria-expanded", "true"
    )


def test_a_row_proves_what_it_says_right_below_itself(url: str, chromium: Browser) -> None:
    identity = asked(url, "actor:1b", num_ctx=4096, max_tokens=9, user="me")
    page = visit(chromium, f"{url}/requests?lang=en&x={identity}")
    rows = page.get_by_role("row")
    expect(rows.filter(has_text="user: ")).to_be_visible()
    # A claim that nothing can be sent for has no button.
    expect(rows.filter(has_text="user: ").get_by_role("button")).to_have_count(0)
    expect(rows.filter(has_text="num_ctx: ").get_by_role("button")).to_have_count(1)
    probe(page, "max_tokens, or num_predict")
    evidence = page.locator("[class*=st-key-evidence]")
    expect(evidence.get_by_text(re.compile("Ollama 0.33.0 · actor:1b"))).to_be_visible()
    # Diglot in both dialects, and the server itself beside it.
    for subject in ("Diglot /api/chat", "Diglot /v1", "Ollama /api/chat", "Ollama /v1"):
        expect(evidence.get_by_text(subject, exact=True)).to_be_visible()
    expect(evidence.get_by_text(re.compile("POST /api/chat → 200")).first).to_be_visible()
    expect(evidence.get_by_text('"num_predict": 3').first).to_be_visible()
    expect(evidence.get_by_text(re.compile("Count from one to fifty")).first).to_be_visible()
    shoot(page, "viewer-probe-en")
    # Another row's evidence takes its place, and what the server holds in memory is part of it.
    probe(page, "context length num_ctx")
    expect(evidence.get_by_text(re.compile("is 4096, not 1536")).first).to_be_visible()
    expect(evidence.get_by_text("GET /api/ps → 200").first).to_be_visible()
    expect(evidence).to_have_count(1)
    # The rest of the table goes on below, without its heads a second time.
    expect(page.get_by_role("columnheader", name="What happened").first).to_be_visible()
    evidence.get_by_role("button", name="Close").click()
    expect(evidence).to_have_count(0)
    page.context.close()


def test_an_answer_and_what_is_edited_can_be_proved_as_well(url: str, chromium: Browser) -> None:
    identity = asked(url, "actor:1b")
    page = visit(chromium, f"{url}/requests?lang=en&x={identity}")
    page.get_by_role("radio", name="Answer", exact=True).click(force=True)
    page.get_by_role("button", name="Probe: durations in the answer").first.click()
    evidence = page.locator("[class*=st-key-evidence]")
    expect(evidence.get_by_text(re.compile("the answer tells how long")).first).to_be_visible()
    page.get_by_role("tab", name="Edit").click()
    editor = page.get_by_role("textbox", name="OpenAI", exact=True)
    messages = [{"role": "user", "content": "hello"}]
    editor.fill(json.dumps({"model": "not-here", "messages": messages, "stop": "x"}))
    probe(page, "stop as a list; stop as one string")
    expect(evidence.get_by_text("Diglot /v1", exact=True).first).to_be_visible()
    page.context.close()


@pytest.mark.ollama
def test_a_real_ollama_is_shown_to_ignore_num_ctx(
    ollama_server: Ollama, chromium: Browser, tmp_path: Path
) -> None:
    with running_app(tmp_path, extra={"OLLAMA_HOST": ollama_server.url}) as url:
        identity = asked(url, "smollm2:latest", num_ctx=2048, max_tokens=4)
        page = visit(chromium, f"{url}/requests?lang=en&x={identity}")
        probe(page, "context length num_ctx")
        evidence = page.locator("[class*=st-key-evidence]")
        version = evidence.get_by_text(re.compile(r"Ollama 0\.17\.4 · smollm2"))
        expect(version).to_be_visible(timeout=180_000)
        lines = {
            name: evidence.get_by_test_id("stExpander").filter(has_text=name)
            for name in ("Diglot /v1", "Ollama /v1", "Ollama /api/chat")
        }
        expect(lines["Diglot /v1"]).to_contain_text("honoured — context_length in /api/ps is 1536")
        expect(lines["Ollama /api/chat"]).to_contain_text("honoured")
        expect(lines["Ollama /v1"]).to_contain_text(re.compile("ignored — .* not 1536"))
        shoot(page, "viewer-probe-ollama-en")
        page.context.close()
