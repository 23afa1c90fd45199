"""What a process that reads a file cannot do, whatever the file has made of its libraries."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RAISED = "from core.documents.walls import raise_walls\nraise_walls(memory=1 << 30, processor=20)\n"


def tried(code: str) -> str:
    """Return how a program ends that does something behind the walls."""
    done = subprocess.run(
        [sys.executable, "-c", RAISED + code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    return done.stderr.strip().splitlines()[-1] if done.returncode else "done"


@pytest.mark.parametrize(
    "code",
    [
        "import subprocess\nsubprocess.run(['true'])",
        "import os\nos.fork()",
        "import os\nos.system('true')",
        "import os\nos.remove('nothing')",
        "open('written', 'w')",
        "import os\nos.open('written', os.O_CREAT | os.O_WRONLY)",
        "import socket\nsocket.socket()",
    ],
)
def test_it_starts_nothing_and_writes_nothing(code: str) -> None:
    assert tried(code).startswith("PermissionError")
    assert not (ROOT / "written").exists()


def test_it_reaches_nobody() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code = f"import socket\nsocket.create_connection(('127.0.0.1', {port}))"
        assert tried(code).startswith("PermissionError")


@pytest.mark.skipif(sys.platform != "linux", reason="macOS does not hold the limit")
def test_its_memory_has_an_end() -> None:
    assert tried("b'x' * (2 << 30)").startswith("MemoryError")


def test_it_reads_what_its_libraries_need() -> None:
    assert tried("import pypdf, docx, openpyxl, pptx") == "done"
