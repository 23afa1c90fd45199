"""What a machine without models can do next: start an Ollama that is installed, fetch a model.

Nothing here is chosen by whoever clicks: the program is the one named ``ollama`` on the PATH of
this process, and the model one of a short list.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from msgspec import Struct

from core.backends.fleet import Fleet
from core.errors import BackendUnavailable
from core.http.addresses import is_loopback, ollama_address

_PATIENCE = 30.0
"""Seconds until a started Ollama answers: it looks for graphics cards first."""

_LOOK_EVERY = 0.3
# Variables that are nobody else's business.
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|^DIGLOT_", re.IGNORECASE)
_GIGABYTE = 1_000_000_000


class Suggestion(Struct, frozen=True):
    """A model to fetch: its name in Ollama's library and the bytes of its download (2026)."""

    name: str
    size: int


# The largest that leaves half of the memory free, the best first.
_MODELS = (
    Suggestion("gpt-oss:20b", 14 * _GIGABYTE),
    Suggestion("qwen3:8b", 5_200_000_000),
    Suggestion("qwen3:4b", 2_500_000_000),
    Suggestion("qwen3:1.7b", 1_400_000_000),
    Suggestion("gemma3:1b", 815_000_000),
)


def machine_memory() -> int:
    """Return the bytes of memory of this machine; 0 where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 0


def fitting_model(memory: int) -> Suggestion:
    """Return the best model that fits in half of ``memory``; the smallest where none does."""
    return next((one for one in _MODELS if one.size * 2 <= memory), _MODELS[-1])


def installed_ollama(environ: Mapping[str, str]) -> str:
    """Return the path of the Ollama program that may be started here, or nothing.

    Not where OLLAMA_HOST names another machine: one that is started here would not be asked.
    """
    try:
        host = urlsplit(ollama_address(environ)).hostname or ""
    except ValueError:
        return ""
    return (shutil.which("ollama", path=environ.get("PATH")) or "") if is_loopback(host) else ""


def start_ollama(fleet: Fleet, environ: Mapping[str, str]) -> None:
    """Start the Ollama that is installed, wait until it answers, and use it.

    Blocks. It goes on when this process ends, as it does when it is started by hand. Raises
    BackendUnavailable where it cannot be started or does not answer.
    """
    program = installed_ollama(environ)
    try:
        process = subprocess.Popen(
            [program, "serve"],
            env={name: value for name, value in environ.items() if not _SECRET.search(name)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as exc:
        raise BackendUnavailable(f"Ollama cannot be started: {exc.strerror}") from exc
    # Somebody has to take note of its end, or it stays in the list of processes.
    threading.Thread(target=process.wait, daemon=True).start()
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        fleet.call(fleet.discover())
        if fleet.status().kind == "server":
            return
        time.sleep(_LOOK_EVERY)
    said = "it ended at once" if process.poll() is not None else "it does not answer"
    raise BackendUnavailable(f"Ollama was started, but {said}. Try it in a terminal: ollama serve")
