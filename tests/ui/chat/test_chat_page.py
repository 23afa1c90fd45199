"""The chat page in a real Chromium, over an Ollama that plays what it is asked for."""

from __future__ import annotations

import base64
import json
import re

import pytest
from playwright.sync_api import Browser, FilePayload, Page, WebSocketRoute, expect

from tests.support.scripted_backend import Said, Scripted
from tests.ui.app_process import visit
from tests.ui.steps import address, answered, ask, ready, settings, settled, shoot

pytestmark = pytest.mark.browser

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGP4z8CAB+GTG8HSALfKY52fTcuYAAAA"
    "AElFTkSuQmCC"
)


def messages(page: Page) -> list[str]:
    return page.get_by_test_id("message").all_inner_texts()


def menu(page: Page, choice: str) -> None:
    """Choose from the menu of the last answer, which may be the last but one until all is drawn."""
    settled(page)
    page.locator("[data-do=more]").last.click()
    page.get_by_role("menuitem", name=choice, exact=True).click()


def attach(page: Page, name: str, media_type: str, data: bytes) -> None:
    """Add a file to the question."""
    chooser = page.locator(".composer input[type=file]")
    chooser.set_input_files(FilePayload(name=name, mimeType=media_type, buffer=data))
    expect(page.get_by_test_id("attached").get_by_text(name)).to_be_visible()


def test_a_message_is_deleted_taken_back_and_answered_again(url: str, chromium: Browser) -> None:
    page = visit(chromium, url)
    ask(page, "one")
    answered(page)
    ask(page, "two")
    answered(page, 2)
    menu(page, "Delete this and what follows")
    expect(page.get_by_test_id("message")).to_have_count(3)
    shoot(page, "chat-deleted-en")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_test_id("message")).to_have_count(4)
    menu(page, "Delete this and what follows")
    page.get_by_role("button", name="Answer this").click()
    expect(page.get_by_test_id("message")).to_have_count(4)
    answered(page, 2)


def test_a_cut_answer_is_gone_on_with_in_its_place(url: str, chromium: Browser) -> None:
    page = visit(chromium, url)
    ask(page, "cut this")
    expect(page.get_by_text("Cut at the token limit")).to_be_visible()
    page.get_by_role("button", name="Go on writing").click()
    expect(page.get_by_text("Here is the beginning, and here is the rest.")).to_be_visible()
    expect(page.get_by_text("Cut at the token limit")).to_have_count(0)
    expect(page.get_by_test_id("message")).to_have_count(2)


def test_models_and_both_apis_answer_side_by_side(url: str, chromium: Browser) -> None:
    page = visit(chromium, url)
    ready(page)
    settings(page, "Compare")
    page.get_by_text("Also through the other API").click()
    box = page.get_by_role("combobox", name=re.compile("Also ask"))
    box.click()
    page.get_by_role("option", name="second:3b").click()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.get_by_text("Compare (3)")).to_be_visible()
    ask(page, "which is best?")
    expect(page.get_by_role("button", name="Go on from this one")).to_have_count(2)
    expect(page.get_by_text("The chat goes on from here")).to_have_count(1)
    shoot(page, "chat-compare-en")
    page.get_by_role("button", name="Go on from this one").last.click()
    expect(page.get_by_role("button", name="Go on from this one")).to_have_count(2)
    settings(page, "Compare")
    page.get_by_role("button", name="Remove second:3b").click()
    page.keyboard.press("Escape")
    expect(page.get_by_text("Compare (2)")).to_be_visible()
    ask(page, "and now?")
    expect(page.get_by_role("button", name="Go on from this one")).to_have_count(3)
    page.get_by_role("button", name="How the two requests differ").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(re.compile("renamed")).first).to_be_visible()
    shoot(page, "chat-apis-en")


