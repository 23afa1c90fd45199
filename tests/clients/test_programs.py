"""Each program of the docs page does a day's work over the gateway, set up as the page says.

``make clients`` installs the programs outside of the repository and runs this; without them a
test is skipped and says what is missing.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.clients.coder import CONTENT, DONE, coding
from tests.clients.snippets import PAGES, SECTIONS, Section, read_page
from tests.gateway.test_app import gateway
from tests.support.programs import until
from tests.support.scripted_backend import Scripted

FOLDER = Path(os.environ.get("DIGLOT_CLIENTS") or Path.home() / ".cache" / "diglot" / "clients")
CONFIG = """
model_list:
  - model_name: m
    litellm_params: {{model: ollama_chat/m, api_base: "{url}"}}
"""
SECONDS = 120

# What each section's command needs of what scripts/install_clients.sh installs.
NEEDS = {
    "Codex": "node/node_modules/.bin/codex",
    "Claude Code": "node/node_modules/.bin/claude",
    "opencode": "node/node_modules/.bin/opencode",
    "Qwen Code": "node/node_modules/.bin/qwen",
    "pi": "node/node_modules/.bin/pi",
    "aider": "aider/bin/aider",
    "llm": "python/bin/llm",
    "Vercel AI SDK": "node/node_modules/@ai-sdk/openai",
    "openai (JavaScript)": "node/node_modules/openai",
    "@anthropic-ai/sdk (JavaScript)": "node/node_modules/@anthropic-ai/sdk",
    "OpenAI Agents SDK": "python/lib/python3*/site-packages/agents",
    "LangGraph": "python/lib/python3*/site-packages/langgraph",
}

INSPECTOR = "MCP Inspector"
# What asks no model, but calls the tools that Diglot itself offers.
TOOL_CLIENTS = {INSPECTOR: "node/node_modules/@modelcontextprotocol/inspector"}
PLACES = {**NEEDS, **TOOL_CLIENTS}

pytestmark = pytest.mark.clients
program = pytest.mark.parametrize("name", NEEDS)


@dataclass
class Desk:
    """A program that is set up, the folder that it works in, and the model that it asks."""

    name: str
    section: Section
    home: Path
    work: Path
    url: str
    backend: Scripted

    def start(self, words: str, model: str = "m") -> subprocess.Popen[str]:
        """Run the program with these words of its user."""
        command = self.section.write(self.home, self.work, url=self.url, model=model, words=words)
        paths = [str(FOLDER / "node/node_modules/.bin"), *self._python(), os.environ["PATH"]]
        environ = {
            "HOME": str(self.home),
            "PATH": ":".join(paths),
            "NO_PROXY": "127.0.0.1",
            "LANG": "C.UTF-8",
        }
        return subprocess.Popen(
            ["bash", "-c", command],
            cwd=self.work,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def _python(self) -> list[str]:
        return [str(FOLDER / PLACES[self.name].partition("/")[0] / "bin")]

    def run(self, words: str, model: str = "m") -> tuple[int, str]:
        """Run the program to its end; return its status and what it said."""
        running = self.start(words, model)
        try:
            said, _ = running.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            said, _ = running.communicate()
            pytest.fail(f"{self.name} did not end within {SECONDS} s:\n{said}")
        return running.returncode, said

    def chats(self) -> list[dict[str, object]]:
        """Return the requests that came to the model."""
        return self.backend.bodies("/api/chat")


@contextmanager
def set_up(name: str, folder: Path) -> Iterator[Desk]:
    if not [*FOLDER.glob(PLACES[name])]:
        pytest.skip(f"{PLACES[name]} is not in {FOLDER}: run make clients")
    home, work = folder / "home", folder / "work"
    home.mkdir()
    work.mkdir()
    # Programs that look for modules find them as in a project of their own.
    (work / "node_modules").symlink_to(FOLDER / "node/node_modules")
    with (
        coding(work) as backend,
        gateway(CONFIG.format(url=backend.url), folder) as url,
    ):
        yield Desk(name, replace(SECTIONS[name]), home, work, url, backend)


@program
def test_it_writes_a_file_and_then_answers(name: str, tmp_path: Path) -> None:
    with set_up(name, tmp_path) as desk:
        status, said = desk.run("write one.txt please")
        assert status == 0, said
        assert (desk.work / "one.txt").read_text().strip() == CONTENT, said
        assert DONE in said


@program
def test_it_makes_two_calls_at_once(name: str, tmp_path: Path) -> None:
    with set_up(name, tmp_path) as desk:
        status, said = desk.run("write one.txt and two.txt please")
        assert status == 0, said
        for path in ("one.txt", "two.txt"):
            assert (desk.work / path).read_text().strip() == CONTENT, said
        assert DONE in said


@program
def test_the_model_stops_when_it_is_stopped(name: str, tmp_path: Path) -> None:
    with set_up(name, tmp_path) as desk:
        running = desk.start("talk slowly please")
        try:
            until(lambda: any(_slow(chat) for chat in desk.chats()), SECONDS, what="a question")
            time.sleep(0.5)
            os.killpg(running.pid, signal.SIGTERM)
            assert desk.backend.left.wait(15), "the backend was asked to go on for nobody"
        finally:
            os.killpg(running.pid, signal.SIGKILL)
            running.communicate()


@program
def test_it_is_told_of_an_unknown_model(name: str, tmp_path: Path) -> None:
    with set_up(name, tmp_path) as desk:
        desk.backend.json("/api/show", {"error": "model 'nobody' not found"}, status=404)
        _, said = desk.run("write one.txt please", model="nobody")
        assert not (desk.work / "one.txt").exists()
        assert "nobody" in said
        assert desk.chats() == []


def test_the_inspector_lists_the_tools_and_calls_one(tmp_path: Path) -> None:
    with set_up(INSPECTOR, tmp_path) as desk:
        status, said = desk.run("")
        assert status == 0, said
        listed, called = _objects(said)
        tools = {tool["name"]: tool for tool in listed["tools"]}
        assert "expression" in tools["calculate"]["inputSchema"]["properties"]
        assert called["content"] == [{"type": "text", "text": "42"}]
        assert not called.get("isError")


def test_the_inspector_is_told_of_an_unknown_tool(tmp_path: Path) -> None:
    with set_up(INSPECTOR, tmp_path) as desk:
        desk.section.command = desk.section.command.replace("calculate", "nobody_has_this")
        status, said = desk.run("")
        assert status != 0
        assert "-32602" in said and "nobody_has_this" in said


def _objects(said: str) -> list[dict[str, Any]]:
    """Return the JSON objects that a program has printed among other lines."""
    pieces = re.split(r"^(?={$)", said, flags=re.MULTILINE)[1:]
    return [json.JSONDecoder().raw_decode(piece)[0] for piece in pieces]


def _slow(chat: dict[str, object]) -> bool:
    return "talk slowly" in str(chat.get("messages"))


def test_every_section_of_the_page_is_run() -> None:
    assert [*SECTIONS] == [*PLACES]
    english, chinese = (read_page(page) for page in PAGES)
    assert english == chinese
