"""Reads a document to text: starts the process for it, waits, and says what came of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, get_args

from core.documents.kinds import check_archive
from core.documents.values import Cut, Document, FileRefused, Kind, Limits, Reason

_CHILD = Path(__file__).with_name("child.py")

LIMITS = Limits()

# Nothing else of the environment, which has keys in it.
_ENVIRON = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMPDIR")

Value = dict[str, Any]
"""A line of the process (core.documents.child)."""

_KILLED = (signal.SIGTERM, 9, 24)  # SIGKILL and, at the limit of the processor, SIGXCPU

turns = threading.BoundedSemaphore(LIMITS.at_once)


def read_document(name: str, data: bytes, kind: Kind, limits: Limits = LIMITS) -> Document:
    """Return the text of a document, or of as much of it as fits the limits.

    Blocks. Raises FileRefused where nothing of it can be read.
    """
    if kind != "pdf":
        try:
            check_archive(name, data, limits)
        except (OSError, ValueError, RuntimeError, NotImplementedError, EOFError) as exc:
            raise FileRefused("damaged", name=name) from exc
    with _turn(name, limits):
        said, ended = _run(data, kind, limits)
    pieces = [one for one in said if "piece" in one]
    text = _joined(pieces)
    if not text:
        raise FileRefused(ended or "empty", name=name)
    last = pieces[-1]
    cut = _cut(said, ended)
    return Document(kind=kind, text=text, pages=last["pages"], read=last["page"], cut=cut)


def _joined(pieces: Sequence[Value]) -> str:
    texts: list[str] = []
    page = 0
    for piece in pieces:
        if piece["piece"].strip():
            texts += ["" if piece["page"] == page > 0 else "\n\n", piece["piece"]]
            page = piece["page"]
    return "".join(texts).strip()


def _cut(said: Sequence[Value], ended: Reason | None) -> Cut:
    if ended is None:
        return next((one["end"] for one in said if "end" in one), "")
    return "memory" if ended == "memory" else "slow" if ended == "slow" else "damaged"


@contextmanager
def _turn(name: str, limits: Limits) -> Iterator[None]:
    if not turns.acquire(timeout=limits.patience):
        raise FileRefused("waiting", name=name)
    try:
        yield
    finally:
        turns.release()


def _run(data: bytes, kind: Kind, limits: Limits) -> tuple[list[Value], Reason | None]:
    """Return what the process has said, and why it ended before its end."""
    orders = {
        "kind": kind,
        "pages": limits.pages,
        "text": limits.text,
        "memory": limits.memory,
        "processor": limits.processor,
    }
    process = subprocess.Popen(
        # -P: otherwise the folder of the script would be the first on the module path.
        [sys.executable, "-P", str(_CHILD)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={name: os.environ[name] for name in _ENVIRON if name in os.environ},
    )
    timer = threading.Timer(limits.time, process.kill)
    timer.start()
    try:
        said = _talk(process, json.dumps(orders).encode() + b"\n" + data)
        process.wait()
    finally:
        timer.cancel()
        process.kill()
        process.wait()
    return said, _ended(said, process.returncode)


def _ended(said: Sequence[Value], code: int) -> Reason | None:
    why = next((one["refused"] for one in said if "refused" in one), None)
    if why is not None:
        return "damaged" if why not in get_args(Reason) else why
    if code == 0:
        return None
    # The clock, or the system at the limit of the processor; what lacks memory falls by itself.
    return "slow" if -code in _KILLED else "memory"


def _talk(process: subprocess.Popen[bytes], orders: bytes) -> list[Value]:
    assert process.stdin is not None and process.stdout is not None
    with process.stdout:
        # It reads all of it before it says anything; one that ends at once reads none.
        with suppress(BrokenPipeError), process.stdin as stdin:
            stdin.write(orders)
        said = []
        for line in process.stdout:
            # Killed in the middle of a line, it has said half a value.
            with suppress(ValueError):
                said.append(json.loads(line))
    return said
