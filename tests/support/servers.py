"""Fixtures: a real Ollama with models, and Diglot in its own process in front of it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.programs import CLOSED, ROOT, free_port, gateway, run, serving
from tests.support.seed import seed_config

MOST_TOKENS = 64
"""Tokens of an answer at the most: a model this small may not stop by itself."""

# It is fastest on one core, and does not wait for another that is busy: two threads on two cores
# were ten times slower beside a busy program.
MODELFILE = f"FROM {{file}}\nPARAMETER num_predict {MOST_TOKENS}\nPARAMETER num_thread 1\n"

EMBEDDED = f"""
model_list:
  - model_name: qwen-local
    litellm_params: {{model: "embedded/smollm2:135m"}}
  - model_name: llama3.1-tool-use
    litellm_params: {{model: "embedded/smollm2:135m"}}
  - model_name: qwen3:4b
    litellm_params: {{model: "embedded/smollm2:135m"}}
diglot:
  embedded: {{max_tokens: {MOST_TOKENS}}}
"""
"""The seed's names, all answered by the embedded model."""


@dataclass(frozen=True)
class Ollama:
    """A running Ollama with the models smollm2, qwen3:4b and llama3.1, all the same weights."""

    url: str
    binary: Path
    home: Path


@dataclass(frozen=True)
class Gateway:
    """A running Diglot, and a model that it offers."""

    url: str
    model: str


@pytest.fixture(scope="session")
def ollama_binary() -> Path:
    """The real ``ollama``, as ``make ollama`` has built it."""
    script = [str(ROOT / "scripts/install_ollama.sh"), "--find"]
    found = subprocess.run(script, capture_output=True, text=True)
    if found.returncode:  # CI must not pass by skipping
        pytest.fail(found.stderr.strip())
    if not found.stdout:
        pytest.skip(found.stderr.strip())
    return Path(found.stdout.strip())


@pytest.fixture(scope="session")
def ollama_server(
    ollama_binary: Path, model_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ollama]:
    """A real Ollama, on its usual port where that is free."""
    home = tmp_path_factory.mktemp("ollama")
    port = free_port(11434)
    environ = {
        "HOME": str(home),
        "OLLAMA_HOST": f"127.0.0.1:{port}",
        "OLLAMA_MODELS": str(home / "models"),
        # One answer after the other, so that a test can tell whether it is still at work.
        "OLLAMA_NUM_PARALLEL": "1",
    }
    url = f"http://localhost:{port}"
    ollama = str(ollama_binary)
    with serving([ollama, "serve"], f"{url}/api/version", folder=home, environ=environ):
        (home / "Modelfile").write_text(MODELFILE.format(file=model_file))
        run([ollama, "create", "smollm2", "-f", str(home / "Modelfile")], environ=environ)
        run([ollama, "cp", "smollm2", "qwen3:4b"], environ=environ)
        run([ollama, "cp", "smollm2", "llama3.1"], environ=environ)
        yield Ollama(url=url, binary=ollama_binary, home=home)


@pytest.fixture(scope="session")
def seed_over_ollama(
    ollama_server: Ollama, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """Diglot with the seed's config, on port 4000 where that is free."""
    config = seed_config().replace("http://localhost:11434", ollama_server.url)
    with gateway(config, folder=tmp_path_factory.mktemp("seed"), environ={}, port=4000) as url:
        yield Gateway(url=url, model="qwen-local")


@pytest.fixture(scope="session")
def seed_embedded(model_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Diglot with the seed's names and no Ollama at all."""
    environ = {"OLLAMA_HOST": CLOSED}
    with gateway(EMBEDDED, folder=tmp_path_factory.mktemp("seed"), environ=environ) as url:
        yield Gateway(url=url, model="qwen-local")


@pytest.fixture(scope="session")
def bare_over_ollama(
    ollama_server: Ollama, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """Diglot without a config, which finds the running Ollama."""
    environ = {"OLLAMA_HOST": ollama_server.url}
    with gateway(None, folder=tmp_path_factory.mktemp("bare"), environ=environ) as url:
        yield Gateway(url=url, model="qwen3:4b")


@pytest.fixture(scope="session")
def bare_embedded(model_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Diglot without a config and without an Ollama, which starts the embedded model."""
    environ = {"OLLAMA_HOST": CLOSED}
    with gateway(None, folder=tmp_path_factory.mktemp("bare"), environ=environ) as url:
        yield Gateway(url=url, model="smollm2:135m")


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Gateway:
    """One of the gateways above, by name; see ``places``."""
    found: Gateway = request.getfixturevalue(request.param)
    return found


def places(*names: str) -> pytest.MarkDecorator:
    """Run a test with ``place`` at each of the named gateways."""
    marks = {name: pytest.mark.ollama if "ollama" in name else pytest.mark.embedded
             for name in names}  # fmt: skip
    params = [pytest.param(name, marks=marks[name]) for name in names]
    return pytest.mark.parametrize("place", params, indirect=True)
