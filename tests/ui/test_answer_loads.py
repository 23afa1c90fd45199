"""What an answer names is loaded only when somebody asks for it, in a real Chromium.

In every form that names an address, on every page that shows answers, in both languages; and what
is nested so deeply that no browser draws it is letters.
"""

from __future__ import annotations

import http.server
import json
import re
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.scripted_backend import Said, Scripted
from tests.ui.actor import acting
from tests.ui.app_process import running_app, visit
from tests.ui.steps import answered, ask, settled
from tests.ui.widgets.test_inert import FORMS

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cf"
    "c0000003010100c9fe92ef0000000049454e44ae426082"
)
MODEL = "bait:1b"


class Bait:
    """A server that notes who came, and answers with a picture."""

    def __init__(self) -> None:
        seen = self.seen = []  # type: list[str]

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                seen.append(self.path)
                self.send_response(200)
                self.send_header("content-type", "image/png")
                self.send_header("content-length", str(len(PNG)))
                self.end_headers()
                self.wfile.write(PNG)

            def log_message(self, *args: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=[0.02], daemon=True).start()


@pytest.fixture(scope="module")
def bait() -> Iterator[Bait]:
    made = Bait()
    yield made
    made.server.shutdown()
    made.server.server_close()


def diagrams(url: str) -> list[str]:
    drawn = [f'graph TD\n A@{{ img: "{url}/m1", label: "a", w: 60, h: 60 }}',
             f"graph TD\n A[\"<img src='{url}/m2'>\"] --> B",
             f"graph TD\n A --> B\n style A fill:url({url}/m3)",
             f'%%{{init: {{"themeCSS": "@import url({url}/m4);"}}}}%%\ngraph TD\n A --> B',
    ]  # fmt: skip
    return [f"```mermaid\n{text}\n```" for text in drawn]


def forms(url: str) -> list[str]:
    """Return every form that names a picture, each with an address of its own."""
    return [text.replace("http://bait.example", f"{url}/{n}").replace("//bait.example", url[5:])
            for n, text in enumerate(FORMS.values())]  # fmt: skip


def said(url: str) -> str:
    """Return an answer of all forms that leave no code open."""
    closed = [text for text in forms(url) if not re.search("```|~~~", text)]
    latex = [f"$\\includegraphics{{{url}/l1}}$", f"$\\href{{{url}/l2}}{{x}}$",
             f"$$\\htmlStyle{{background:url({url}/l3)}}{{x}}$$",
             f"\\[\\url{{{url}/l4}}\\]"]  # fmt: skip
    html = [f"<img src='{url}/h1'>", f"<svg><image href='{url}/h2'/></svg>",
            f"<style>@import url({url}/h3)</style>", f"<link rel=stylesheet href='{url}/h4'>",
            f"<iframe src='{url}/h5'></iframe>", f"<object data='{url}/h6'></object>",
            f"<video poster='{url}/h7'></video>", f"<body background='{url}/h8'>",
    ]  # fmt: skip
    drawn = "$x^2 + y$"
    first = f"![first]({url}/first.png)"
    return "\n\n".join([first, drawn, *closed, *latex, *html, *diagrams(url)])


DEEP = {
    "deep quotes": "> " * 10_000 + "bottom",
    "deep lists": "- " * 10_000 + "bottom",
    "deep numbers": "1. " * 10_000 + "bottom",
    "deep steps": "\n".join("  " * n + "- bottom" for n in range(400)),
    "deep emphasis": "*a **b " * 5000 + "bottom",
}


def texts(url: str) -> dict[str, str]:
    """Return what the model says, by the question."""
    open_ended = [text for text in forms(url) if re.search("```|~~~", text)]
    return {"0": said(url), "plain": "```mermaid\ngraph TD\n A[one] --> B[two]\n```", **DEEP,
            **{f"fence {n}": text for n, text in enumerate(open_ended)}}  # fmt: skip


