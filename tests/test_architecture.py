"""What must stay true of the code as a whole."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.support.sources import ROOT, sources

FOLDERS = ("core", "ui", "pages", "tests", "bench", "examples", "scripts")
FILES = sorted(f for folder in FOLDERS for f in (ROOT / folder).rglob("*.py"))
HEAVY = (
    "httpx aiohttp requests starlette uvicorn streamlit sqlalchemy openai ollama yarl "
    "pydantic jsonschema yaml"
).split()


def loaded(statement: str) -> set[str]:
    """Return the top-level modules that are loaded once a statement has run."""
    code = f"{statement}\nimport sys\nprint(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    out = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return set(out.stdout.split())


def test_translation_loads_nothing_that_does_io() -> None:
    modules = (
        "core.translation.translate, core.translation.report.report, "
        "core.translation.conversions.passed_stream, core.inspector.align.request"
    )
    assert not loaded(f"import {modules}") & {*HEAVY, "asyncio", "socket"}


def test_the_gateway_never_loads_the_interface() -> None:
    assert not loaded("import core.__main__") & {"streamlit", "pandas", "openai", "httpx"}


def test_files_are_short_and_say_what_they_hold() -> None:
    texts = {path.relative_to(ROOT): path.read_text("utf-8") for path in FILES}
    assert not [path for path, text in texts.items() if len(text.splitlines()) > 400]
    # A file begins with what it holds.
    told = re.compile(r'(?:#.*\n|\s)*r?"""')
    assert not [p for p, text in texts.items() if p.name != "__init__.py" and not told.match(text)]


def test_every_page_is_in_the_navigation() -> None:
    listed = set(re.findall(r'"\.\./pages/(\w+)\.py"', (ROOT / "ui/main.py").read_text()))
    assert listed == {path.stem for path in (ROOT / "pages").glob("*.py")}


def test_the_interface_uses_core_and_core_never_the_interface() -> None:
    for path in (ROOT / "core").rglob("*.py"):
        assert not re.search(
            r"^(?:from|import) (?:ui|pages|app|streamlit)\b", path.read_text(), re.M
        )


def tracked() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout: there is no list of its files")
    # Whoever runs the tests need not be who owns the files.
    git = ["git", "-c", f"safe.directory={ROOT}", "ls-files"]
    out = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / line for line in out.stdout.splitlines()]


def test_no_file_names_a_machine_or_a_registry() -> None:
    suspect = re.compile(r"/root/|/home/\w+/|/work/main|/tmp/w/|pypi\.org|proxy\.golang|npmjs\.")
    for path in tracked():
        if path.suffix in (".py", ".md", ".toml", ".yaml", ".txt", ".sh", ".lock", ".json"):
            if path == Path(__file__) or not path.exists():
                continue
            assert not suspect.search(path.read_text("utf-8")), path


def names(path: str) -> set[str]:
    """Return the packages that a file of requirements lists."""
    found = (re.match(r"[\w.-]+", line) for line in (ROOT / path).read_text().splitlines())
    return {
        match[0].lower().replace("_", "-")
        for match in found
        if match and not match[0].startswith("-")
    }


def packages(modules: set[str]) -> set[str]:
    """Return the packages that have these modules."""
    known = packages_distributions()
    # pydantic's other half has a version of its own, which pydantic alone may choose.
    listed = names("requirements.txt") | names("requirements-dev.txt")
    found = set()
    for module in modules & known.keys():
        # Several packages may put modules into one namespace: any that is listed will do.
        named = [name.lower().replace("_", "-") for name in known[module]]
        found.add(next((name for name in named if name in listed), named[0]))
    # Monty's module lies in a part of the package that is named, which brings the program, too.
    parts = {"pydantic-monty-client": "pydantic-monty"}
    return {parts.get(name, name) for name in found} - {"pydantic-core"}


def test_what_is_needed_to_run_is_what_is_imported() -> None:
    # Run as a program, named to uvicorn, and looked for by Streamlit and limits.
    otherwise = {"pip", "httptools", "uvloop", "authlib", "redis"}
    used = [one.modules for one in sources("core", "ui", "pages", "app.py", "examples")]
    assert names("requirements.txt") == packages(set().union(*used)) | otherwise


