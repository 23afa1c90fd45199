"""Every command in the docs is run here, or explained in docs_commands.yaml.

A page shows commands in blocks of ``sh`` or ``bash``, one a line.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support.programs import ROOT, Program, answers, environment, free_port, gateway
from tests.support.scripted_backend import Scripted
from tests.ui.actor import MODELS, acting

pytestmark = pytest.mark.slow

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*/*.md")])
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
EXPLAINED: dict[str, str] = yaml.safe_load(
    Path(__file__).with_name("docs_commands.yaml").read_text("utf-8")
)
SERVERS = (
    ".venv/bin/python -m core --config examples/config.yaml --port 4000",
    ".venv/bin/streamlit run app.py",
    "python -m core --config config.yaml",
    "python -m core --config config.yaml --num_workers 4",
    "python -m core --model ollama/qwen3:4b --alias gpt-4o",
    "make run",
)
ENDING = {
    "python -m core --config config.yaml --validate-config": "api_base",
    "python -m core --new-key": "key_hash: sha256:",
    "python bench/sandbox.py": "ms",
}


def blocks(page: Path, *languages: str) -> Iterator[str]:
    for block in BLOCK.finditer(page.read_text("utf-8")):
        if block[2] in languages:
            yield block[3]


def commands(page: Path) -> Iterator[str]:
    """Yield the commands of a page; one that goes over several lines comes as one."""
    for block in blocks(page, "sh", "bash"):
        text = re.sub(r"(?m)\s+#.*$|^#.*$", "", re.sub(r"\\\n\s*", "", block))
        waiting = ""
        for line in text.splitlines():
            waiting = f"{waiting}\n{line}" if waiting else line.strip()
            if waiting and waiting.count("'") % 2 == 0:
                yield waiting
                waiting = ""


def example() -> str:
    """Return the config that the page of the configuration shows."""
    return next(blocks(ROOT / "docs/en/configuration.md", "yaml"))


@pytest.fixture(scope="module")
def backend() -> Iterator[Scripted]:
    with acting() as scripted:
        yield scripted


def arguments(command: str) -> list[str]:
    """Return a command with the Python, and the programs, of this run."""
    parts = shlex.split(command)
    program = parts[0].removeprefix(".venv/bin/")
    if program == "make":  # what is set up already is not set up again
        return ["make", "-o", ".venv/run", "-o", ".venv/dev", *parts[1:]]
    if program == "python":
        return [sys.executable, *parts[1:]]
    return [sys.executable, "-m", program, *parts[1:]]


def test_every_command_is_run_or_explained() -> None:
    shown = {command for page in PAGES for command in commands(page)}
    assert len(shown) > 30
    known = {*SERVERS, *ENDING}
    rules = tuple(EXPLAINED)
    assert not {c for c in shown if c not in known and not c.startswith(rules)}
    assert not known - shown, "these are in the docs no longer"
    assert not [rule for rule in rules if not any(c.startswith(rule) for c in shown)]


@pytest.mark.parametrize("command", SERVERS)
def test_what_serves_answers(command: str, backend: Scripted, tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "config.yaml").write_text(example(), "utf-8")
    shown = command.replace(" --port 4000", "")
    if "examples/" not in shown:
        shown = shown.replace("config.yaml", str(tmp_path / "config.yaml"))
    made = arguments(shown)
    flags = {"make": [f"PORT={port}"], "streamlit": [f"--server.port={port}"]}
    made += flags.get(made[0] if made[0] == "make" else made[2], ["--port", str(port)])
    environ = {
        "OLLAMA_HOST": backend.url,
        "OLLAMA_URL": backend.url,
        "OPENROUTER_API_KEY": "sk-or-x",
        "DIGLOT_DATABASE": f"sqlite:///{tmp_path / 'chats.db'}",
    }
    server = Program(made, log=tmp_path / "log", environ=environ)
    server.start()
    try:
        server.ready(lambda: answers(f"http://127.0.0.1:{port}/v1/models"), 120)
    finally:
        server.stop()


@pytest.mark.parametrize("command", ENDING)
def test_what_ends_says_what_it_should(command: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(example(), "utf-8")
    environ = {"OLLAMA_URL": "http://127.0.0.1:9", "OPENROUTER_API_KEY": "sk-or-x"}
    done = subprocess.run(
        arguments(command.replace("config.yaml", str(tmp_path / "config.yaml"))),
        cwd=ROOT, env=environment(environ), capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert ENDING[command] in done.stdout


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_what_the_readme_asks_the_gateway_is_answered(
    page: str, backend: Scripted, tmp_path: Path
) -> None:
    text = next(blocks(ROOT / page, "yaml"))
    text = text.replace("http://localhost:11434", backend.url).replace("qwen3:4b", MODELS[0])
    assert yaml.safe_load(text)["model_list"][0]["model_name"] == "qwen-local"
    with gateway(text, folder=tmp_path) as url:
        curl = next(c for c in commands(ROOT / page) if c.startswith("curl"))
        done = subprocess.run(
            ["bash", "-c", curl.replace("localhost:4000", url.removeprefix("http://"))],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert "x-diglot-dropped: user" in done.stdout and "x-diglot-id: " in done.stdout
        program = next(blocks(ROOT / page, "python")).replace("http://localhost:4000", url)
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0 and done.stdout.strip(), done.stderr


def test_every_config_in_the_docs_is_yaml() -> None:
    for page in PAGES:
        for block in blocks(page, "yaml"):
            assert isinstance(yaml.safe_load(block), dict), page
