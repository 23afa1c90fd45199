"""Starting where something is wrong ends with one sentence that says what to do, and code 2."""

from __future__ import annotations

import functools
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from core.chats.store.store import Store
from core.errors import ConfigError
from tests.support.programs import free_port, gateway

ROOT = Path(__file__).parents[1]


def started(*arguments: str, **environ: str) -> tuple[int, list[str]]:
    """Return the code and the lines of errors of a program that is to end at once."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT, env={**os.environ, **environ}, capture_output=True, encoding="utf-8", timeout=60,
    )  # fmt: skip
    return done.returncode, done.stderr.strip().splitlines()


@pytest.fixture
def taken() -> Iterator[str]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield str(listening.getsockname()[1])


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "config.yaml"
    path.write_text("model_list: [{model_name: m, litellm_params: {model: ollama/m}}]\n")
    return str(path)


def test_a_port_that_is_in_use(taken: str, config: str) -> None:
    code, lines = started("core", "--config", config, "--port", taken)
    assert code == 2
    assert lines == [
        f"Port {taken} is in use: stop what listens there, or choose another port with --port."
    ]


def test_make_run_says_what_to_do_about_its_port(taken: str) -> None:
    assert started("core.http.ports", "127.0.0.1", str(free_port())) == (0, [])
    assert started("core.http.ports", "127.0.0.1", taken) == (
        2,
        [f"Port {taken} is in use: stop what listens there, or choose another port with make run "
         "PORT=8502."],
    )  # fmt: skip
    for wrong in ("99999", "x", ""):
        code, lines = started("core.http.ports", "127.0.0.1", wrong)
        assert code == 2 and len(lines) == 1 and "choose one from 1 to 65535" in lines[0]


# Each starts a process.
slow = functools.partial(pytest.param, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--port", "99999"), "choose one from 1 to 65535"),
        slow(("--host", "no.such.host.invalid"), ""),
        slow(("--ssl_certfile_path", "/none.pem", "--port", "0"), "above zero"),
        (("--ssl_certfile_path", "/none.pem"), "Name PEM files with --ssl_certfile_path"),
        slow(("--request_timeout", "nan"), "must be a number of seconds above zero"),
        slow(("--num_workers", "0"), "must be a whole number above zero"),
    ],
)
def test_flags_that_cannot_be_obeyed(flags: tuple[str, ...], says: str, config: str) -> None:
    # Something else may listen on the usual port.
    port = () if "--port" in flags else ("--port", str(free_port()))
    code, lines = started("core", "--config", config, *flags, *port)
    assert code == 2 and says in lines[-1]
    assert not any("Traceback" in line for line in lines)


def test_an_address_of_ollama_that_is_none(tmp_path: Path) -> None:
    code, lines = started("core", "--port", str(free_port()), OLLAMA_HOST="http://a b")
    assert code == 2
    assert len(lines) == 1 and lines[0].startswith("OLLAMA_HOST is not the address of a server")


def broken(folder: Path, kind: str) -> str:
    path = folder / "chats.db"
    if kind == "folder":
        path.mkdir()
    elif kind == "noise":
        path.write_bytes(b"no database at all" * 500)
    elif kind == "damaged":
        Store(f"sqlite:///{path}").close()
        data = path.read_bytes()
        path.write_bytes(data[:100] + b"\xff" * (len(data) - 100))
    return f"sqlite:///{path}"


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("folder", "It is a folder: name a file."),
        ("noise", "move it away and a new one is made."),
        ("damaged", "move it away and a new one is made."),
    ],
)
def test_a_file_that_is_no_database(kind: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        Store(broken(tmp_path, kind))
    assert caught.value.message.endswith(says)
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nosuch://x", "Write sqlite:///chats.db for a file or postgresql+psycopg://"),
        ("just text", "Write sqlite:///chats.db"),
        ("postgresql+psycopg://u:s3cret@127.0.0.1:1/x", "Start the database, or correct"),
        ("sqlite:////proc/no/chats.db", ""),
    ],
)
def test_a_database_that_is_not_there(url: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Store(url)
    assert says in caught.value.message and "\n" not in caught.value.message
    assert "s3cret" not in caught.value.message


@pytest.mark.slow
def test_the_app_says_it_too(tmp_path: Path, config: str) -> None:
    code, lines = started(
        "streamlit", "run", "app.py", "--server.headless", "true", "--server.address", "127.0.0.1",
        "--server.port", "18517", DIGLOT_DATABASE=broken(tmp_path, "folder"), DIGLOT_CONFIG=config,
    )  # fmt: skip
    assert code == 2
    assert lines[-1].endswith("It is a folder: name a file.")
    assert not any("Traceback" in line for line in lines)


@pytest.mark.parametrize(
    ("more", "setting", "logged"),
    [
        ((), "", False),
        (("--debug",), "", True),
        ((), "litellm_settings: {set_verbose: true}", True),
    ],
)
def test_each_request_is_logged_where_that_is_wanted(
    tmp_path: Path, config: str, more: tuple[str, ...], setting: str, logged: bool
) -> None:
    text = Path(config).read_text("utf-8") + setting
    with gateway(text, *more, folder=tmp_path) as url:
        assert httpx.get(f"{url}/v1/models").status_code == 200
    assert ("GET /v1/models" in (tmp_path / "gateway.log").read_text("utf-8")) is logged
