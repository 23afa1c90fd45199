"""How quick the chat page is, in a real Chromium: with little in the store, and with much.

    python bench/ui.py                 # needs Debian's chromium and requirements-dev.txt

A scripted backend answers at once, so what is measured is Diglot, Streamlit and the browser,
which share this machine's cores. Times are medians, in milliseconds.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, Page, expect  # noqa: E402  # found through the line above

from bench.ui_scripts import FRAMES, PAGE, RERUN, STOP, SWITCH, WATCH  # noqa: E402
from core.chats.store.store import Store  # noqa: E402
from core.chats.values.chat import ChatMessage  # noqa: E402
from core.translation.messages import Message, Text  # noqa: E402
from tests.support.programs import Program, answers, free_port  # noqa: E402
from tests.support.scripted_backend import Said, Scripted, running  # noqa: E402
from tests.ui.app_process import browser, running_app, visit  # noqa: E402

MODEL = {"name": "fast:1b", "model": "fast:1b", "digest": "d" * 64, "size": 1}
PARAGRAPH = "A sentence of some words that a model might have written here. " * 5 + "\n\n"
CODE = "    value = compute(value, other)  # and so on\n"
_COMPOSER, _BOX = '[data-testid="composer"]:enabled', "[data-testid=stCheckbox]"
QUERIES = {"a word of every chat": "lighthouse", "a word of one": "word7777", "中文": "灯塔"}

# What the pages are measured beside: all that a page of Streamlit's costs in any case.
TRIVIAL = "import streamlit as st\nst.checkbox('go')\n"


def main() -> None:
    """Measure and print tables in Markdown."""
    parser = argparse.ArgumentParser(description="Measure the chat page.")
    parser.add_argument("--chats", type=int, default=10_000, help="chats of the full store")
    parser.add_argument("--rounds", type=int, default=7, help="how often each time is taken")
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.2f}, {os.cpu_count()} cores\n")
    with backend() as scripted, tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        with running_app(place, extra={"OLLAMA_HOST": scripted.url}) as url, browser() as chromium:
            times(chromium, url, place, options)
            trivial(chromium, place, options.rounds)
            sizes(chromium, url, scripted)


def times(chromium: Browser, url: str, folder: Path, options: argparse.Namespace) -> None:
    """Print the table of times."""
    print("| what | small: 10 chats, 10 messages | full: 1,000 messages |")
    print("|---|--:|--:|")
    rows: dict[str, list[str]] = {}
    store = Store(f"sqlite:///{folder / 'chats.db'}")
    page = visit(chromium, url)
    usable(page)
    (owner,) = (c["value"] for c in page.context.cookies() if c["name"] == "diglot_owner")
    short = fill(store, owner, 10, 10)
    measured(rows, chromium, page, f"{url}/?c={short}", options.rounds)
    searched(rows, store, owner)
    began = time.perf_counter()
    full = fill(store, owner, options.chats, 1000)
    filled = time.perf_counter() - began
    measured(rows, chromium, page, f"{url}/?c={full}", options.rounds)
    searched(rows, store, owner)
    for name, (small, big) in rows.items():
        print(f"| {name} | {small} | {big} |")
    print(f"\nThe full store has {options.chats:,} chats; filling it took {filled:.0f} s.\n")
    store.close()
    page.context.close()


def trivial(chromium: Browser, folder: Path, rounds: int) -> None:
    """Print the times of a page with nothing but a checkbox."""
    script = folder / "trivial.py"
    script.write_text(TRIVIAL)
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    app = Program(command, log=folder / "trivial.log")
    app.start()
    url = f"http://127.0.0.1:{port}"
    try:
        app.ready(lambda: answers(f"{url}/_stcore/health"), 60)
        opened = [opening_trivial(chromium, url) for _ in range(rounds)]
        page = chromium.new_page()
        page.add_init_script(f"({FRAMES})()")
        page.goto(url)
        usable(page, _BOX)
        again = [reloading(page, _BOX) for _ in range(rounds)]
        runs = [page.evaluate(RERUN, f"{_BOX} input") for _ in range(2 * rounds)]
        page.close()
    finally:
        app.stop()
    print(
        f"A page of Streamlit's with nothing but a checkbox: open {_median(opened)}, "
        f"reload {_median(again)}, rerun {_median(runs[2:])}.\n"
    )


def opening_trivial(chromium: Browser, url: str) -> float:
    """Return how long a new browser takes to show the trivial page."""
    context = chromium.new_context()
    page = context.new_page()
    began = time.perf_counter()
    page.goto(url)
    usable(page, _BOX)
    took = time.perf_counter() - began
    context.close()
    return took * 1000


def measured(
    rows: dict[str, list[str]], chromium: Browser, page: Page, link: str, rounds: int
) -> None:
    """Add the times of one chat."""
    add = rows.setdefault
    opened = [opening(chromium, page, link) for _ in range(rounds)]
    add("open the link to usable, empty cache", []).append(_median(opened))
    page.add_init_script(f"({FRAMES})()")
    page.goto(link)
    usable(page)
    again = [reloading(page) for _ in range(rounds)]
    add("reload to usable", []).append(_median(again))
    runs = [page.evaluate(RERUN, "[data-do=temporary]") for _ in range(2 * rounds)]
    add("rerun after a click", []).append(_median(runs[2:]))
    add("open another chat", []).append(_median([switching(page, n) for n in range(rounds)]))
    away = [between(page) for _ in range(rounds)]
    add("to another page", []).append(_median([there for there, _ in away]))
    add("and back to the chat", []).append(_median([back for _, back in away]))
    page.goto(link)
    usable(page)
    page.evaluate(WATCH)
    keys = [asking(page, number) for number in range(rounds)]
    add("Enter to one's own message shown", []).append(_median([own for own, _ in keys]))
    add("Enter to first token shown", []).append(_median([first for _, first in keys]))
    add("Stop to stopped", []).append(_median([stopping(page) for _ in range(rounds)]))


def opening(chromium: Browser, known: Page, link: str) -> float:
    """Return how long a new browser of the same person takes to be usable."""
    context = chromium.new_context(storage_state=known.context.storage_state())
    page = context.new_page()
    began = time.perf_counter()
    page.goto(link)
    usable(page)
    took = time.perf_counter() - began
    context.close()
    return took * 1000


def reloading(page: Page, place: str = _COMPOSER) -> float:
    began = time.perf_counter()
    page.reload()
    usable(page, place)
    return (time.perf_counter() - began) * 1000


def switching(page: Page, number: int) -> float:
    """Return how long it takes to open another chat of the list."""
    line = page.get_by_test_id("chat-line").nth(1 + number % 8).locator(".line")
    took: float = line.evaluate(SWITCH)
    usable(page)
    return took


def between(page: Page) -> tuple[float, float]:
    """Return how long it takes to another page, and back."""
    there: float = page.evaluate(PAGE, "h2")
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    back: float = page.evaluate(PAGE, "[data-testid=message]")
    usable(page)
    return there, back


def usable(page: Page, place: str = _COMPOSER) -> None:
    """Wait until one can type, and everything is drawn."""
    page.wait_for_selector(place)
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')


def asking(page: Page, number: int) -> tuple[float, float]:
    """Return how long after the Enter key the question and the first token stand there."""
    asked = f"say {number}"
    page.evaluate(
        "([asked, wanted]) => Object.assign(window, {asked, wanted})", [asked, f"token{number}."]
    )
    page.get_by_test_id("composer").fill(asked)
    page.keyboard.press("Enter")
    page.wait_for_function("() => window.seen.first > 0 && window.seen.own > 0")
    own, first = page.evaluate("() => [window.seen.own, window.seen.first]")
    page.wait_for_timeout(500)
    usable(page)
    return own, first


def stopping(page: Page) -> float:
    """Return how long after a click on Stop the answer says that it was stopped."""
    page.get_by_test_id("composer").fill("text 100000 200")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Stop").wait_for()
    page.wait_for_timeout(300)
    took: float = page.evaluate(STOP)
    page.wait_for_timeout(300)
    usable(page)
    return took


def searched(rows: dict[str, list[str]], store: Store, owner: str) -> None:
    """Add the times of searching."""
    for name, words in QUERIES.items():
        spent = []
        for _ in range(20):
            began = time.perf_counter()
            store.search.find(owner, words)
            spent.append((time.perf_counter() - began) * 1000)
        rows.setdefault(f"search for {name}", []).append(f"{statistics.median(spent):.1f}")


def fill(store: Store, owner: str, chats: int, messages: int) -> str:
    """Add chats of four messages each, and one with many; return that one's id."""
    for number in range(chats):
        rows = rows_of(4, f"word{number}")
        store.add_chat(owner, title=f"Chat {number}", rows=rows, leaf="last")
    return store.add_chat(owner, title="The one", rows=rows_of(messages, "long"), leaf="last").id


