"""Compiled searches, kept in the user's cache folder: to compile one takes 0.1 s and 6 MB.

The memory stays with the process: it is the code of a compiler, and what it left between other
things. What is kept is a tenth of a megabyte, and read in a quarter of a millisecond.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from hyperscan import HS_MODE_BLOCK, Database, HyperscanError, dumpb, loadb

from core.folders import cache_folder


def compiled_signs(
    expressions: Sequence[bytes], flags: Sequence[int], environ: Mapping[str, str] = os.environ
) -> Database:
    """Return a search for expressions, numbered from 0, each with its flags."""
    said = repr((list(expressions), list(flags))).encode()
    path = cache_folder(environ) / "signs" / f"{sha256(said).hexdigest()}.db"
    found = _kept(path)
    if found is None:
        found = Database()
        numbers = range(len(expressions))
        found.compile(expressions=expressions, ids=numbers, elements=len(numbers), flags=flags)
        _keep(path, dumpb(found))
    return found


def _kept(path: Path) -> Database | None:
    """Return what is kept; None where it is not for this machine and library, or damaged.

    The library sees that by itself: it holds its version, the processor's kind and a checksum
    (Vectorscan, ``hs_deserialize_database``).
    """
    with suppress(OSError, HyperscanError):
        if _is_ours(path.parent) and _is_ours(path):
            return loadb(path.read_bytes(), HS_MODE_BLOCK)
    return None


def _is_ours(path: Path) -> bool:
    """Tell whether nobody else can write there: another search would find no keys."""
    found = path.stat()
    return not hasattr(os, "getuid") or (found.st_uid == os.getuid() and not found.st_mode & 0o022)


def _keep(path: Path, data: bytes) -> None:
    """Keep what was compiled. Where that cannot be, it is compiled again the next time."""
    part = path.with_suffix(f".{os.getpid()}")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        part.write_bytes(data)
        part.chmod(0o600)
        part.replace(path)
