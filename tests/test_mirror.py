"""A source file is tested by a file of the same name in the same place; the exceptions grow fewer.

``core/http/client.py`` is tested by ``tests/http/test_client.py``, ``ui/chat/files.py`` by
``tests/ui/chat/test_files.py``. What has no such file yet stands in unmirrored.txt.
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
LIST = Path(__file__).with_name("unmirrored.txt")
MOST = 234
"""How many may be missing. Lower it with the list; it never rises."""


def sources() -> list[str]:
    """Return the files that have something to test: those with a function or a class."""
    found = []
    for folder in ("core", "ui"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            text = path.read_text("utf-8")
            if path.name != "__init__.py" and re.search(
                r"^\s*(?:async def|def|class) ", text, re.M
            ):
                found.append(path.relative_to(ROOT).as_posix())
    return found


def twin(source: str) -> Path:
    """Return where the tests of a source file belong."""
    path = Path(source)
    folders = path.parts[1:-1] if path.parts[0] == "core" else path.parts[:-1]
    return Path("tests", *folders, f"test_{path.name}")


def test_every_source_has_its_test_file_or_is_listed() -> None:
    listed = LIST.read_text("utf-8").split()
    missing = [source for source in sources() if not (ROOT / twin(source)).exists()]
    assert not set(missing) - set(listed), "write a test file of the same name"
    assert not set(listed) - set(missing), "these have one now, or are gone: strike them out"
    assert listed == sorted(listed) and len(listed) <= MOST