def rows_of(count: int, word: str) -> list[ChatMessage]:
    """Return a chat of so many messages, each of some hundred characters."""
    now = time.time_ns()
    rows: list[ChatMessage] = []
    for number in range(count):
        role = "user" if number % 2 == 0 else "assistant"
        text = f"{word} of the lighthouse 灯塔 number {number}. " + "Some more words. " * 10
        known = "last" if number == count - 1 else str(number)
        rows.append(
            ChatMessage(
                id=known,
                chat_id="",
                parent_id=str(number - 1) if number else None,
                message=Message(role=role, parts=(Text(text),)),
                model="fast:1b" if role == "assistant" else "",
                created=now + number,
                updated=now + number,
            )
        )
    return rows


def sizes(chromium: Browser, url: str, scripted: Scripted) -> None:
    """Print how many bytes a streamed answer costs."""
    print("| answer | bytes a second | bytes to the browser per answer byte |")
    print("|---|--:|--:|")
    for kind, size, rate in (
        ("text", 1_000, 200), ("text", 10_000, 200),
        ("text", 1_000, 4_000), ("text", 10_000, 4_000), ("text", 100_000, 4_000),
        ("code", 1_000, 4_000), ("code", 10_000, 4_000), ("code", 100_000, 4_000),
    ):  # fmt: skip
        page = visit(chromium, url)
        usable(page)
        received = counted(page)
        page.get_by_test_id("composer").fill(f"{kind} {size} {rate}")
        before = received()
        page.keyboard.press("Enter")
        expect(page.get_by_text("tok/s")).to_be_visible(timeout=240_000)
        usable(page)
        print(f"| {kind}, {size / 1000:.0f} KB | {rate:,} | {(received() - before) / size:.1f} |")
        page.context.close()


