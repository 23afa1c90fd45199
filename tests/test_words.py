"""What people read stands in one folder a language, and every folder says everything."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import yaml

import core.words
from core.chats.transfer.imports.report import WHY
from core.inspector.align.response_notes import ANSWER_NOTES
from core.inspector.probes.compatibility import PROBES
from core.note import Note
from core.tools.definitions.conversion_notes import REASONS
from core.tools.definitions.remarks import REMARKS
from core.translation.report.notes import NOTES
from core.words import languages, preferred, say, words
from tests.support.sources import ROOT, sources

WORDS = ROOT / "words"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# Chinese in code that is about language itself, or that a model or a tool is given as data.
DATA = {
    "core/chats/jobs/titles.py": "how models label a title",
    "core/inspector/tour.py": "the definition of an example tool, as a model is given it",
    "core/tools/emulation/argument_grammar.py": "words of users' questions",
    "core/tools/emulation/assign_phrases.py": "words of users' questions",
    "core/tools/emulation/choose_tool.py": "words of users' questions",
    "core/tools/emulation/emulate.py": "worked examples that a model is shown",
    "core/tools/emulation/flatten_history.py": "worked examples that a model is shown",
    "core/tools/emulation/question_phrases.py": "words of users' questions",
    "core/tools/emulation/spans.py": "words of users' questions",
    "core/tools/examples.py": "example tools, which answer in Chinese",
    "core/tools/lint/schemas.py": "how descriptions list their values",
    "core/chats/store/search_words.py": "which letters stand without spaces",
}


def beginnings(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Yield how keys begin that are put together from a name."""
    for node in nodes:
        if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
            found = re.match(r"[a-z_]+\.([\w.]*)", str(node.values[0].value))
            if found:
                yield found[0]


def placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"\{(\w+)\}", text))


def test_every_language_says_everything() -> None:
    assert {"en", "zh"} <= set(languages())
    wanted = words("en")
    for code in languages():
        said = words(code)
        assert said.keys() == wanted.keys(), code
        for key, text in said.items():
            assert placeholders(text) == placeholders(wanted[key]), (code, key)
            assert bool(text) == bool(wanted[key]), (code, key)


def test_no_key_stands_in_two_files() -> None:
    for code in languages():
        files = [yaml.safe_load(f.read_text("utf-8")) for f in (WORDS / code).glob("*.yaml")]
        assert sum(map(leaves, files)) == len(words(code))


def leaves(value: object) -> int:
    return sum(map(leaves, value.values())) if isinstance(value, dict) else 1


def test_chinese_is_chinese_with_its_own_commas() -> None:
    narrow = re.compile(r"(?<=[\w\u4e00-\u9fff]),(?=[A-Z\u4e00-\u9fff])")
    english = words("en")
    for key, text in words("zh").items():
        # Names and code read the same in every language.
        names = len(text.split()) < 6 and all(w in english[key] for w in re.findall(r"\w+", text))
        assert CHINESE.search(text) or names or key.startswith("language."), (key, text)
        assert not narrow.search(text) or key.startswith(("example.", "tour.")), (key, text)


def test_english_has_no_chinese() -> None:
    assert [key for key, text in words("en").items() if CHINESE.search(text)] == []


def test_every_word_is_used_and_none_is_missing() -> None:
    known = words("en")
    roots = {key.partition(".")[0] for key in known}
    tables = (NOTES, ANSWER_NOTES, REASONS, REMARKS, WHY)
    used = {note.key for table in tables for note in table.values()}
    begun = {f"probe.title.{name}" for name in PROBES}
    for one in sources("core", "ui", "pages"):
        used |= one.strings
        begun |= set(beginnings(one.nodes))
    begun = {key for key in begun if key.partition(".")[0] in roots}
    begun -= {"probe.title."}
    unused = [key for key in known if key not in used and not key.startswith(tuple(begun))]
    assert not unused
    asked = [
        node.args[0].value
        for one in sources("core", "ui", "pages")
        for node in one.nodes
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("Note", "t", "say")
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and "." in str(node.args[0].value)
    ]
    assert len(asked) > 300 and not set(asked) - known.keys()
    missing = {
        text
        for one in sources("core")
        for text in one.strings
        if re.fullmatch(r"(probe\.said|report|answer|lint|paste)\.[a-z_.]*[a-z_]", text)
    }
    assert not missing - known.keys()


def test_no_words_are_written_into_the_code() -> None:
    spoken = set()
    for one in sources("core", "ui", "pages"):
        chinese = [s for s in one.strings if CHINESE.search(s)]
        if one.path.startswith(("ui/", "pages/")):
            # JSON is an example of a body.
            assert all(s.lstrip().startswith("{") for s in chinese), (one.path, chinese)
        elif chinese:
            spoken.add(one.path)
    assert spoken == DATA.keys()


def test_a_language_is_one_new_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(WORDS, tmp_path / "words")
    folder = tmp_path / "words/tlh"
    shutil.copytree(WORDS / "en", folder)
    for file in folder.glob("*.yaml"):
        text = re.sub(r"^(\s*'?[\w.$]+'?: )(?=\S)(['\"]?)", r"\1\2Qapla' ".replace("'", "’"),
                      file.read_text("utf-8"), flags=re.M)  # fmt: skip
        file.write_text(text, "utf-8")
    monkeypatch.setattr(core.words, "FOLDER", tmp_path / "words")
    for cached in (languages, words):
        cached.cache_clear()
    try:
        assert set(languages()) == {"en", "tlh", "zh"}
        assert languages()["tlh"] == "Qapla’ English"
        assert words("tlh").keys() == words("en").keys()
        assert Note("report.kept").text("tlh").startswith("Qapla’ ")
        assert Note("lint.deep").fill(limit=3).text("tlh").startswith("Qapla’ ")
        assert preferred("tlh, en;q=0.5") == "tlh"
    finally:
        monkeypatch.undo()
        for cached in (languages, words):
            cached.cache_clear()


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("fr, de;q=0.7, zh-Hant-TW;q=0.5", "zh"),
        ("en;q=0.1, zh;q=0.2", "zh"),
        ("zh;q=0, en", "en"),
        ("*", "en"),
        ("zh;q=nonsense", "en"),
    ],
)
def test_the_language_asked_for_is_spoken(header: str, wanted: str) -> None:
    assert preferred(header) == wanted


def test_values_are_said_in_the_language() -> None:
    inner = Note("probe.said.short")
    for code, comma in (("en", ", "), ("zh", "、")):
        listed = say("lint.strict_misfit", code, {"paths": ["a", "b"]})
        assert f"a{comma}b" in listed
        note = Note("probe.said.told").fill(evidence=inner, told="think")
        assert note.text(code).startswith(inner.text(code))
    with pytest.raises(KeyError):
        say("no.such.key", "en")
    with pytest.raises(KeyError):
        words("xx")
