"""One run of the embedded model's child process, with the last lines of its stderr."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.errors import BackendUnavailable

_SCRIPT = Path(__file__).with_name("child.py")

_START_TIMEOUT = 300.0
"""Seconds a model may take to load: a large one comes slowly from a slow disk."""

_STOP_TIMEOUT = 2.0
"""Seconds that a child may take to end."""

# As llama.cpp's loader says it (src/llama-model.cpp, llama_model_load).
_UNREADABLE = re.compile(r"error loading model: (.+)")


class ServerProcess:
    """A running child. The last lines of its stderr are kept and never printed."""

    def __init__(self, orders: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        """Start the child. Raises OSError where no process can be started."""
        self._files = [Path(orders[key]) for key in ("model", "mmproj") if orders[key]]
        # -P: otherwise the folder of the script would be the first on the module path.
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(_SCRIPT), str(os.getpid())],
            env=dict(environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._said: deque[str] = deque(maxlen=40)
        self._reader = threading.Thread(target=self._collect, daemon=True)
        self._reader.start()
        stdin = self._process.stdin
        assert stdin is not None
        with suppress(BrokenPipeError):  # dead already: listening() finds out
            stdin.write(json.dumps(dict(orders)).encode() + b"\n")
            stdin.flush()

    @property
    def pid(self) -> int:
        """The process id of the child."""
        return self._process.pid

    def listening(self) -> str:
        """Return the URL of the server when it is ready, or an empty text if the child has died.

        Blocks. Raises BackendUnavailable where the child says why it cannot serve.
        """
        assert self._process.stdout is not None
        late = threading.Event()
        timer = threading.Timer(_START_TIMEOUT, self._kill_late, [late])
        timer.start()
        try:
            line = self._process.stdout.readline()
        finally:
            timer.cancel()
        if late.is_set():
            raise BackendUnavailable(
                f"The embedded model was not loaded after {_START_TIMEOUT:.0f} seconds; name a "
                "smaller one as diglot.embedded.model in the config."
            )
        if not line:
            return ""
        said = json.loads(line)
        if "error" not in said:
            return str(said["url"])
        self.wait()
        raise BackendUnavailable(f"The embedded model cannot run: {self._why(said['error'])}")

    def _why(self, error: str) -> str:
        """Return why it cannot serve, with what to do where the model file is at fault."""
        found = next((found for line in self._said if (found := _UNREADABLE.search(line))), None)
        if found is None:
            return self._without_folders(f"{error} {self.last_words()}".rstrip())
        cause = self._without_folders(found[1])
        return (
            f"llama.cpp cannot load {self._files[0].name} ({cause}). The file may be cut or "
            "too new: get it again, or name another one as diglot.embedded.model in the config."
        )

    def _without_folders(self, said: str) -> str:
        """Which folder a file lies in is nobody's business but the operator's."""
        for file in self._files:
            said = said.replace(str(file), file.name)
        return said

    def wait(self) -> str:
        """Wait for the child to end and return how it ended: ``SIGKILL``, ``exit code 1``."""
        code = self._process.wait()
        self._reader.join()
        if code >= 0:
            return f"exit code {code}"
        with suppress(ValueError):
            return signal.Signals(-code).name
        return f"signal {-code}"

    def last_words(self) -> str:
        """Return the last lines that the child wrote to stderr."""
        return " / ".join(list(self._said)[-6:])[-1000:]

    def close(self) -> None:
        """Stop the child, gently at first, and wait. May be called again."""
        self._close_stdin()
        try:
            self._process.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def release(self) -> None:
        """Close the pipes of a child that has ended."""
        self._close_stdin()
        self._reader.join()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def _close_stdin(self) -> None:
        with suppress(BrokenPipeError):
            if self._process.stdin is not None:
                self._process.stdin.close()

    def _kill_late(self, late: threading.Event) -> None:
        late.set()
        self._process.kill()

    def _collect(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._said.append(line.decode("utf-8", "replace").strip())