def test_an_answer_through_the_other_api_or_model_is_a_version(url: str, chromium: Browser) -> None:
    page = visit(chromium, url)
    ask(page, "hello")
    answered(page)
    menu(page, "Again through the OpenAI API")
    expect(page.get_by_text("2/2")).to_be_visible()
    expect(page.get_by_text(re.compile("actor:1b · OpenAI"))).to_be_visible()
    menu(page, "Again with second:3b")
    expect(page.get_by_text("3/3")).to_be_visible()
    expect(page.get_by_text(re.compile("second:3b · Native"))).to_be_visible()


def test_an_answer_is_edited_copied_as_text_and_branched(url: str, chromium: Browser) -> None:
    page = visit(chromium, url)
    ask(page, "hello")
    answered(page)
    menu(page, "Edit this answer")
    page.get_by_role("textbox", name="Edit").fill("In **my** words.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Edited by you")).to_be_visible()
    expect(page.get_by_text("2/2")).to_be_visible()
    menu(page, "Copy as plain text")
    expect(page.get_by_role("dialog").get_by_text("In my words.")).to_be_visible()
    # It hears the key once the focus is in it, a moment after it can be seen.
    page.get_by_role("dialog").press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    before = address(page)
    menu(page, "New chat from here")
    page.wait_for_function("before => location.href !== before", arg=before)
    expect(page.get_by_text("Edited by you")).to_be_visible()
    expect(page.get_by_text("2/2")).to_have_count(0)
    expect(page.get_by_test_id("chat-line")).to_have_count(2)


def test_enter_that_ends_a_chinese_word_does_not_send(url: str, chromium: Browser) -> None:
    page = visit(chromium, url, locale="zh-CN")
    ready(page)
    page.get_by_test_id("composer").click()
    typing = page.context.new_cdp_session(page)
    typing.send("Input.imeSetComposition", {"text": "ni hao", "selectionStart": 6,
                                            "selectionEnd": 6})  # fmt: skip
    # While a word is composed the browser reports key 229, whatever was pressed.
    page.evaluate(
        """() => document.activeElement.dispatchEvent(new KeyboardEvent("keydown",
        {key: "Enter", keyCode: 229, isComposing: true, bubbles: true}))"""
    )
    typing.send("Input.insertText", {"text": "你好"})
    settled(page)
    expect(page.get_by_test_id("message")).to_have_count(0)
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("第二行")
    expect(page.get_by_test_id("composer")).to_have_value("你好\n第二行")
    page.keyboard.press("Enter")
    answered(page)


def test_files_go_with_a_question_and_others_are_refused(
    url: str, chromium: Browser, backend: Scripted
) -> None:
    page = visit(chromium, url)
    ready(page)
    attach(page, "dot.png", "image/png", PIXEL)
    attach(page, "笔记.txt", "text/plain", "第一行".encode())
    ask(page, "What are these?")
    answered(page)
    asked = [body["messages"][-1] for body in backend.bodies("/api/chat")]
    sent = next(message for message in asked if message.get("images"))
    assert len(sent["images"]) == 1 and "第一行" in sent["content"]
    expect(page.get_by_test_id("message").first.locator("img")).to_be_visible()
    expect(page.get_by_text("笔记.txt", exact=True)).to_be_visible()
    shoot(page, "chat-files-en")
    attach(page, "x.bin", "application/octet-stream", b"\x7fELF\0\1")
    expect(page.get_by_role("alert").get_by_text("x.bin is neither an image")).to_be_visible()
    ask(page, "And this?")
    answered(page, 2)
    expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize(
    ("word", "title"),
    [
        ("oom", "Not enough memory"),
        ("gone", "There is no such model"),
        ("odd", "That did not work"),
    ],
)
def test_a_fault_is_a_card_that_says_what_to_do(
    url: str, chromium: Browser, word: str, title: str
) -> None:
    page = visit(chromium, url)
    ask(page, f"fault {word}")
    expect(page.get_by_text(title)).to_be_visible()
    if word == "gone":
        expect(page.get_by_text("ollama pull actor:1b")).to_be_visible()
        expect(page.get_by_role("button", name="Fetch actor:1b")).to_be_visible()
    if word != "odd":
        page.get_by_text("In full").click()
    if word == "oom":
        page.get_by_role("button", name="Copy a diagnosis").click()
        expect(page.get_by_text(re.compile("more system memory")).last).to_be_visible()
        expect(page.get_by_text(re.compile("of the backend: POST"))).to_be_visible()
    shoot(page, f"fault-{word}-en")


