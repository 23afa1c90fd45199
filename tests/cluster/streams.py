"""Programs that read streams through two gateways, and what became of each stream."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Literal

import httpx
from msgspec import Struct

from tests.cluster.pages import MODEL, whole

KEY = "sk-ada-not-a-secret-0123456789"

End = Literal["whole", "told", "broken", "refused", "wrong"]
"""``told``: with an error event. ``broken``: the connection, so that the program sees it."""


class Outcome(Struct, frozen=True):
    """How one stream ended, at which gateway it was, and how much of it came."""

    question: str
    end: End
    gateway: int
    text: str
    said: str = ""


class Streams:
    """So many at once, in a thread; they go to the gateways in turn, and to the other one where
    nobody listens, as a balancer does.
    """

    def __init__(self, gateways: Sequence[str], name: str, number: int) -> None:
        self._gateways = gateways
        self._questions = [f"q{name}s{n}" for n in range(number)]
        self._begun = 0
        self.outcomes: list[Outcome] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def begun(self) -> bool:
        """Tell whether all of them have brought text, or have ended."""
        return self._begun >= len(self._questions)

    def ended(self, seconds: float = 120) -> Counter[str]:
        """Wait for the end of all; return how many ended how."""
        self._thread.join(seconds)
        assert not self._thread.is_alive(), "some streams never end"
        return Counter(outcome.end for outcome in self.outcomes)

    def _run(self) -> None:
        asyncio.run(self._all())

    async def _all(self) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        async with httpx.AsyncClient(timeout=90, limits=limits) as client:
            asked = enumerate(self._questions)
            self.outcomes = list(
                await asyncio.gather(*(self._one(client, at, text) for at, text in asked))
            )

    async def _one(self, client: httpx.AsyncClient, at: int, question: str) -> Outcome:
        body = {"model": MODEL, "stream": True, "messages": [{"role": "user", "content": question}]}
        headers = {"authorization": f"Bearer {KEY}"}
        begun, lines = False, list[str]()
        for place in (at % 2, 1 - at % 2):
            url = f"{self._gateways[place]}/v1/chat/completions"
            lines.clear()
            try:
                async with client.stream("POST", url, json=body, headers=headers) as answer:
                    if answer.status_code == 503:
                        continue  # it is being stopped
                    async for line in answer.aiter_lines():
                        lines += [line] if line else []
                        if not begun and line:
                            begun = True
                            self._begun += 1
            except httpx.TransportError as error:
                if not lines:
                    continue  # nothing was heard: another one is asked
                return self._outcome(question, place, lines, type(error).__name__)
            return self._outcome(question, place, lines, "")
        self._begun += 1
        return Outcome(question, "refused", 0, "")

    def _outcome(self, question: str, place: int, lines: Sequence[str], broken: str) -> Outcome:
        done, text, error = False, "", ""
        for line in lines:
            data = line.removeprefix("data: ")
            if data == "[DONE]":
                done = True
            elif line.startswith("data: "):
                value = json.loads(data)
                error = str(value["error"]) if "error" in value else error
                for choice in value.get("choices", ()):
                    text += choice["delta"].get("content") or ""
        full = whole(question)
        end: End = "wrong"
        if done and not error and text == full:
            end = "whole"
        elif error and full.startswith(text):
            end = "told"
        elif broken and full.startswith(text):
            end = "broken"
        return Outcome(question, end, place, text, error or broken or "".join(lines[-1:]))
