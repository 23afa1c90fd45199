"""The process that runs one call of a trusted tool, and its watcher.

Started as a script, without Diglot's modules: it imports nothing but the standard library, reads a
job from standard input and writes a result to standard output, both JSON. The watcher waits for the
process of the tool. When the time is up, the output is too long or the caller is gone, it kills
that process with all its descendants, even those that left its process group.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import inspect
import json
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any

_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of Linux: orphans of orphans become the watcher's.
_READ = 65536
_SWEEPS = 200
_LOOK = 0.1
"""Seconds of silence after which the process is checked."""


def main() -> None:
    """Run the job on standard input."""
    job = json.loads(sys.stdin.buffer.readline())
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    result_out, result_in = os.pipe()
    print_out, print_in = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        os.close(result_out)
        os.close(print_out)
        _become_tool(job, result_in, print_in)
    os.close(result_in)
    os.close(print_in)
    status = _watch(job, child, result_out, print_out)
    _kill_all(child)
    sys.stdout.buffer.write(json.dumps(status).encode())
    sys.stdout.buffer.flush()


def _watch(job: dict[str, Any], child: int, result: int, printed: int) -> dict[str, Any]:
    """Read the output until the process has ended or a limit is reached."""
    end = time.monotonic() + job["time"]
    texts = {result: bytearray(), printed: bytearray()}
    limits = {result: job["output"] * 4 + 1000, printed: job["output"] * 4}
    stopped = ""
    open_pipes = {result, printed}
    over = False
    look = time.monotonic() + _LOOK
    while result in open_pipes and not stopped:
        left = end - time.monotonic()
        if time.monotonic() > look:
            if sum(1 for _ in _children()) > job["processes"]:
                stopped = "processes"
                break
            look = time.monotonic() + _LOOK
        ready, _, _ = select.select([*open_pipes, 0], [], [], max(min(left, _LOOK), 0))
        if not ready and over:
            # Its children may keep the pipes open for ever.
            break
        if not ready:
            over = os.waitpid(child, os.WNOHANG)[0] != 0
            stopped = "time" if left <= 0 and not over else ""
        for pipe in ready:
            data = os.read(pipe, _READ)
            if pipe == 0:
                # The caller has gone, or has asked to stop.
                stopped = "abandoned"
            elif not data:
                open_pipes.discard(pipe)
            else:
                texts[pipe] += data
                if len(texts[pipe]) > limits[pipe]:
                    stopped = "output"
    return {
        "stopped": stopped,
        "result": "" if stopped else texts[result].decode("utf-8", "replace"),
        "printed": texts[printed][: limits[printed]].decode("utf-8", "replace"),
    }


def _kill_all(child: int) -> None:
    """Kill the tool's group, then whatever else has become a child of this process."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    for _ in range(_SWEEPS):
        for pid in _children():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.005)


def _children() -> Iterator[int]:
    """Yield all descendants of this process, where the system has /proc."""
    parents: dict[int, int] = {}
    with contextlib.suppress(OSError):
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                with contextlib.suppress(OSError, ValueError), open(f"/proc/{entry}/stat") as stat:
                    parents[int(entry)] = int(stat.read().rpartition(")")[2].split()[1])
    family = {os.getpid()}
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in family} - family
        family |= more
        grown = bool(more)
    yield from family - {os.getpid()}


def _become_tool(job: dict[str, Any], result: int, printed: int) -> None:
    """Run the call in this process, which ends with it."""
    answer: dict[str, Any]
    try:
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(printed, 1)
        os.dup2(printed, 2)
        _limit(job)
        answer = {"value": _call(job)}
    except MemoryError:
        answer = {"error": "it needed more memory than it may", "kind": "memory"}
    except BaseException as exc:
        answer = {"error": f"{type(exc).__name__}: {exc}"[:2000], "kind": "error"}
    try:
        text = answer.get("value")
        if not isinstance(text, str):
            text = json.dumps(answer.get("value"), ensure_ascii=False)
        data = json.dumps({**answer, "value": text} if "value" in answer else answer)
    except (TypeError, ValueError, MemoryError, RecursionError) as exc:
        data = json.dumps({"error": f"the result is no JSON value: {exc}"[:500], "kind": "error"})
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    view = memoryview(data.encode("utf-8", "replace"))
    while view:
        view = view[os.write(result, view) :]
    os._exit(0)


def _limit(job: dict[str, Any]) -> None:
    memory, seconds = job["memory"], int(job["time"]) + 1
    for kind, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, job["file_size"]),
    ):
        hard = resource.getrlimit(kind)[1]
        with contextlib.suppress(ValueError, OSError):
            limit = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(kind, (limit, limit))


def _call(job: dict[str, Any]) -> Any:
    path = job["file"]
    folder = os.path.dirname(path)
    sys.path.insert(0, folder)
    os.chdir(folder)
    spec = importlib.util.spec_from_file_location("tool", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules["tool"] = module
    spec.loader.exec_module(module)
    function = getattr(module, job["function"])
    value = function(**job["arguments"])
    if inspect.iscoroutine(value):
        import asyncio  # most tools have no need of it

        value = asyncio.run(value)
    return value


if __name__ == "__main__":
    main()
