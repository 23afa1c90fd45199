"""Two processes of the pages on one PostgreSQL, and browsers that ask and follow answers there."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx

from core.chats.feed.tickets import Tickets
from core.chats.store.store import Store
from core.chats.values.chat import ChatMessage
from core.translation.messages import text_of
from tests.support.programs import Program, answers, free_port
from tests.support.scripted_backend import Said, Scripted
from ui.session.identity import COOKIE, browser_mark

CHAT = "/api/chat"
MODEL = "slow:1b"
PAUSE = 0.08
WORDS = 60
"""Words of an answer, each a piece of its stream: some five seconds."""


def whole(question: str) -> str:
    """Return all that a backend has to say to a question."""
    return "".join(f"{question}.{number} " for number in range(WORDS))


class Sending(Sequence[bytes]):
    """Pieces of a stream that notes how much of it has been sent."""

    def __init__(self, backend: SlowBackend, question: str, said: str) -> None:
        self._backend = backend
        self._question = question
        rest = whole(question)[len(said) :]
        self._words = [word + " " for word in rest.split(" ")[:-1]]

    def __len__(self) -> int:
        return len(self._words) + 1

    def __getitem__(self, place: Any) -> Any:
        raise NotImplementedError

    def __iter__(self) -> Iterator[bytes]:
        for word in self._words:
            yield _line({"message": {"role": "assistant", "content": word}, "done": False})
            self._backend.sent[self._question] += word
        yield _line({"message": {"role": "assistant", "content": ""}, "done": True,
                     "done_reason": "stop", "eval_count": 1, "prompt_eval_count": 1})  # fmt: skip


class SlowBackend:
    """Writes the same answer to a question always, slowly, and goes on with one that was cut."""

    def __init__(self, scripted: Scripted, *, pause: float = PAUSE) -> None:
        self.sent: dict[str, str] = {}
        self._pause = pause
        self.url = scripted.url
        entry = {"name": MODEL, "model": MODEL, "size": 5, "digest": "a", "details": {}}
        scripted.json("/api/tags", {"models": [entry]})
        scripted.json("/api/ps", {"models": []})
        scripted.thinks(CHAT, self._say)

    def _say(self, body: dict[str, Any]) -> Said:
        turns = body["messages"]
        question = next(turn["content"] for turn in turns if turn["role"] == "user")
        if not question.startswith("q"):  # a title
            return Said([_line({"message": {"role": "assistant", "content": "T"}, "done": True})])
        said = next((turn["content"] for turn in turns if turn["role"] == "assistant"), "")
        self.sent.setdefault(question, "")
        return Said(
            Sending(self, question, said),  # type: ignore[arg-type]
            content_type="application/x-ndjson",
            pause=self._pause,
        )


def _line(value: Any) -> bytes:
    return json.dumps({"model": MODEL, "created_at": "2026-01-01T00:00:00Z", **value}).encode() + (
        b"\n"
    )


class PageProcess(Program):
    """``streamlit run app.py`` with folders of its own."""

    def __init__(
        self, folder: Path, database: str, backend: str, config: str, *, front: int = 0
    ) -> None:
        folder.mkdir()
        self.port = free_port()
        # Where others reach it, if not at its own port.
        self.url = f"http://127.0.0.1:{front or self.port}"
        file = folder / "config.yaml"
        file.write_text(config)
        environ = {
            "OLLAMA_HOST": backend,
            "DIGLOT_CONFIG": str(file),
            "DIGLOT_DATABASE": database,
            "XDG_DATA_HOME": str(folder),
        }
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port",
                   str(self.port), "--server.address", "127.0.0.1"]  # fmt: skip
        super().__init__(command, log=folder / "app.log", environ=environ)

    def up(self) -> None:
        """Wait until it answers."""
        self.ready(lambda: answers(f"http://127.0.0.1:{self.port}/v1/models"), 120)


class Browser:
    """A browser without a screen: it asks the first process, and follows wherever one answers."""

    def __init__(self, store: Store, question: str, pages: Sequence[PageProcess]) -> None:
        self.owner = question.rjust(43, "b")
        self.question = question
        self.pages = pages
        self.chat = ""
        self.text = ""
        self.states: list[str] = []
        self.ended = threading.Event()
        cookies = {COOKIE: self.owner}
        tickets = Tickets()
        tickets.share(store.common.secret("tickets"))
        headers = {"x-diglot-ticket": tickets.make(self.owner, browser_mark(cookies))}
        self._client = httpx.Client(timeout=httpx.Timeout(20, read=20), headers=headers,
                                    cookies=cookies)  # fmt: skip
        self._places: dict[str, str] = {}
        self._thread = threading.Thread(target=self._work, daemon=True)

    def start(self) -> None:
        """Ask."""
        self._thread.start()

    def close(self) -> None:
        """Leave."""
        self._thread.join(60)
        self._client.close()

    def go_on(self, page: PageProcess, message: str) -> None:
        """Click the button of an answer that was cut, in a process."""
        deed = {"do": "write_on", "message": message, "options": [{"model": MODEL}]}
        url = f"{page.url}/ui/chats/{self.chat}"
        with self._client.stream("POST", url, json=deed) as answer:
            assert answer.status_code == 200
            self._read(answer)

    def _work(self) -> None:
        deed = {"do": "ask", "text": self.question, "options": [{"model": MODEL}]}
        if self._follows("POST", f"{self.pages[0].url}/ui/chats/new", json=deed):
            self.ended.set()
            return
        end = time.monotonic() + 90
        while time.monotonic() < end:
            # As a balancer does: whoever answers.
            for page in reversed(self.pages):
                url = f"{page.url}/ui/chats/{self.chat}/answers"
                if self._follows("GET", url, params=self._places):
                    self.ended.set()
                    return
            time.sleep(0.25)

    def _follows(self, method: str, url: str, **more: Any) -> bool:
        try:
            with self._client.stream(method, url, **more) as answer:
                return answer.status_code == 200 and self._read(answer)
        except httpx.TransportError:
            return False

    def _read(self, answer: httpx.Response) -> bool:
        """Return whether the end of all answers was told."""
        event, failed = "", False
        for line in answer.iter_lines():
            if line.startswith("event: "):
                event = line[7:]
            elif line.startswith("data: "):
                self._told(event, json.loads(line[6:]))
                failed = failed or event == "failed"
                if event == "end":
                    return not failed
        return False

    def _told(self, event: str, data: dict[str, Any]) -> None:
        if event == "chat":
            self.chat = data["id"]
            last = data["messages"][-1]
            self.states.append(last.get("state", "complete"))
            if last.get("at"):
                self._places = {last["id"]: last["at"]}
            self.text = last.get("text", "")
        elif event == "grow":
            self._places = {data["id"]: data["at"]}
            self.text = (
                data.get("text", "") if data.get("anew") else self.text + data.get("text", "")
            )


class ProgramStream:
    """A program that asks a page process for a stream by OpenAI's API."""

    def __init__(self, page: PageProcess, question: str) -> None:
        self._lines: list[str] = []
        self._begun = threading.Event()
        body = {"model": MODEL, "stream": True, "messages": [{"role": "user", "content": question}]}
        self._thread = threading.Thread(target=self._read, args=(page, body), daemon=True)
        self._thread.start()
        assert self._begun.wait(30)

    def lines(self) -> list[str]:
        """Return all lines that are not empty, once the stream has ended."""
        self._thread.join(30)
        assert not self._thread.is_alive()
        return self._lines

    def whole(self) -> bool:
        """Tell whether the stream had its end."""
        return self.lines()[-1] == "data: [DONE]"

    def _read(self, page: PageProcess, body: dict[str, Any]) -> None:
        url = f"{page.url}/v1/chat/completions"
        with httpx.stream("POST", url, json=body, timeout=30) as answer:
            for line in answer.iter_lines():
                self._lines += [line] if line else []
                self._begun.set()


class Stored:
    """What the database has of the answers to questions."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def answer(self, browser: Browser) -> ChatMessage:
        """Return the row of the answer."""
        return self._store.path(browser.owner, browser.chat)[-1]

    def states(self, browsers: Sequence[Browser]) -> set[str]:
        """Return the states of all their answers."""
        return {self.answer(browser).state for browser in browsers}

    def texts(self, browsers: Sequence[Browser]) -> dict[str, str]:
        """Return the texts of all their answers, by question."""
        return {b.question: text_of(self.answer(b).message) for b in browsers}