def test_thinking_and_diagrams_are_shown_as_what_they_are(url: str, chromium: Browser) -> None:
    page = visit(chromium, url)
    ask(page, "think about it")
    answered(page)
    page.get_by_text(re.compile("Thought for")).click()
    expect(page.get_by_text("Let me see.").first).to_be_visible()
    ask(page, "draw a diagram")
    answered(page, 2)
    expect(page.get_by_role("img", name="A diagram that the model")).to_be_visible()
    expect(page.get_by_text("That is all.")).to_be_visible()
    shoot(page, "chat-diagram-en")


def test_two_calls_of_one_step_are_two_lines(url: str, chromium: Browser) -> None:
    page = visit(chromium, url)
    ready(page)
    page.get_by_role("button", name="What is the weather in Shanghai?").click()
    expect(page.get_by_text("get_current_weather")).to_have_count(2)
    answered(page)


def test_a_system_prompt_is_kept_and_used_again(
    url: str, chromium: Browser, backend: Scripted
) -> None:
    page = visit(chromium, url)
    ready(page)
    settings(page, "Prompt")
    page.get_by_role("textbox", name="Prompt").fill("Answer like a pirate.")
    page.get_by_role("textbox", name="Prompt").press("Control+Enter")
    page.get_by_role("textbox", name="Name").fill("Pirate")
    page.get_by_role("textbox", name="Name").press("Enter")
    page.get_by_role("button", name="Keep").click()
    settled(page)
    page.reload()
    ready(page)
    settings(page, "Prompt")
    page.get_by_role("combobox", name=re.compile("Kept prompts")).click()
    page.get_by_role("option", name="Pirate").click()
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value("Answer like a pirate.")
    shoot(page, "chat-presets-en")
    page.keyboard.press("Escape")
    ask(page, "ahoy")
    answered(page)
    first = next(b["messages"][0] for b in backend.bodies("/api/chat") if "pirate" in str(b))
    assert first == {"role": "system", "content": "Answer like a pirate."}


def test_a_link_opens_the_branch_that_its_message_is_on(url: str, chromium: Browser) -> None:
    page = visit(chromium, url)
    ask(page, "first")
    answered(page)
    menu(page, "Link to this message")
    link = page.get_by_role("dialog").locator("code").inner_text()
    page.keyboard.press("Escape")
    page.locator("[data-do=again]").click()
    expect(page.get_by_text("2/2")).to_be_visible()
    page.goto(link)
    expect(page.get_by_text("1/2")).to_be_visible()


def test_a_rating_and_the_meter_stay(url: str, chromium: Browser) -> None:
    page = visit(chromium, url)
    ask(page, "rate me")
    answered(page)
    expect(page.get_by_text("context 3,002 of 4,096 tokens")).to_be_visible()
    page.locator("[data-do=good]").click()
    settled(page)
    page.reload()
    answered(page)
    chosen = page.locator("[data-do=good]")
    expect(chosen).to_have_attribute("aria-pressed", "true")


def test_a_pull_goes_on_without_its_page(url: str, chromium: Browser, backend: Scripted) -> None:
    line = {"status": "pulling a", "digest": "a", "total": 10**9}
    steps = [{**line, "completed": n * 10**7} for n in range(100)]
    pieces = [repr(step).replace("'", '"').encode() + b"\n" for step in steps]
    backend.says("/api/pull", Said(pieces, content_type="application/x-ndjson", pause=0.1))
    page = visit(chromium, f"{url}/models")
    expect(page.get_by_text("second:3b").first).to_be_visible()
    page.get_by_role("textbox", name="Name of a model").fill("qwen3:4b")
    page.get_by_role("button", name="Fetch").click()
    expect(page.get_by_text(re.compile("qwen3:4b · .* of 1.0 GB"))).to_be_visible()
    shoot(page, "models-pull-en")
    page.goto(url)
    expect(page.get_by_text(re.compile("qwen3:4b · .* of 1.0 GB"))).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text(re.compile("was cancelled"))).to_be_visible()
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_text(re.compile("was cancelled"))).to_have_count(0)