def test_everything_that_tests_import_is_listed() -> None:
    # Every line that can import, also in texts: to parse all tests takes a second.
    line = re.compile(r"^[ \t]*(?:from ([\w.]+) import|import ([\w., ]+))", re.M)
    modules = set()
    for path in FILES:
        if path.is_relative_to(ROOT / "tests") or path.is_relative_to(ROOT / "bench"):
            for one, some in line.findall(path.read_text("utf-8")):
                modules |= {
                    name.strip().split(".")[0].split(" ")[0] for name in (one or some).split(",")
                }
    assert {"pytest", "hypothesis", "playwright", "httpx"} <= modules
    listed = names("requirements.txt") | names("requirements-dev.txt")
    assert packages(modules) <= listed


@pytest.mark.parametrize(("language", "split"), [("en", "## To check"), ("zh", "## 检查需要")])
def test_every_dependency_is_defended_and_locked(language: str, split: str) -> None:
    needed, dev, locked = (names(f"requirements{end}") for end in (".txt", "-dev.txt", ".lock"))
    text = (ROOT / "docs" / language / "dependencies.md").read_text("utf-8")
    run, check = (
        set(re.findall(r"^\| `([\w-]+)` \| \S", part, re.M)) for part in text.split(split)
    )
    assert (run, check) == (needed, dev)
    assert needed | dev <= locked


# Where the name of a dialect may stand outside its folder, and why.
_NAMES_A_DIALECT = {
    "core/translation/fields/chat.py": "the hub's own table: what an idea is called in both APIs",
    "core/translation/fields/field.py": "the dialect whose names the hub's settings have",
    "core/translation/fields/kinds.py": "the kinds of things in each dialect, one table",
    "core/translation/dialects/shared": "what the parsers of chats have in common",
    "core/translation/splicing": "the fast paths of streams, by pairs of dialects",
    "core/translation/conversions/plain_over_ollama.py": "the fast path of two pairs of requests",
    "core/translation/dialects/dialect.py": "the word embeddings is a kind of task, too",
    "core/config/providers.py": "the rows of providers, each with its kind of backend",
    "core/backends/next_steps.py": "the name of a program on the PATH",
    "core/backends/discovery.py": "looks for an Ollama, else runs the embedded model",
    "core/chats/values/chat.py": "a closed set, since it is kept in the database",
    "core/exchanges/snippets.py": "names of SDKs",
    "core/inspector/paste/python.py": "names of SDKs, and their methods",
    "core/tools/takeaway/scripts.py": "names of SDKs",
    "ui/toolbench/exports.py": "names of SDKs",
    "core/tools/definitions": "names of forms in which tools are written",
    "core/tools/takeaway/parts.py": "the form of the tools in an exported file",
    "core/tools/lint": "forms of tools that are checked against",
    "ui/toolbench/box.py": "the form of tools that is shown first",
    "core/inspector/align": "answers of dialects side by side",
    "core/inspector/before_after.py": "shows Ollama's API beside OpenAI's",
    "core/inspector/compare_live.py": "asks by Ollama's API and by OpenAI's SDK",
    "ui/viewer/views/proving.py": "shows that comparison",
    "core/inspector/probes": "probes of Ollama's API and of OpenAI's",
    "core/inspector/tour.py": "the examples of the tour",
    "core/gateway/endpoints/listings.py": "one route of two APIs, told apart by its headers",
    "core/gateway/endpoints/openapi.py": "the word responses is OpenAPI's, too",
}


def test_nothing_names_a_dialect_outside_of_its_folder() -> None:
    from core.translation.dialects.registry import APIS, SPOKEN

    allowed, used = tuple(_NAMES_A_DIALECT), set()
    homes = tuple(f"core/translation/dialects/{name}/" for name in APIS)
    modules = tuple(home.rstrip("/").replace("/", ".") for home in homes)
    for source in sources("core", "ui", "pages"):
        place = source.path
        if place.startswith(homes):
            continue
        for node in source.nodes:
            named = isinstance(node, ast.Constant) and node.value in SPOKEN
            taken = isinstance(node, ast.ImportFrom) and str(node.module).startswith(modules)
            if not named and not (taken and not place.endswith("dialects/registry.py")):
                continue
            home = next((one for one in allowed if place.startswith(one)), None)
            line = getattr(node, "lineno", 0)
            assert home, f"{place}:{line} names a dialect: let the registry say it"
            used.add(home)
    assert used == set(allowed), "a place that names none is listed no longer"


def test_the_rules_of_emulation_have_one_way_in() -> None:
    for path in FILES:
        place = str(path.relative_to(ROOT))
        if place.startswith(("core/tools/emulation/", "tests/")):
            continue
        inside = re.findall(r"core\.tools\.emulation\.\w+", path.read_text("utf-8"))
        assert not inside, f"{place} goes past core.tools.emulation to {inside[0]}"