@pytest.fixture(scope="module")
def backend(bait: Bait) -> Iterator[Scripted]:
    answers = texts(bait.url)

    def mind(body: dict[str, Any]) -> Said:
        told = answers.get(body["messages"][-1]["content"], answers["0"])
        step = max(40, len(told) // 20)
        parts = [told[i : i + step] for i in range(0, len(told), step)]
        messages = [{"thinking": part} for part in parts[:10]]
        messages += [{"content": part} for part in parts]
        lines: list[dict[str, Any]] = [
            {"model": MODEL, "message": {"role": "assistant", "content": "", **one}, "done": False}
            for one in messages
        ]
        end = {"model": MODEL, "message": {"role": "assistant", "content": told}, "done": True,
               "done_reason": "stop", "eval_count": 5, "eval_duration": 10**9}  # fmt: skip
        if not body.get("stream", True):
            return Said([json.dumps(end).encode()])
        end["message"] = {"role": "assistant", "content": ""}
        data = [json.dumps(line).encode() + b"\n" for line in (*lines, end)]
        return Said(data, content_type="application/x-ndjson")

    with acting() as scripted:
        entry = {"name": MODEL, "model": MODEL, "size": 5, "digest": "a", "details": {}}
        scripted.json("/api/tags", {"models": [entry]})
        scripted.json("/api/ps", {"models": []})
        scripted.thinks("/api/chat", mind)
        yield scripted


@pytest.fixture(scope="module")
def url(backend: Scripted, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("loads")
    config = "diglot:\n  images: {fetch: any}\n"
    with running_app(folder, extra={"OLLAMA_HOST": backend.url}, config=config) as address:
        yield address


def watched(chromium: Browser, address: str, bait: Bait) -> tuple[Page, list[str]]:
    """Open a page; return it with the addresses that it asks at the bait."""
    page = visit(chromium, address)
    asked: list[str] = []
    page.on("request", lambda request: asked.extend([request.url] * (bait.url in request.url)))
    bait.seen.clear()
    return page, asked


# What an exchange holds is drawn by the same code in each language: the words around it differ.
@pytest.mark.parametrize(("language", "stream"), [("en", False), ("zh", True)])
def test_the_request_page_loads_nothing(
    chromium: Browser, url: str, bait: Bait, language: str, stream: bool
) -> None:
    text = said(bait.url)
    function = {"name": f"![n]({bait.url}/n)", "description": text, "parameters": {}}
    body = {"model": MODEL, "stream": stream, "user": f"![u]({bait.url}/u)",
            "messages": [{"role": "system", "content": text}, {"role": "user", "content": "0"}],
            "tools": [{"type": "function", "function": function}]}  # fmt: skip
    assert httpx.post(f"{url}/v1/chat/completions", json=body, timeout=60).status_code == 200
    page, asked = watched(chromium, f"{url}/requests?lang={language}", bait)
    expect(page.get_by_role("tab").first).to_be_visible()
    for tab in range(page.get_by_role("tab").count()):
        page.get_by_role("tab").nth(tab).click()
        settled(page)
        for folded in page.locator("details:not([open]) > summary").all()[:8]:
            if folded.is_visible():
                folded.click()
        page.wait_for_timeout(300)
    assert asked == bait.seen == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_form_of_code_that_is_none_loads_something(
    chromium: Browser, url: str, bait: Bait, language: str
) -> None:
    page, asked = watched(chromium, f"{url}/?lang={language}", bait)
    questions = [name for name in texts(bait.url) if name.startswith("fence")]
    assert len(questions) > 4
    for number, question in enumerate(questions):
        ask(page, question)
        answered(page, number + 1)
    page.reload()
    answered(page, len(questions))
    page.wait_for_timeout(1000)
    assert asked == bait.seen == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_diagram_that_loads_nothing_is_drawn(
    chromium: Browser, url: str, bait: Bait, language: str
) -> None:
    page, asked = watched(chromium, f"{url}/?lang={language}", bait)
    ask(page, "plain")
    answered(page)
    # The same stands in the thinking, which is folded.
    drawn = page.locator("img.diagram:visible").first
    button = page.get_by_role("button", name=re.compile("Draw the diagram|绘制此图"))
    expect(drawn.or_(button).first).to_be_visible(timeout=30_000)
    if button.is_visible():
        button.click()
    expect(drawn).to_be_visible(timeout=30_000)
    box = drawn.bounding_box()
    assert box is not None and box["height"] > 60
    assert asked == bait.seen == []


@pytest.mark.parametrize("form", DEEP)
def test_what_is_nested_deeply_is_shown_and_the_tab_lives(
    chromium: Browser, url: str, form: str
) -> None:
    page = visit(chromium, "about:blank")
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(url)
    for number in (1, 2):
        ask(page, form)
        answered(page, number)
    expect(page.get_by_text("bottom").last).to_be_attached()
    page.reload()
    answered(page, 2)
    assert (
        page.evaluate("document.querySelectorAll('blockquote blockquote, li li li li').length")
        < 300
    )
    assert faults == []


def test_nothing_is_loaded_before_it_is_asked_for(chromium: Browser, url: str, bait: Bait) -> None:
    page = visit(chromium, url)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    ask(page, "0")
    button = page.get_by_role("button", name="Load image from 127.0.0.1").first
    expect(button).to_be_visible(timeout=60_000)
    expect(page.locator(".stMain .katex").first).to_be_attached()
    page.wait_for_timeout(1500)
    page.reload()
    expect(button).to_be_visible(timeout=30_000)
    page.wait_for_timeout(1500)
    assert bait.seen == []
    assert not any(bait.url in address for address in asked)
    button.click()
    picture = page.locator(".answer img[src^='blob:']:not(.diagram)").first
    expect(picture).to_be_visible(timeout=30_000)
    assert bait.seen == ["/first.png"]
    assert not any(bait.url in address for address in asked)