def test_a_model_is_deleted_only_after_a_second_look(
    url: str, chromium: Browser, backend: Scripted
) -> None:
    page = visit(chromium, f"{url}/models")
    page.locator('[class*="st-key-delete_second"] button').click()
    expect(page.get_by_text("Delete second:3b (1.3 GB) from the disk?")).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert backend.bodies("/api/delete") == []
    page.locator('[class*="st-key-delete_second"] button').click()
    page.get_by_role("dialog").get_by_role("button", name="Delete the model").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert backend.bodies("/api/delete") == [{"model": "second:3b"}]
    page.locator('[class*="st-key-unload_actor"] button').click()
    settled(page)
    assert backend.bodies("/api/generate")[-1]["keep_alive"] == 0


def test_that_a_model_cannot_see_is_known_before_an_image_is_sent(
    url: str, chromium: Browser, backend: Scripted
) -> None:
    def shown(body: dict[str, object]) -> Said:
        can = ["completion", "vision"] if body["model"] == "seer:4b" else ["completion"]
        return Said([json.dumps({"capabilities": can}).encode()])

    entries = [{"name": name, "model": name, "digest": name} for name in ("blind:1b", "seer:4b")]
    backend.json("/api/tags", {"models": entries})
    backend.thinks("/api/show", shown)
    page = visit(chromium, url)
    ready(page)
    expect(page.get_by_test_id("model")).to_have_text("blind:1b")
    attach(page, "dot.png", "image/png", PIXEL)
    expect(page.get_by_text("blind:1b cannot see images.")).to_be_visible()
    shoot(page, "chat-blind-en")
    page.get_by_role("button", name="Ask seer:4b instead").click()
    expect(page.get_by_test_id("model")).to_have_text("seer:4b")
    expect(page.get_by_text("cannot see images")).to_have_count(0)
    ask(page, "What is this?")
    answered(page)
    asked = [b for b in backend.bodies("/api/chat") if b["messages"][-1].get("images")]
    assert asked[-1]["model"] == "seer:4b"


def test_a_new_chat_is_found_again_by_who_reloads_before_the_script_has_heard(
    url: str, chromium: Browser
) -> None:
    page = visit(chromium, "about:blank")
    held: list[str | bytes] = []
    holding: list[bool] = []

    def between(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        socket.on_message(lambda sent: held.append(sent) if holding else server.send(sent))

    page.route_web_socket(re.compile("_stcore"), between)
    page.goto(url)
    ready(page)
    settled(page)
    holding.append(True)
    ask(page, "Reload at once")
    answered(page)
    # The answer may be shown before Playwright has told of the frame, which it does while it waits.
    for _ in range(400):
        if held:
            break
        page.wait_for_timeout(50)
    assert held
    holding.clear()
    page.reload()
    expect(page.get_by_test_id("message")).to_have_count(2)


def test_a_question_behind_an_answer_is_sent_after_it(url: str, chromium: Browser) -> None:
    page = visit(chromium, url)
    ask(page, "a slow one")
    expect(page.get_by_text("word9 ")).to_be_visible()
    ask(page, "And what is 2 + 2?")
    expect(page.get_by_text("Sent when the answer above is done")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("Stopped")).to_be_visible()
    expect(page.get_by_text("Sent when the answer above is done")).to_have_count(0)
    expect(page.get_by_test_id("message")).to_have_count(4)
    expect(page.get_by_text("You said: And what is 2 + 2?")).to_be_visible()
