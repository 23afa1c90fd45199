"""Two processes of the pages: one is killed, hangs or is stopped while answers are written."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from core.chats.store.store import Store
from tests.cluster.pages import (
    Browser,
    PageProcess,
    ProgramStream,
    SlowBackend,
    Stored,
    whole,
)
from tests.support.programs import until
from tests.support.scripted_backend import running

pytestmark = pytest.mark.slow

EACH = 10
"""Answers that each process writes at the same time."""

CONFIG = """
diglot: {shutdown_delay: 0.5, drain: 1}
"""


class Pages:
    """Two processes, what they ask, and what they store."""

    def __init__(self, folder: Path, url: str, backend: SlowBackend) -> None:
        self.backend = backend
        self.store = Store(url)
        self.stored = Stored(self.store)
        self.processes = [
            PageProcess(folder / name, url, backend.url, CONFIG) for name in ("one", "two")
        ]
        self._browsers: list[Browser] = []

    def up(self) -> None:
        """Start what does not run."""
        for process in self.processes:
            if process.ended is not None or not process.started:
                process.stop()
                process.start()
        for process in self.processes:
            process.up()

    def ask(self, name: str) -> tuple[list[Browser], list[Browser]]:
        """Ask both; return the browsers of each once all answers are being written."""
        one, two = self.processes
        mine = [Browser(self.store, f"q{name}{n}", (one, two)) for n in range(EACH)]
        others = [Browser(self.store, f"q{name}o{n}", (two, one)) for n in range(EACH)]
        self._browsers += [*mine, *others]
        for browser in (*mine, *others):
            browser.start()
        until(lambda: all(browser.text for browser in (*mine, *others)))
        return mine, others

    def close(self) -> None:
        for process in self.processes:
            process.stop()
        for browser in self._browsers:
            browser.close()
        self.store.close()


@pytest.fixture(scope="module")
def pages(
    postgresql: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pages]:
    with ExitStack() as stack:
        backend = SlowBackend(stack.enter_context(running()))
        url = postgresql(f"pages_{time.monotonic_ns()}")
        made = Pages(tmp_path_factory.mktemp("pages"), url, backend)
        stack.callback(made.close)
        yield made


def all_whole(pages: Pages, browsers: list[Browser]) -> None:
    """Every answer is stored whole and was shown whole."""
    until(lambda: pages.stored.states(browsers) == {"complete"}, what="complete answers")
    for question, text in pages.stored.texts(browsers).items():
        assert text == whole(question)
    for browser in browsers:
        assert browser.ended.wait(30)
        assert browser.text == whole(browser.question)


def test_a_killed_process_leaves_answers_that_say_so_and_are_gone_on_with(pages: Pages) -> None:
    pages.up()
    mine, others = pages.ask("kill")
    until(lambda: all(len(browser.text) > 100 for browser in mine))
    pages.processes[0].kill()
    # Whoever followed there follows in the other process, and is told that it was cut.
    until(lambda: "running" not in pages.stored.states(mine), what="the end of the lost")
    # On a busy machine one or another had come to its end before.
    cut = [browser for browser in mine if pages.stored.states([browser]) == {"interrupted"}]
    assert cut
    for question, text in pages.stored.texts(mine).items():
        assert whole(question).startswith(text)
        # What came in the moments before it died is gone, and no more.
        assert text
    for browser in mine:
        assert browser.ended.wait(30)
        assert browser.states[-1] == ("interrupted" if browser in cut else "complete")
    all_whole(pages, others)
    cut[0].go_on(pages.processes[1], pages.stored.answer(cut[0]).id)
    all_whole(pages, cut[:1])


def test_a_process_that_hangs_for_a_while_loses_nothing(pages: Pages) -> None:
    pages.up()
    mine, others = pages.ask("hang")
    pages.processes[0].hold()
    try:
        # The other one takes them for lost, and says so.
        until(lambda: "running" not in pages.stored.states(mine), what="the end of the lost")
        assert "interrupted" in pages.stored.states(mine)
        all_whole(pages, others)
    finally:
        pages.processes[0].go_on()
    until(lambda: pages.stored.states(mine) == {"complete"}, what="the rest")
    for question, text in pages.stored.texts(mine).items():
        assert text == whole(question)


def test_a_process_that_is_stopped_leaves_its_answers_to_the_other(pages: Pages) -> None:
    pages.up()
    mine, others = pages.ask("stop")
    program = ProgramStream(pages.processes[0], "qprogram")
    began = time.monotonic()
    pages.processes[0].terminate()
    pages.processes[0].wait(20)
    # A program cannot be handed over: it is told.
    assert not program.whole() and "being stopped" in "".join(program.lines()[-2:])
    # The delay and the drain, and no more than moments: not the seconds that the rest takes.
    assert time.monotonic() - began < 8
    all_whole(pages, mine)
    all_whole(pages, others)
    assert all("interrupted" not in browser.states for browser in mine)
    # What had come was kept: the rest is asked for, not all of it anew.
    sent = sum(len(pages.backend.sent[browser.question]) for browser in mine)
    assert sent < 1.8 * sum(len(whole(browser.question)) for browser in mine)
