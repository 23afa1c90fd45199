"""The docs are whole in both languages and say what the code does; their links lead somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.docs_tables import filled

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
NAMES = sorted(page.name for page in (DOCS / "en").glob("*.md"))
TWINS = {name: (DOCS / "en" / name, DOCS / "zh" / name) for name in NAMES} | {
    "README": (ROOT / "README.md", ROOT / "README.zh-CN.md"),
    "CONTRIBUTING": (ROOT / "CONTRIBUTING.md", ROOT / "CONTRIBUTING.zh-CN.md"),
    "SECURITY": (ROOT / "SECURITY.md", ROOT / "SECURITY.zh-CN.md"),
}
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.glob("*/*.md")])
LINK = re.compile(r"\]\((?!https?://|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)")
FENCE = re.compile(r"^( *)```(\w*)(?: title=\"[^\n]*\")?\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
HAN = re.compile("[\u4e00-\u9fff]")
# What is Chinese on an English page: the switch to the other one, and what is searched for.
CHINESE_IN_ENGLISH = ("[简体中文](", "search for 中文")


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def text_of(page: Path) -> str:
    return page.read_text("utf-8")


def prose(text: str) -> str:
    """Return a page without its programs, which may speak any language."""
    return FENCE.sub("", text)


def shape(text: str) -> list[str]:
    """Return what is the same in all languages: headings, tables, programs, lists, in order."""
    found = []
    for line in FENCE.sub(lambda fence: f"```{fence[2]}", text).splitlines():
        if head := re.match(r"#+ |```\w*|[-*] |\d+\. ", line.strip()):
            found.append(head[0])
        elif line.startswith("|"):
            found.append(f"row of {line.count(' | ')}")
    return found


def code(text: str) -> list[str]:
    """Return the programs of a page without their comments and texts."""
    programs = (fence[3] for fence in FENCE.finditer(text) if fence[2])
    without = (re.sub(r'#.*|""".*?"""|"[^"]*"', "", p, flags=re.DOTALL) for p in programs)
    return [" ".join(program.split()) for program in without]


def slug(heading: str) -> str:
    kept = re.sub(r"[^\w\- ]", "", re.sub(r"[`*]|\]\([^)]*\)|\[", "", heading).strip().lower())
    return kept.replace(" ", "-")


def anchors(page: Path) -> set[str]:
    return {slug(head) for head in re.findall(r"^#+ (.*)$", prose(text_of(page)), re.MULTILINE)}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_tables_are_up_to_date(language: str) -> None:
    for page in (DOCS / language).glob("*.md"):
        text = text_of(page)
        assert filled(text, language) == text, f"{page.name}: run python -m scripts.docs_tables"


def test_every_page_is_there_in_both_languages() -> None:
    assert sorted(page.name for page in (DOCS / "zh").glob("*.md")) == NAMES


@pytest.mark.parametrize("name", TWINS)
def test_a_page_says_the_same_in_both_languages(name: str) -> None:
    english, chinese = map(text_of, TWINS[name])
    assert shape(english) == shape(chinese)
    assert code(english) == code(chinese)


@pytest.mark.parametrize("name", TWINS)
def test_a_page_speaks_one_language(name: str) -> None:
    english, chinese = (prose(text_of(page)) for page in TWINS[name])
    for line in english.splitlines():
        assert not HAN.search(line) or any(known in line for known in CHINESE_IN_ENGLISH), line
    for line in chinese.splitlines():
        spoken = re.sub(r"`[^`]*`|\([^)]*\)|https?://\S+|<!--.*?-->", "", line)
        words = re.findall(r"[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}", spoken)
        quoted = re.match(r"- .*: [✓✗⊘?] ", line)  # what a server said
        assert HAN.search(line) or quoted or not words, line


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    for path, anchor in LINK.findall(prose(text_of(page))):
        target = page.parent / path if path else page
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), f"{path}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_page_links_to_its_own_language(page: Path) -> None:
    foreign = {"en": "docs/zh/", "zh": "docs/en/"}["zh" if "zh" in named(page) else "en"]
    for path, _ in LINK.findall(text_of(page)):
        assert foreign not in path


def files() -> set[str]:
    """Return every file of the checkout, and every folder with a stroke behind it."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = set(found.split())
    return paths | {f"{parent}/" for path in paths for parent in Path(path).parents}


@pytest.mark.parametrize("name", ["architecture.md", "CONTRIBUTING"])
@pytest.mark.parametrize("language", [0, 1], ids=["en", "zh"])
def test_every_path_that_is_named_exists(name: str, language: int) -> None:
    known = files()
    named = re.findall(r"`([\w./-]+(?:/|\.\w+))`", text_of(TWINS[name][language]))
    assert len(named) > 10
    for path in named:
        # A bare name stands beside what was named before it.
        inside = "/" not in path.rstrip("/")
        assert path in known or (inside and any(f"/{k}".endswith(f"/{path}") for k in known)), path


@pytest.mark.parametrize("name", ["SECURITY", "threat-model.md"])
@pytest.mark.parametrize("language", [0, 1], ids=["en", "zh"])
def test_every_promise_names_the_tests_that_hold_it(name: str, language: int) -> None:
    lines = text_of(TWINS[name][language]).splitlines()
    rows = [line for line in lines if line.startswith("|")]
    for row in rows[2:]:
        found = re.findall(r"`([\w/]+\.py)`", row.rstrip("| ").rpartition(" | ")[2])
        assert found, row
        assert all((ROOT / "tests" / path).exists() for path in found), row


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    """As ``make docs`` does; a search index of each language comes with it."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", str(tmp_path)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONWARNINGS": "ignore"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    index = (tmp_path / "search/search_index.json").read_text("utf-8")
    for name in NAMES:
        folder = "" if name == "index.md" else f"{name[:-3]}/"
        for language in ("", "zh/"):
            assert (tmp_path / language / folder / "index.html").exists(), (language, name)
            assert f'"location":"{language}{folder}"' in index, (language, name)