def counted(page: Page) -> Callable[[], int]:
    """Return what tells how many bytes have come to the page, not compressed."""
    total = 0

    def add(frame: dict[str, Any]) -> None:
        nonlocal total
        data = frame["response"]["payloadData"]
        binary = frame["response"]["opcode"] == 2
        total += len(base64.b64decode(data)) if binary else len(data)

    def add_body(part: dict[str, Any]) -> None:
        nonlocal total
        total += part["dataLength"]

    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.webSocketFrameReceived", add)
    session.on("Network.dataReceived", add_body)
    page.reload()
    usable(page)
    return lambda: total


@contextmanager
def backend() -> Iterator[Scripted]:
    """Run an Ollama that answers at once, or at the rate that a question asks for."""
    with running() as scripted:
        scripted.json("/api/tags", {"models": [MODEL]})
        scripted.json("/api/ps", {"models": []})
        scripted.json("/api/show", {"capabilities": ["completion"], "template": ""})
        scripted.thinks("/api/chat", answer)
        yield scripted


def answer(body: dict[str, Any]) -> Said:
    asked = str(body["messages"][-1]["content"]).split()
    if len(asked) != 3 or asked[0] not in ("text", "code"):
        return said([f"token{asked[-1]}. ", "And ", "no ", "more."], 0.0)
    kind, size, rate = asked[0], int(asked[1]), int(asked[2])
    once = PARAGRAPH if kind == "text" else CODE
    text = (("```python\n" if kind == "code" else "") + once * (size // len(once) + 1))[:size]
    # A timer is no finer than a millisecond or so: pieces are larger where it goes fast.
    step = 4 if rate < 1000 else 40
    return said([text[at : at + step] for at in range(0, size, step)], step / rate)


def said(pieces: list[str], pause: float) -> Said:
    lines: list[dict[str, Any]] = [
        {"message": {"role": "assistant", "content": piece}, "done": False} for piece in pieces
    ]
    counts = {"prompt_eval_count": 10, "eval_count": len(pieces), "eval_duration": 10**9}
    lines.append({"message": {"role": "assistant", "content": ""}, "done": True, **counts})
    head = {"model": "fast:1b", "created_at": "2026-01-01T00:00:00Z"}
    data = [json.dumps({**head, **line}).encode() + b"\n" for line in lines]
    return Said(data, content_type="application/x-ndjson", pause=pause)


def _median(values: list[float]) -> str:
    return f"{statistics.median(values):,.0f}"


if __name__ == "__main__":
    main()
