"""What an answer names is loaded only when somebody asks for it, in a real Chromium."""

from __future__ import annotations

import http.server
import json
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.support.scripted_backend import Said, Scripted
from tests.ui.actor import acting
from tests.ui.app_process import running_app, visit
from tests.ui.steps import ask
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
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


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


def said(url: str) -> str:
    """Return an answer of all forms that leave no code open."""
    forms = [text.replace("http://bait.example", f"{url}/{n}").replace("//bait.example", url[5:])
             for n, text in enumerate(FORMS.values())]  # fmt: skip
    closed = [text for text in forms if not re.search("```|~~~", text)]
    latex = [f"$\\includegraphics{{{url}/l1}}$", f"$\\href{{{url}/l2}}{{x}}$"]
    html = [f"<img src='{url}/h1'>", f"<svg><image href='{url}/h2'/></svg>",
            f"<style>@import url({url}/h3)</style>", f"<link rel=stylesheet href='{url}/h4'>",
    ]  # fmt: skip
    drawn = "$x^2 + y$"
    first = f"![first]({url}/first.png)"
    whole = "\n\n".join([first, drawn, *closed, *latex, *html, *diagrams(url)])
    return whole


@pytest.fixture(scope="module")
def backend(bait: Bait) -> Iterator[Scripted]:
    text = said(bait.url)

    def mind(body: dict[str, Any]) -> Said:
        told = text
        step = max(40, len(told) // 20)
        parts = [told[i : i + step] for i in range(0, len(told), step)]
        messages = [{"thinking": part} for part in parts[:10]]
        messages += [{"content": part} for part in parts]
        lines: list[dict[str, Any]] = [
            {"model": MODEL, "message": {"role": "assistant", "content": "", **one}, "done": False}
            for one in messages
        ]
        end = {"model": MODEL, "message": {"role": "assistant", "content": told}, "done": True,
               "done_reason": "stop"}  # fmt: skip
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
