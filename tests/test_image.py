"""The image's steps without Docker, from nothing to a first answer: as root, and as its user with
no rights in a root that cannot be written.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from tests.gateway.test_app import COMPAT, DONE, HELLO, NATIVE
from tests.support.image_root import PYTHON, contained
from tests.support.programs import Program, answers, free_port
from tests.support.scripted_backend import running
from tests.test_architecture import ROOT

DEPLOY = ROOT / "deploy"
# Of this checkout; the image compiles nothing.
_COMPILED = shutil.ignore_patterns("__pycache__")
CONFIG = "/etc/diglot/config.yaml"


class Image:
    """What the Dockerfile makes after the packages: files, variables, a user and a command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.app = folder / "app"
        self.data = folder / "data"
        self.config = folder / "config.yaml"
        self.variables: dict[str, str] = {"HOME": "/data"}
        self.command: list[str] = []
        self.user = 0
        self.data.mkdir()
        for line in (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ").splitlines():
            self._step(*line.partition(" ")[::2])
        if os.geteuid() == 0:
            shutil.chown(self.data, self.user, self.user)
        for path in (self.app, *self.app.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)

    def _step(self, word: str, rest: str) -> None:
        if word == "ENV":
            self.variables |= dict(pair.split("=", 1) for pair in rest.split())
        elif word == "COPY" and "requirements" not in rest:
            *names, to = rest.split()
            for name in names:
                target = self.app / to / (name if to.endswith("/") else "")
                target.parent.mkdir(parents=True, exist_ok=True)
                if (ROOT / name).is_dir():
                    shutil.copytree(ROOT / name, target, ignore=_COMPILED)
                else:
                    shutil.copy(ROOT / name, target)
        elif word == "USER":
            self.user = int(rest)
        elif word == "CMD":
            self.command = yaml.safe_load(rest)

    def start(self, command: list[str], *, contain: bool) -> Program:
        """Run a command of the image's."""
        words = [PYTHON if word == "python" else word for word in command]
        if words[0] == "streamlit":
            words[:1] = [PYTHON, "-m", "streamlit"]
        words[words.index("0.0.0.0")] = "127.0.0.1"
        variables = dict(self.variables)
        if contain:
            root = self.folder / "root"
            root.mkdir()
            reads = {"/app": self.app, CONFIG: self.config}
            words = contained(words, root=root, uid=self.user, reads=reads, data=self.data)
        else:
            words = [str(self.config) if word == CONFIG else word for word in words]
            places = {k: v.replace("/data", str(self.data)) for k, v in variables.items()}
            variables = {k: v.replace(CONFIG, str(self.config)) for k, v in places.items()}
        program = Program(
            words, log=self.folder / "log", environ=variables, folder=self.app if not contain
            else ROOT,
        )  # fmt: skip
        program.start()
        return program


@pytest.fixture
def image() -> Iterator[Image]:
    folder = Path(tempfile.mkdtemp(prefix="diglot-image-"))
    folder.chmod(0o755)
    made = Image(folder)
    with running() as backend:
        backend.json(NATIVE, {**DONE, "message": {"role": "assistant", "content": "hello"}})
        made.config.write_text(
            f"model_list: [{{model_name: m, litellm_params: {{model: ollama/m, "
            f"api_base: '{backend.url}'}}}}]"
        )
        yield made
    for path in (made.app, *(p for p in made.app.rglob("*") if p.is_dir())):
        path.chmod(0o755)
    shutil.rmtree(folder)


def first_answer(image: Image, program: Program, port: int) -> None:
    """Wait until it is ready, ask, and ask as the image's health check does."""
    try:
        url = f"http://127.0.0.1:{port}"
        program.ready(lambda: answers(f"{url}/health/readiness"))
        said = httpx.post(url + COMPAT, json={"model": "m", "messages": HELLO}).json()
        assert said["choices"][0]["message"]["content"] == "hello"
        probe = [sys.executable, str(image.app / "deploy/healthy.py")]
        assert subprocess.run([*probe, "9", str(port)], check=False).returncode == 0
        assert subprocess.run([*probe, "9"], check=False).returncode == 1
    finally:
        program.stop()


@pytest.mark.slow
@pytest.mark.parametrize("contain", [False, True], ids=["plain", "contained"])
def test_the_gateway_gives_its_first_answer(image: Image, contain: bool) -> None:
    assert image.user == 10001
    port = free_port()
    program = image.start([*image.command, "--port", str(port)], contain=contain)
    first_answer(image, program, port)


@pytest.mark.slow
def test_the_pages_give_theirs_and_keep_chats_in_the_only_place_they_may_write(
    image: Image,
) -> None:
    file = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    port = free_port()
    command = [str(port) if word == "8501" else word for word in file["services"]["ui"]["command"]]
    image.variables["DIGLOT_CONFIG"] = CONFIG
    program = image.start(command, contain=True)
    first_answer(image, program, port)
    (database,) = image.data.rglob("chats.db")
    assert database.stat().st_uid == 10001
    assert not [path for path in image.app.rglob("*") if path.name == "__pycache__"]


@pytest.mark.slow
def test_a_contained_program_may_write_nothing_else_and_has_no_rights(image: Image) -> None:
    look = (
        "import os\n"
        "for place in ('/', '/app', '/usr', '/etc/diglot'):\n"
        "    try:\n"
        "        open(f'{place}/new', 'w')\n"
        "    except OSError as error:\n"
        "        print(place, error.strerror)\n"
        "open('/data/new', 'w'), open('/tmp/new', 'w')\n"
        "print(os.getuid(), os.getgid(), os.getgroups(), os.getcwd())\n"
        "print([line.split()[1] for line in open('/proc/self/status') if line[:4] == 'CapE'])\n"
    )
    root = image.folder / "root"
    root.mkdir()
    reads = {"/app": image.app, CONFIG: image.config}
    command = contained([PYTHON, "-c", look], root=root, uid=10001, reads=reads, data=image.data)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    refused = "Read-only file system"
    assert done.stdout.splitlines() == [
        *(f"{place} {refused}" for place in ("/", "/app", "/usr", "/etc/diglot")),
        "10001 10001 [] /app",
        "['0000000000000000']",
    ]
