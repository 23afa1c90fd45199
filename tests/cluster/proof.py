"""Nothing is lost unsaid: each part fails in each way while answers and streams are in work.

    python -m tests.cluster.proof                    # each of the sixteen once
    python -m tests.cluster.proof --seconds 600      # in random order, for ten minutes

Forty answers are written through two page processes and a hundred streams run through two
gateways; then one part is killed, stopped, held or cut off, and comes back. Every character that a
backend sent must be stored, or its loss be shown to whoever follows the answer; no stream may be
cut without an error event, unless its own gateway was killed, which the program sees by its
connection.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

from msgspec import Struct, field

from core.translation.messages import text_of
from tests.cluster.pages import Browser, whole
from tests.cluster.streams import Outcome, Streams
from tests.cluster.whole_cluster import PARTS, WAYS, PartName, Way, WholeCluster, whole_cluster
from tests.support.programs import until

AWAY = 5.0
"""Seconds for which a part is away; longer than a database may be silent."""

HANGS = 12.0
"""Seconds for which a page process hangs: the other one takes it for dead meanwhile."""

_LATE = 10
"""Of each ten streams one more is asked for while the part is away."""


class Round(Struct, kw_only=True):
    """One failure, and what became of everything. ``wrong`` says what must not be."""

    part: PartName
    way: Way
    answers: Counter[str] = field(default_factory=Counter)
    streams: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    sent: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        answers = ", ".join(f"{count} {how}" for how, count in sorted(self.answers.items()))
        streams = ", ".join(f"{count} {how}" for how, count in sorted(self.streams.items()))
        line = (
            f"{self.part + ' ' + self.way:16} answers: {answers}; streams: {streams}; "
            f"{self.lost} of {self.sent} characters shown as lost; {self.seconds:.0f} s"
        )
        return line + "".join(f"\n  WRONG {text}" for text in self.wrong)


class Proof:
    """Asks, lets a part fail, and looks at what is left."""

    def __init__(self, cluster: WholeCluster, *, answers: int, streams: int) -> None:
        self._cluster = cluster
        self._answers = answers
        self._streams = streams
        self._turn = 0

    def one(self, part: PartName, way: Way) -> Round:
        """Run one round, and leave all parts as they were."""
        self._turn += 1
        cluster, name = self._cluster, f"{part}{way}{self._turn}"
        made, began = Round(part=part, way=way), time.monotonic()
        browsers = self._ask(name)
        streams = [Streams(cluster.urls, name, self._streams)]
        until(lambda: all(browser.text for browser in browsers), 120, what="all answers")
        until(streams[0].begun, 120, what="all streams")
        fault = cluster.fault(part, way)
        fault.begin()
        streams.append(Streams(cluster.urls, f"{name}late", self._streams // _LATE))
        time.sleep(HANGS if (part, way) == ("page", "hang") else AWAY)
        fault.end()
        cluster.up()
        for some in streams:
            made.streams += some.ended()
            made.wrong += self._unsaid(part, way, some.outcomes)
        self._settle(made, browsers)
        made.seconds = time.monotonic() - began
        return made

    def _ask(self, name: str) -> list[Browser]:
        one, two = self._cluster.pages
        store, half = self._cluster.store, self._answers // 2
        browsers = [Browser(store, f"q{name}a{n}", (one, two)) for n in range(half)]
        browsers += [Browser(store, f"q{name}b{n}", (two, one)) for n in range(half)]
        for browser in browsers:
            browser.start()
        return browsers

    def _unsaid(self, part: PartName, way: Way, outcomes: list[Outcome]) -> Iterator[str]:
        for one in outcomes:
            mine = part == "gateway" and one.gateway == 0
            told = one.end == "told" and mine and way == "stop"
            broken = one.end == "broken" and mine and way == "kill"
            if not (one.end == "whole" or told or broken):
                yield f"stream {one}"

    def _settle(self, made: Round, browsers: list[Browser]) -> None:
        """Wait until all is written that will be, and compare it with what was sent and shown."""
        killed = (made.part, made.way) == ("page", "kill")
        ends = {"complete", "interrupted"} if killed else {"complete"}
        stored, sent = self._cluster.stored, self._cluster.backend.sent
        until(lambda: stored.states(browsers) <= ends, 120, every=0.25, what="the end of answers")
        for browser in browsers:
            if not browser.ended.wait(60):
                made.wrong.append(f"{browser.question}: nobody told its reader of the end")
        cut: list[Browser] = []
        for browser in browsers:
            row, full = stored.answer(browser), whole(browser.question)
            text = text_of(row.message)
            made.answers[row.state] += 1
            made.sent += len(full)
            if row.state == "interrupted":
                made.lost += len(sent[browser.question]) - len(text)
                if browser.states[-1] != "interrupted" or not full.startswith(text):
                    made.wrong.append(f"{browser.question}: {browser.states} of {text!r}")
                cut.append(browser)
            elif text != full:
                made.wrong.append(f"{browser.question} is complete with {text!r}")
            elif browser.states[-1] == "complete" and browser.text != full:
                made.wrong.append(f"{browser.question} is shown as {browser.text!r}")
        self._go_on(made, cut)
        for browser in browsers:
            browser.close()

    def _go_on(self, made: Round, cut: list[Browser]) -> None:
        """Check that the button of an answer that was cut brings the rest."""
        page = self._cluster.pages[1]

        def click(browser: Browser) -> None:
            browser.go_on(page, self._cluster.stored.answer(browser).id)

        with ThreadPoolExecutor(max(len(cut), 1)) as pool:
            list(pool.map(click, cut))
        for browser in cut:
            if browser.text != whole(browser.question):
                made.wrong.append(f"{browser.question} goes on as {browser.text!r}")


def rounds(seconds: float, chance: random.Random) -> Iterator[tuple[PartName, Way]]:
    """Yield each part with each way once; with ``seconds`` again and again in random order, until
    the time is over.
    """
    all_of_them = list(product(PARTS, WAYS))
    end = time.monotonic() + seconds
    while seconds and time.monotonic() < end:
        chance.shuffle(all_of_them)
        for one in all_of_them:
            yield one
            if time.monotonic() >= end:
                break
    if not seconds:
        yield from all_of_them


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Print a line for each failure, and what became of all."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    arguments.add_argument("--seconds", type=float, default=0)
    arguments.add_argument("--answers", type=int, default=40)
    arguments.add_argument("--streams", type=int, default=100)
    arguments.add_argument("--pause", type=float, default=0.2)
    arguments.add_argument("--seed", type=int)
    options = arguments.parse_args()
    answers, streams = Counter[str](), Counter[str]()
    lost = sent = wrong = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        whole_cluster(Path(folder), pause=options.pause) as cluster,
    ):
        proof = Proof(cluster, answers=options.answers, streams=options.streams)
        for part, way in rounds(options.seconds, random.Random(options.seed)):
            done = proof.one(part, way)
            _say(str(done))
            answers += done.answers
            streams += done.streams
            lost, sent, wrong = lost + done.lost, sent + done.sent, wrong + len(done.wrong)
    _say(f"{dict(answers)} answers, {dict(streams)} streams")
    _say(f"{lost} of {sent} characters lost, each shown as such; {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
