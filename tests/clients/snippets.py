"""The snippets of the docs page about programs, one section a program."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.programs import ROOT

__all__ = ["PAGES", "SECTIONS", "Section", "read_page"]

PAGES = (ROOT / "docs/en/clients.md", ROOT / "docs/zh/clients.md")

_FENCE = re.compile(r"```\w+(?: title=\"(?P<path>[^\"]+)\")?\n(?P<text>.*?)\n```", re.DOTALL)


@dataclass
class Section:
    """What a program needs: files by where they stand, and the command that runs it."""

    name: str
    files: dict[str, str] = field(default_factory=dict)
    command: str = ""

    def write(self, home: Path, work: Path, **put: str) -> str:
        """Write the files, with ``put`` in the place of what the page has; return the command."""
        for path, text in self.files.items():
            place = home / path[2:] if path.startswith("~/") else work / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(_replaced(text, put))
        return _replaced(self.command, put)


def _replaced(text: str, put: dict[str, str]) -> str:
    text = text.replace("http://127.0.0.1:4000", put["url"])
    return text.replace("qwen3:8b", put["model"]).replace("Say hello", put["words"])


def read_page(page: Path) -> dict[str, Section]:
    """Return the sections of a page by their headings."""
    found = {}
    for piece in page.read_text("utf-8").split("\n## ")[1:]:
        section = Section(piece.partition("\n")[0])
        for fence in _FENCE.finditer(piece):
            if fence["path"]:
                section.files[fence["path"]] = fence["text"]
            else:
                section.command = fence["text"]
        found[section.name] = section
    return found


SECTIONS = read_page(PAGES[0])
