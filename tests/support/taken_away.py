"""Running what was taken away."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.programs import environment


def python(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=240,
    )
