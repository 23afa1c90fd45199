"""Runs tools of the operator's folder: full Python, in a separate process with limits.

Trusted means that the operator wrote them, not that they may run for ever. Each call is a process
with limits of time, memory and output; at the end it is killed with all its children. Code from a
browser never runs here.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec import Struct

from core.tools.arguments import validate_arguments
from core.tools.definitions.python_writing import python_name
from core.tools.definitions.values import Definition
from core.tools.runners.sandbox import Outcome
from core.tools.toolbox import MAX_OUTPUT, Runner
from core.translation.codec.json import decode_json, encode_json
from core.translation.messages import ToolCall

_CHILD = Path(__file__).with_name("trusted_child.py")
_GRACE = 10.0


class TrustedLimits(Struct, frozen=True, kw_only=True):
    """Limits of one call: seconds, bytes of address space, characters printed and returned, bytes
    of a file that it writes, processes. ``at_once`` calls run side by side, others wait.
    """

    time: float = 20.0
    memory: int = 1024 * 1024 * 1024
    output: int = MAX_OUTPUT
    file_size: int = 100 * 1024 * 1024
    processes: int = 32
    at_once: int = 4


class TrustedError(Exception):
    """The tool failed or was stopped; ``printed`` is its output until then."""

    def __init__(self, message: str, *, printed: str = "") -> None:
        super().__init__(message)
        self.printed = printed


class Trusted:
    """Runs calls of the functions in one folder."""

    def __init__(self, folder: Path, limits: TrustedLimits | None = None) -> None:
        self.folder = folder.resolve()
        self.limits = limits or TrustedLimits()
        self._turns = asyncio.Semaphore(self.limits.at_once)

    def runner(self, definition: Definition, file: str) -> Runner:
        """Return a runner for a definition, by the function in ``file``, a name in the folder."""

        async def run(call: ToolCall) -> str:
            arguments = validate_arguments(definition.tool, call.arguments)
            return (await self.call(file, definition.tool.name, arguments)).content

        return run

    async def call(self, file: str, name: str, arguments: Mapping[str, Any]) -> Outcome:
        """Call the function ``name`` in a file. Raises TrustedError.

        A caller that gives up ends the process too.
        """
        path = (self.folder / file).resolve()
        if path.parent != self.folder:
            raise TrustedError(f"{file} is not a file of the tools folder")
        if sys.platform == "win32":
            raise TrustedError("trusted tools need Linux or macOS, which can fork and set limits")
        job = {
            "file": str(path),
            "function": python_name(name),
            "arguments": arguments,
            "time": self.limits.time,
            "memory": self.limits.memory,
            "output": self.limits.output,
            "file_size": self.limits.file_size,
            "processes": self.limits.processes,
        }
        loop = asyncio.get_running_loop()
        async with self._turns:
            began = loop.time()
            answer = await self._run(encode_json(job))
        return self._outcome(answer, round((loop.time() - began) * 1e9))

    async def _run(self, job: bytes) -> dict[str, Any]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", str(_CHILD),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            limit=self.limits.output * 16 + 100_000,
        )  # fmt: skip
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(job + b"\n")
            # The watcher enforces the time limit; this is for a watcher that was itself killed.
            async with asyncio.timeout(self.limits.time + _GRACE):
                data = await process.stdout.read()
                await process.wait()
        except TimeoutError:
            return {"stopped": "time", "result": "", "printed": ""}
        finally:
            # The watcher kills all processes when its input ends; wait for it.
            process.stdin.close()
            if process.returncode is None:
                await asyncio.shield(_ended(process))
        if not data:
            return {"stopped": "killed", "result": "", "printed": ""}
        answer = decode_json(data)
        return dict(answer)

    def _outcome(self, answer: Mapping[str, Any], duration: int) -> Outcome:
        printed = str(answer["printed"])[: self.limits.output]
        stopped = answer["stopped"]
        if stopped:
            raise TrustedError(self._why(stopped), printed=printed)
        if not answer["result"]:
            raise TrustedError("the process ended without a result; it used more than it may, "
                               "or left by itself", printed=printed)  # fmt: skip
        result = decode_json(str(answer["result"]))
        if "error" in result:
            message = str(result["error"])
            if result.get("kind") == "memory":
                message += f": {self.limits.memory // 1024 // 1024} MiB"
            raise TrustedError(message, printed=printed)
        content = str(result["value"])
        if content == "null" and printed:
            content = printed
        if len(content) > self.limits.output:
            more = len(content) - self.limits.output
            content = f"{content[: self.limits.output]}\n[cut: {more} more characters]"
        return Outcome(content=content, printed=printed, duration=duration)

    def _why(self, stopped: str) -> str:
        if stopped == "time":
            return f"it was stopped after {self.limits.time:g} s"
        if stopped == "output":
            return f"it was stopped after {self.limits.output} characters of output"
        if stopped == "processes":
            return f"it was stopped with more than {self.limits.processes} processes"
        return "it was stopped"


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Wait for a watcher to end, and kill it where it does not."""
    try:
        async with asyncio.timeout(_GRACE):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
