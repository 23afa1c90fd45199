"""The script of the chat page is the one that web/ makes, and says only words that are there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from core.words import languages, words
from ui.chat import lines, picker, side, wire
from ui.chat.routes import ASSETS
from ui.chat.surface import OTHER_WORDS, WORDS

ROOT = Path(__file__).parents[3]
WEB = ROOT / "web"


def test_every_word_that_the_script_says_is_given_to_it() -> None:
    source = "".join(path.read_text("utf-8") for path in (WEB / "src").glob("*.ts*"))
    said = set(re.findall(r'"((?:chat|empty|error|search|side|phase|models|files)\.\w+)"', source))
    given = {f"chat.{name}" for name in WORDS} | {
        *OTHER_WORDS,
        *side.WORDS,
        *picker.WORDS,
        *wire.WORDS,
        *lines.WORDS,
    }
    phases = {key for key in said if key.startswith("phase.")}
    assert said - phases == given
    for language in languages():
        assert given | phases <= set(words(language))


def test_the_bundle_says_what_it_is_made_of() -> None:
    text = (ASSETS / "LICENCES.txt").read_text("utf-8")
    for name in ("preact", "markdown-it", "katex", "highlight.js", "mermaid", "lucide"):
        assert re.search(rf"^{re.escape(name)} [\d.]+ \((MIT|BSD-3-Clause|ISC)\)", text, re.M), name
    assert (ASSETS / (ASSETS / "entry.txt").read_text().strip()).exists()
    entry = (ASSETS / (ASSETS / "entry.txt").read_text().strip()).read_text("utf-8")
    assert len(entry.encode()) < 250_000
    # Nothing of it is fetched from elsewhere.
    for path in ASSETS.glob("*.js"):
        assert not re.search(r'import\s*\(?\s*"https?:', path.read_text("utf-8")), path


@pytest.mark.slow
def test_the_bundle_is_what_its_source_makes(tmp_path: Path) -> None:
    if not shutil.which("npm") and not os.environ.get("CI"):
        pytest.skip("no Node here")
    copy = tmp_path / "web"
    shutil.copytree(WEB, copy, ignore=shutil.ignore_patterns("node_modules"))
    for command in (["npm", "ci", "--no-audit", "--no-fund"], ["npm", "run", "check"]):
        subprocess.run(command, cwd=copy, check=True, capture_output=True, timeout=300)
    made = tmp_path / "bundle"
    subprocess.run(["node", "build.mjs", str(made)], cwd=copy, check=True, timeout=300)
    assert {one.name: one.read_bytes() for one in made.iterdir()} == {
        one.name: one.read_bytes() for one in ASSETS.iterdir()
    }
