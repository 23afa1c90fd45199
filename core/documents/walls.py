"""The walls around the process that reads a file: limits, no network, no other programs.

A file is read by libraries for its format. Whatever is wrong with them can then cost one file,
not the app: the process has nothing but the bytes that it was given.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from typing import Any

_NEW_USER_AND_NETWORK = 0x10000000 | 0x40000000  # CLONE_NEWUSER | CLONE_NEWNET, linux/sched.h
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG, linux/prctl.h
_FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn",
              "os.system", "os.startfile", "os.remove", "os.rename", "os.link", "os.symlink",
              "os.mkdir", "os.rmdir", "os.chmod", "os.truncate")  # fmt: skip


def raise_walls(*, memory: int, processor: int) -> None:
    """Close everything in that a reader has no need of, for the rest of this process's life.

    ``memory`` is bytes of address space, ``processor`` seconds. What a system does not know is
    left out: macOS does not hold the limit of memory, Windows has none of them; the audit hook
    is everywhere.
    """
    if sys.platform == "linux":
        library = ctypes.CDLL(None)
        library.prctl(_DEATH_SIGNAL, 9)
        # A network of its own, in which there is nothing; some systems keep that for root.
        library.unshare(_NEW_USER_AND_NETWORK)
    if sys.platform != "win32":
        _limit(memory, processor)
    sys.addaudithook(_guard)


def _limit(memory: int, processor: int) -> None:
    import resource  # Windows has none

    for kind, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, processor),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        with contextlib.suppress(ValueError, OSError):
            limit = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(kind, (limit, limit))


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    if event.startswith(_FORBIDDEN):
        raise PermissionError(f"{event} is not for readers of files")
    if event == "open":
        mode, flags = arguments[1], arguments[2]
        writes = any(letter in mode for letter in "wax+") if isinstance(mode, str) else False
        if writes or (isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)):
            raise PermissionError("readers of files write none")
