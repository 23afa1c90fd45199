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
        # Whoever takes it away has none of the plugins that are installed for Diglot's own tests.
        env=environment({"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}),
        capture_output=True,
        encoding="utf-8",
        timeout=240,
    )
