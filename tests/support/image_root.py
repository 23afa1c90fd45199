"""A root of its own for a program, as a container has: what it may write is what it is given."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

# What Debian's Python needs of a system, beside Python itself; some are links into /usr.
_SYSTEM = ("/usr", "/bin", "/lib", "/lib64", "/etc/ssl", "/etc/ld.so.cache", "/proc", "/dev")
PYTHON = str(Path(sys.prefix).resolve() / "bin" / "python")


def contained(
    command: Sequence[str], *, root: Path, uid: int, reads: Mapping[str, Path], data: Path
) -> list[str]:
    """Return the command that runs another one with no rights in a root that cannot be written.

    ``root`` is an empty folder, ``reads`` what stands in it by its place there; ``/data`` and
    ``/tmp`` can be written. It begins in ``/app``. Skips where mounts of one's own are not allowed.
    """
    probe = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", str(root)]
    if os.geteuid() != 0 or not shutil.which("unshare"):
        pytest.skip("only root can give a program a root of its own")
    if subprocess.run(probe, check=False, capture_output=True).returncode:
        pytest.skip("mounts are not allowed here")
    bound = {Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve()}
    if any(path.parts[1] in ("app", "data") for path in bound):
        pytest.skip("this checkout stands where the image has its own files")
    lines = [
        f"mount -t tmpfs -o mode=755 tmpfs {root}",
        # First, as this checkout may be in it.
        f"mkdir {root}/tmp && mount -t tmpfs -o mode=1777 tmpfs {root}/tmp",
        *map(_system(root), _SYSTEM),
    ]
    lines += [_bind(root, str(path), path) for path in sorted(bound) if path.parts[1] != "usr"]
    lines += [_bind(root, place, path) for place, path in reads.items()]
    lines += [
        _bind(root, "/data", data, writable=True),
        f"mount -o remount,ro {root}",
        # What the manifests ask for: another user, no groups, no rights and no way to any.
        f"exec chroot {root} setpriv --reuid {uid} --regid {uid} --clear-groups --no-new-privs "
        '--inh-caps=-all --bounding-set=-all sh -c \'cd /app && exec "$@"\' sh "$@"',
    ]
    script = "\n".join(line for line in lines if line)
    return ["unshare", "--mount", "sh", "-euc", script, "sh", *command]


def _system(root: Path) -> Callable[[str], str]:
    def line(place: str) -> str:
        path = Path(place)
        if path.is_symlink():
            return f"ln -s {path.readlink()} {root}{place}"
        return _bind(root, place, path) if path.exists() else ""

    return line


def _bind(root: Path, place: str, path: Path, *, writable: bool = False) -> str:
    there, here = shlex.quote(f"{root}{place}"), shlex.quote(str(path))
    made = f"mkdir -p {there}" if path.is_dir() else f"mkdir -p $(dirname {there}); touch {there}"
    mount = f"{made}; mount --rbind {here} {there}"
    return mount if writable else f"{mount}; mount -o remount,bind,ro {there}"
