"""Ollama's own clients, the command and the Python package, talking to Diglot instead."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import ollama
import pytest

from tests.support.programs import run
from tests.support.servers import Gateway, Ollama, places

pytestmark = pytest.mark.slow

bare = places("bare_over_ollama", "bare_embedded")
QUESTION = "What is the capital of France? Answer in one short sentence."


@pytest.fixture
def client(place: Gateway) -> Iterator[ollama.Client]:
    made = ollama.Client(place.url)
    yield made
    made._client.close()  # noqa: SLF001  # there is no public way to close it


@bare
def test_the_package_lists_and_shows(place: Gateway, client: ollama.Client) -> None:
    listed = client.list().models
    assert place.model in [model.model for model in listed]
    assert all(model.digest for model in listed)
    shown = client.show(place.model)
    assert shown.capabilities == ["completion"]
    assert int((shown.modelinfo or {}).get("llama.context_length", 0)) >= 4096
    assert isinstance(client.ps().models, Sequence)


@bare
def test_the_package_generates(place: Gateway, client: ollama.Client) -> None:
    options = {"temperature": 0, "num_predict": 30}
    answer = client.generate(place.model, QUESTION, options=options)
    assert "Paris" in (answer.response or "")
    assert answer.done and answer.done_reason in ("stop", "length")
    assert answer.eval_count is not None and 0 < answer.eval_count <= 30
    assert answer.eval_duration is not None and answer.eval_duration > 0


@bare
def test_the_package_chats_in_a_stream(place: Gateway, client: ollama.Client) -> None:
    messages = [{"role": "user", "content": QUESTION}]
    options = {"temperature": 0, "num_predict": 30}
    parts = [*client.chat(place.model, messages, stream=True, options=options)]
    assert len(parts) > 3
    assert "Paris" in "".join(part.message.content or "" for part in parts)
    assert [part.done for part in parts] == [False] * (len(parts) - 1) + [True]
    assert parts[-1].eval_count is not None and parts[-1].eval_count > 0


@bare
def test_the_package_calls_tools(place: Gateway, client: ollama.Client) -> None:
    """With the native dialect, too, a model that has not learnt tools gets them."""

    def get_current_weather(location: str) -> str:
        """获取指定地点的当前天气信息

        Args:
            location: 城市名
        """
        return location

    messages = [{"role": "user", "content": "上海今天的天气怎么样?"}]
    answer = client.chat(place.model, messages, tools=[get_current_weather])
    (call,) = answer.message.tool_calls or ()
    assert call.function.name == "get_current_weather"
    assert call.function.arguments == {"location": "上海"}


@bare
def test_the_package_gets_errors_in_its_own_words(client: ollama.Client) -> None:
    with pytest.raises(ollama.ResponseError, match="model 'nobody' not found") as caught:
        client.generate("nobody", "hello")
    assert caught.value.status_code == 404


class Command:
    """The ``ollama`` command with OLLAMA_HOST set to Diglot."""

    def __init__(self, binary: Path, url: str, home: Path) -> None:
        self._binary = str(binary)
        self._environ = {"OLLAMA_HOST": url, "HOME": str(home)}

    def __call__(self, *words: str) -> str:
        return run([self._binary, *words], environ=self._environ)


@pytest.fixture
def command(ollama_binary: Path, place: Gateway, tmp_path: Path) -> Command:
    return Command(ollama_binary, place.url, tmp_path)


# The command itself comes with a real Ollama, also where Diglot runs without one.
commanded = pytest.mark.ollama


@commanded
@bare
def test_the_command_lists(place: Gateway, command: Command) -> None:
    heading, *rows = command("list").splitlines()
    assert heading.split() == ["NAME", "ID", "SIZE", "MODIFIED"]
    assert place.model in [row.split()[0] for row in rows]


@commanded
@bare
def test_the_command_shows(place: Gateway, command: Command) -> None:
    shown = command("show", place.model)
    assert re.search(r"architecture +llama", shown)
    assert re.search(r"Capabilities\s+completion", shown)


@commanded
@bare
def test_the_command_runs(place: Gateway, command: Command) -> None:
    assert command("run", place.model, QUESTION).strip()


@commanded
@bare
def test_the_command_knows_the_version(command: Command) -> None:
    assert re.search(r"version is \d+\.\d+\.\d+", command("--version"))


@pytest.mark.ollama
def test_the_command_manages_models(seed_over_ollama: Gateway, ollama_server: Ollama) -> None:
    """Copies under the config's own name, makes a model from a file, and removes both."""
    environ = {"HOME": str(ollama_server.home), "OLLAMA_HOST": seed_over_ollama.url}
    command = str(ollama_server.binary)
    modelfile = ollama_server.home / "Modelfile"

    def there() -> set[str]:
        with httpx.Client(base_url=ollama_server.url) as client:
            return {model["name"] for model in client.get("/api/tags").json()["models"]}

    run([command, "cp", "qwen-local", "copied"], environ=environ)
    run([command, "create", "made", "-f", str(modelfile)], environ=environ)
    assert {"copied:latest", "made:latest"} <= there()
    run([command, "rm", "copied", "made"], environ=environ)
    assert not {"copied:latest", "made:latest"} & there()
