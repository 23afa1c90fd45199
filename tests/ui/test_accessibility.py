"""WCAG 2.1 AA, as far as a program can tell: axe-core's rules on the pages in their states."""

from __future__ import annotations

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.ui.app_process import visit
from tests.ui.steps import answered, ask, ready, settings, settled

pytestmark = pytest.mark.browser

# Charts have an empty group for what the mouse points at, to which their maker gives a role.
CONTEXT = {"include": [["body"]], "exclude": [["g[role=graphics-symbol]:empty"]]}
# What has just come fades in, and is pale while it does.
SHOWN = """() => document.getAnimations().every(one =>
    one.playState !== "running" || one.effect?.getTiming().iterations === Infinity)"""
AXE = Axe().axe_script
EDIT = 4
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]},
    "resultTypes": ["violations"],
}
# Nothing else is different in the dark, and it is the half of the work.
CONTRAST = {"runOnly": ["color-contrast"], "resultTypes": ["violations"]}
# A busy machine takes its time to let what scrolls, to either side, be reached with the keyboard.
# What the page draws anew between a look and axe's own would be without: nothing comes between.
RUN = """async ([script, context, options]) => {
    if (!window.axe) (0, eval)(script);
    const places = "[data-testid=stCode] pre, [data-testid=stTable], [data-testid=stTable] div";
    const reachable = () => [...document.querySelectorAll(places)].every(one =>
        one.tabIndex === 0 || getComputedStyle(one).overflowX === "visible" ||
        (one.scrollHeight <= one.clientHeight && one.scrollWidth <= one.clientWidth));
    for (let frames = 0; !reachable() && frames < 600; frames++)
        await new Promise(requestAnimationFrame);
    return (await axe.run(context, options)).violations;
}"""


def faults(page: Page, state: str, scheme: str) -> list[str]:
    page.wait_for_function(SHOWN)
    rules = CONTRAST if scheme == "dark" else RULES
    return [
        f"{state}: {rule['id']}: {node['html'][:160]} {node['failureSummary'][:300]}"
        for rule in page.evaluate(RUN, [AXE, CONTEXT, rules])
        for node in rule["nodes"]
    ]


def check(page: Page, state: str, scheme: str = "light") -> None:
    """Wait for a state and fail for its faults: in the dark for the contrast alone."""
    settled(page)
    said = faults(page, state, scheme)
    assert not said, "\n".join(said)


# Every rule in each language and each scheme: the colours are the same in both languages.
@pytest.mark.parametrize(
    ("locale", "scheme", "words"),
    [
        ("en-US", "light", {"parameters": "Parameters", "import": "Import", "code": "Code"}),
        ("zh-CN", "dark", {"parameters": "参数", "import": "导入", "code": "代码"}),
    ],
)
def test_the_chat_page_in_its_states(
    url: str, chromium: Browser, locale: str, scheme: str, words: dict[str, str]
) -> None:
    page = visit(chromium, url, locale=locale, scheme=scheme)
    ready(page)
    check(page, "empty")
    ask(page, "think")
    answered(page)
    check(page, "an answer with thinking")
    page.locator("[data-do=wire]").last.click()
    drawer = page.locator(".st-key-wire_panel")
    expect(drawer).to_be_visible()
    check(page, "the wire")
    drawer.get_by_role("tab", name=words["code"]).click()
    for snippet in ("curl", "requests", "openai", "ollama"):
        drawer.get_by_role("tab", name=snippet, exact=True).click()
        check(page, snippet)
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    settings(page, words["parameters"])
    expect(page.get_by_test_id("stPopoverBody")).to_be_visible()
    check(page, "parameters")
    page.keyboard.press("Escape")
    page.get_by_role("button", name=words["import"], exact=True).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    check(page, "import")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    ask(page, "fault oom")
    expect(page.get_by_test_id("fault").first).to_be_visible(timeout=30_000)
    check(page, "an error", scheme)


@pytest.mark.parametrize(("locale", "scheme"), [("en-US", "light"), ("zh-CN", "dark")])
@pytest.mark.parametrize("name", ["tools", "requests", "models"])
def test_the_other_pages(url: str, chromium: Browser, name: str, locale: str, scheme: str) -> None:
    page = visit(chromium, f"{url}/{name}", locale=locale, scheme=scheme)
    expect(page.get_by_role("heading", level=2).first).to_be_visible()
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    check(page, name)


@pytest.mark.parametrize(
    ("locale", "scheme", "probe"),
    [("en-US", "light", "Probe"), ("en-US", "dark", "Probe"), ("zh-CN", "light", "测一测")],
)
def test_every_tab_of_the_request_page(
    url: str, chromium: Browser, locale: str, scheme: str, probe: str
) -> None:
    body = {
        "model": "actor:1b",
        "messages": [{"role": "user", "content": "think well"}],
        "options": {"num_ctx": 4096},
    }
    answer = httpx.post(f"{url}/api/chat", json=body, timeout=60)
    page = visit(chromium, f"{url}/requests?x={answer.headers['x-diglot-id']}", locale=locale,
                 scheme=scheme)  # fmt: skip
    # A dark and a light page, a wide and a narrow one: here is where they differ most.
    page.set_viewport_size({"width": 400 if locale == "zh-CN" else 1280, "height": 900})
    tabs = page.get_by_role("tab")
    expect(tabs).to_have_count(9)
    parts = page.get_by_test_id("stTabPanel").get_by_role("radio")
    expect(parts).to_have_count(4)
    for number in range(4):
        parts.nth(number).click(force=True)
        expect(parts.nth(number)).to_be_checked()
        expect(page.get_by_role("table").first).to_be_visible()
        check(page, f"part {number} of the fields", scheme)
    parts.first.click(force=True)
    page.get_by_role("button", name=probe).first.click()
    expect(page.locator("[class*=st-key-evidence]").get_by_test_id("stExpander")).not_to_have_count(
        0
    )
    # The page is drawn once more when the probes have ended.
    expect(page.locator("[class*=st-key-evidence]").get_by_test_id("stProgress")).to_have_count(0)
    check(page, "evidence", scheme)
    for number in range(1, 9):
        tabs.nth(number).click()
        expect(tabs.nth(number)).to_have_attribute("aria-selected", "true")
        expect(page.get_by_role("tabpanel").first).to_be_visible()
        expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
        if number == EDIT:
            expect(page.get_by_role("textbox", name="OpenAI", exact=True)).to_be_visible()
        check(page, f"tab {number}", scheme)
    page.context.close()
