"""The request page in a real Chromium: each way of looking, over an Ollama that plays its part."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.ui.app_process import visit
from tests.ui.steps import settled, shoot

pytestmark = pytest.mark.browser

BODY = {
    "model": "actor:1b",
    "messages": [{"role": "user", "content": "hello there"}],
    "max_tokens": 64,
    "user": "me",
}


def send(url: str, **more: object) -> httpx.Response:
    """Ask through the gateway, as a client does."""
    return httpx.post(f"{url}/v1/chat/completions", json={**BODY, **more}, timeout=60)


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()
    expect(page.get_by_role("tab", name=name, exact=True)).to_have_attribute(
        "aria-selected", "true"
    )


def paste(page: Page, text: str) -> None:
    page.get_by_role("radio", name="Something pasted").click(force=True)
    box = page.locator(".st-key-pasted textarea")
    box.fill(text)
    box.press("Control+Enter")


def editor(page: Page, label: str) -> Locator:
    return page.get_by_role("textbox", name=label, exact=True)


def test_what_clients_send_is_listed_filtered_paused_and_cleared(
    url: str, chromium: Browser
) -> None:
    send(url)
    page = visit(chromium, f"{url}/requests?lang=en")
    expect(page.get_by_text("Exchanges: 1, newest first")).to_be_visible()
    expect(page.get_by_text(re.compile("[1-9] renamed"))).to_be_visible()
    assert "x=" in page.url
    # New ones come by themselves, and what is looked at stays.
    seen = page.url
    send(url, messages=[{"role": "user", "content": "second question"}])
    expect(page.get_by_text("Exchanges: 2, newest first")).to_be_visible()
    assert page.url == seen
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("The list is paused")).to_be_visible()
    send(url, model="no:such", messages=[{"role": "user", "content": "fault gone"}])
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Exchanges: 3, newest first")).to_be_visible()
    page.get_by_role("searchbox", name="Contains text").fill("second QUESTION")
    expect(page.get_by_text("Exchanges: 1, newest first")).to_be_visible()
    page.get_by_role("searchbox", name="Contains text").fill("")
    page.get_by_role("combobox", name="Any outcome").click()
    page.get_by_role("option", name="Only errors").click()
    expect(page.get_by_text("Exchanges: 1, newest first")).to_be_visible()
    shoot(page, "viewer-list-en")
    page.get_by_role("button", name="Clear", exact=True).last.click()
    expect(page.get_by_text("No exchange matches.")).to_be_visible()
    page.context.close()


def test_a_link_opens_the_same_view(url: str, chromium: Browser) -> None:
    identity = send(url).headers["x-diglot-id"]
    page = visit(chromium, f"{url}/requests?lang=en&x={identity}&tab=answer")
    expect(page.get_by_role("tab", name="Answers")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_text("You said: hello there").first).to_be_visible()
    tab(page, "As sent")
    expect(page).to_have_url(re.compile(f"x={identity}.*tab=raw|tab=raw.*x={identity}"))
    page.get_by_role("searchbox", name="Find in both").fill("num_predict")
    expect(page.get_by_text("1 lines")).to_be_visible()
    expect(page.get_by_text("Nothing found here")).to_be_visible()
    tab(page, "Field by field")
    page.get_by_role("button", name="＋ Anthropic").click()
    expect(page.get_by_role("columnheader", name="Anthropic")).to_be_visible()
    page.get_by_role("radio", name="Headers").click(force=True)
    expect(page.get_by_text("For most headers only the name is recorded")).to_be_visible()
    expect(page.get_by_text(re.compile("user-agent: .*httpx")).first).to_be_visible()
    page.context.close()


def test_a_streams_fields_have_rows_and_further_columns(url: str, chromium: Browser) -> None:
    identity = send(url, stream=True).headers["x-diglot-id"]
    page = visit(chromium, f"{url}/requests?lang=en&x={identity}")
    page.get_by_role("radio", name="Stream", exact=True).click(force=True)
    text = page.get_by_role("row").filter(has_text='message.content: "You')
    expect(text).to_contain_text('choices[0].delta.content: "You said: hello there')
    expect(text).to_contain_text("‹#1-3, ×3›")
    # Nobody asked for the counts, so this stream has none.
    lost = page.get_by_role("row").filter(has_text="eval_count: 2")
    expect(lost).to_contain_text("stream_options.include_usage")
    expect(lost.get_by_role("button")).to_have_accessible_name(
        "Probe: stream_options.include_usage"
    )
    for column, said in (("Anthropic", "content_block_delta[0] delta.text"),
                         ("OpenAI responses", "response.output_text.delta[0] delta")):  # fmt: skip
        page.get_by_role("button", name=f"＋ {column}").click()
        expect(page.get_by_role("columnheader", name=column)).to_be_visible()
        expect(text).to_contain_text(said)
    # The whole answer has the same columns; what was chosen stays.
    page.get_by_role("radio", name="Answer", exact=True).click(force=True)
    expect(page.get_by_role("columnheader", name="Anthropic")).to_be_visible()
    expect(text.filter(has_text=re.compile(r" content\[0\]\.text: "))).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="eval_count: 2")).to_contain_text("lost")
    page.context.close()


def test_a_stream_on_its_time_axis(url: str, chromium: Browser) -> None:
    question = {"role": "user", "content": "think well"}
    body = {"model": "actor:1b", "messages": [question]}
    identity = httpx.post(f"{url}/api/chat", json=body, timeout=60).headers["x-diglot-id"]
    page = visit(chromium, f"{url}/requests?lang=en&x={identity}&tab=stream")
    expect(page.get_by_text(re.compile("first word after"))).to_be_visible()
    expect(page.get_by_text("I have thought.").first).to_be_visible()
    page.get_by_role("slider", name="Moment").focus()
    page.keyboard.press("Home")
    expect(page.get_by_text(re.compile(r"^0\.00 s · Native 0/"))).to_be_visible()
    page.get_by_role("button", name="Replay").click()
    expect(page.get_by_text("I have thought.").first).to_be_visible()
    expect(page.get_by_label(re.compile("curve of tokens")).first).to_be_visible()
    shoot(page, "viewer-stream-en")
    tab(page, "Compared with the last turn")
    expect(
        page.get_by_text(re.compile("may come from the cache|Nothing was asked"))
    ).to_be_visible()
    tab(page, "Before and after")
    expect(page.get_by_text("only base_url points here")).to_be_visible()
    page.context.close()


def test_either_side_is_edited_and_the_other_follows(url: str, chromium: Browser) -> None:
    page = visit(chromium, f"{url}/requests?lang=en&tab=edit")
    paste(page, json.dumps(BODY))
    tab(page, "Edit")
    # Until it has been read, the example stands there, whose editors go.
    expect(editor(page, "OpenAI")).to_have_value(re.compile("actor:1b"))
    editor(page, "OpenAI").fill(json.dumps({**BODY, "max_tokens": 77}))
    expect(editor(page, "Native")).to_have_value(re.compile('"num_predict": 77'))
    editor(page, "OpenAI").fill('{\n "model": "m",\n "messages": [,]}')
    expect(page.get_by_text("Line 3, column 15")).to_be_visible()
    expect(editor(page, "Native")).to_have_value(re.compile('"num_predict": 77'))
    shoot(page, "viewer-edit-en")
    native = {"model": "m", "messages": BODY["messages"], "options": {"num_ctx": 512}}
    editor(page, "Native").fill(json.dumps(native))
    expect(editor(page, "OpenAI")).to_have_value(re.compile('"model": "m"'))
    expect(page.get_by_text("Line 3, column 15")).to_have_count(0)
    page.context.close()


def test_anything_can_be_pasted_and_one_of_several_chosen(url: str, chromium: Browser) -> None:
    page = visit(chromium, f"{url}/requests?lang=en")
    paste(page, "curl http://h/api/chat -H 'Authorization: Bearer sk-abcdefghijklmnop' -d '"
          + json.dumps({"model": "m", "messages": BODY["messages"]}) + "'")  # fmt: skip
    expect(page.get_by_text("Read as Native · curl, from line 1")).to_be_visible()
    expect(page.get_by_text("abcdefghijklmnop")).to_have_count(1)
    one = {"model": "first", "messages": BODY["messages"], "max_tokens": 1}
    paste(page, json.dumps([one, {**one, "model": "second"}]))
    expect(page.get_by_text("2 requests and answers were found")).to_be_visible()
    page.get_by_role("combobox", name="2 requests and answers").click()
    page.get_by_role("option", name=re.compile("second")).click()
    expect(page.get_by_text(re.compile("the same ·"))).to_be_visible()
    lines = [
        {"created_at": f"2026-01-01T00:00:0{n}Z", "message": {"content": w}, "done": n == 2}
        for n, w in enumerate(("One ", "two", ""))
    ]
    paste(page, "\n".join(map(json.dumps, lines)))
    tab(page, "Stream")
    expect(page.get_by_text(re.compile("first word after 0.00 s"))).to_be_visible()
    expect(page.get_by_text("One two").first).to_be_visible()
    page.context.close()


def test_what_is_taken_away_is_masked_and_comes_back(
    url: str, chromium: Browser, tmp_path: Path
) -> None:
    secret = "sk-verysecretverysecret"
    identity = send(url, messages=[{"role": "user", "content": f"my key is {secret}"}]).headers[
        "x-diglot-id"
    ]
    page = visit(chromium, f"{url}/requests?lang=en&x={identity}&tab=code")
    files = {}
    for name in ("HAR file", "File to share"):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=name).click()
        files[name] = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(files[name])
    har = files["HAR file"].read_text()
    assert secret not in har and "/v1/chat/completions" in har
    page.get_by_role("button", name="Diagnosis").click()
    expect(page.get_by_text("Diglot: one exchange")).to_be_visible()
    assert secret not in page.content()
    link = page.get_by_text(re.compile(r"/requests\?s=")).first.inner_text().strip()
    other = visit(chromium, link)
    expect(other.get_by_text("A shared exchange: /v1/chat/completions")).to_be_visible()
    expect(other.get_by_text(re.compile("the same ·"))).to_be_visible()
    other.context.close()
    for file in files.values():
        page.goto(f"{url}/requests?lang=en")
        page.get_by_role("radio", name="Something pasted").click(force=True)
        page.locator(".st-key-paste_file input[type=file]").set_input_files(file)
        expect(page.get_by_text(re.compile("the same ·"))).to_be_visible()
    page.context.close()


def test_a_request_is_proved_and_its_claims_are_probed(url: str, chromium: Browser) -> None:
    identity = send(url).headers["x-diglot-id"]
    page = visit(chromium, f"{url}/requests?lang=en&x={identity}&tab=prove")
    page.get_by_role("radio", name="Diglot", exact=True).click(force=True)
    page.get_by_role("button", name="Send both ways").click()
    expect(page.get_by_text("Diglot · httpx → /api/chat", exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile("Diglot · openai → /v1: they agree"))).to_be_visible()
    page.get_by_role("button", name=re.compile("Probe these [1-9]")).click()
    expect(page.get_by_text("Evidence")).to_be_visible(timeout=120_000)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="compatibility.md").click()
    assert "max_tokens" in Path(waiting.value.path()).read_text()
    shoot(page, "viewer-prove-en")
    page.context.close()


@pytest.mark.parametrize(
    ("locale", "scheme", "width"), [("zh-CN", "dark", 400), ("en-US", "light", 1280)]
)
def test_every_tab_in_every_look(
    url: str, chromium: Browser, locale: str, scheme: str, width: int
) -> None:
    question = {"role": "user", "content": "think well"}
    body = {"model": "actor:1b", "messages": [question], "options": {"num_ctx": 4096, "seed": 1}}
    identity = httpx.post(f"{url}/api/chat", json=body, timeout=60).headers["x-diglot-id"]
    page = visit(chromium, f"{url}/requests?x={identity}", locale=locale, scheme=scheme)
    page.set_viewport_size({"width": width, "height": 1000})
    tabs = page.get_by_role("tab")
    expect(tabs).to_have_count(9)
    for number in range(9):
        tabs.nth(number).click()
        expect(tabs.nth(number)).to_have_attribute("aria-selected", "true")
        expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
        expect(page.get_by_role("tabpanel").first).to_be_visible()
        expect(page.get_by_test_id("stException")).to_have_count(0)
        if os.environ.get("DIGLOT_SHOTS"):
            settled(page)
        shoot(page, f"viewer-{number}-{locale[:2]}-{scheme}-{width}")
        wide = "document.querySelector('.stMain').scrollWidth - innerWidth"
        assert page.evaluate(wide) <= 0, "nothing stands out at the side"
    page.context.close()
