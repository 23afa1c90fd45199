"""A toolbox as a folder: everything comes back, git shows just what changed, nothing leads out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from core.errors import ConfigError, InvalidRequest
from core.tools.definitions.reading import parse_any
from core.tools.definitions.values import Definition
from core.tools.folders import dump_files, load_folder, parse_files
from core.tools.http_template import HttpTemplate
from core.translation.messages import Tool
from tests.tools.definitions.bfcl_sample import definitions as bfcl_definitions
from tests.tools.definitions.test_openapi import PETS
from tests.tools.definitions.test_reading import TEXTS

SOURCE = "def _two():\n    return 2\n\n\ndef double(x: int) -> int:\n    return x * _two()\n\n\n" \
    "def triple(x: int) -> int:\n    return x * 3\n"  # fmt: skip


def every_kind() -> list[Definition]:
    found: list[Definition] = []
    for text in (*map(json.dumps, TEXTS.values()), SOURCE, PETS):
        found += parse_any(text).definitions
    found += [d for item in list(bfcl_definitions())[:10]
              for d in parse_any(json.dumps(item)).definitions]  # fmt: skip
    return [*found, Definition(tool=Tool(name="天气/../x", description="…")),
            Definition(tool=Tool(name="CON")), Definition(tool=Tool(name="con"))]  # fmt: skip


def by_name(definitions: Any) -> list[Definition]:
    return sorted(definitions, key=repr)


def test_a_folder_gives_back_what_was_saved(tmp_path: Path) -> None:
    saved = every_kind()
    for name, text in dump_files(saved).items():
        (tmp_path / name).write_text(text, "utf-8", newline="\n")
    loaded = load_folder(tmp_path)
    same = [replace(d, source=d.source.rstrip("\n") + "\n") if d.source else d for d in saved]
    assert by_name(loaded) == by_name(same)
    names = [path.name for path in tmp_path.iterdir()]
    assert len({name.lower() for name in names}) == len(names)


def test_a_change_touches_one_file_and_few_lines() -> None:
    saved = every_kind()
    before = dump_files(saved)
    tool = replace(saved[0].tool, description="Something else.")
    after = dump_files([replace(saved[0], tool=tool), *saved[1:]])
    (changed,) = (name for name in after if after[name] != before[name])
    old, new = before[changed].splitlines(), after[changed].splitlines()
    assert sum(a != b for a, b in zip(old, new, strict=True)) == 1


def test_functions_of_one_text_share_a_file() -> None:
    files = dump_files(parse_any(SOURCE).definitions)
    assert sorted(files) == ["double.json", "double.py", "triple.json"]
    assert json.loads(files["triple.json"])["python"] == "double.py"


def test_python_alone_is_a_tool() -> None:
    (tool,) = (d.tool for d in parse_files({"f.py": 'def f(x: int):\n    """Do."""\n    return x'}))
    assert (tool.name, tool.description) == ("f", "Do.")


def test_templates_are_kept() -> None:
    http = HttpTemplate(url="https://a.test/{x}", method="POST", body={"x": "{x}"})
    (back,) = parse_files(dump_files([Definition(tool=Tool(name="f"), http=http)]))
    assert back.http == http


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"a.json": "{"}, "a.json: the body is not valid JSON"),
        ({"a.json": "[]"}, "must be an object"),
        ({"a.json": '{"name": "f", "shell": "rm"}'}, "shell means nothing here"),
        ({"a.json": '{"description": "f"}'}, "name"),
        ({"a.json": '{"name": "f", "python": "../../x.py"}'}, "in the same folder"),
        ({"a.json": '{"name": "f", "python": "b.py"}'}, "no file b.py"),
        ({"a.json": '{"name": "f", "http": {"url": "file:///etc/passwd"}}'}, "http://"),
        ({"a.py": "def f(:"}, "a.py: line 1"),
    ],
)
def test_a_broken_file_is_named(files: dict[str, str], says: str) -> None:
    with pytest.raises(InvalidRequest, match=says.replace("(", r"\(")):
        parse_files(files)


@pytest.mark.parametrize("name", ["a.json", "a.py"])
def test_a_link_that_leads_out_is_not_followed(tmp_path: Path, name: str) -> None:
    outside = tmp_path / "secret"
    outside.write_text("def f(): pass", "utf-8")
    folder = tmp_path / "box"
    folder.mkdir()
    (folder / name).symlink_to(outside)
    with pytest.raises(ConfigError, match="not a plain file"):
        load_folder(folder)


def test_what_is_no_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_folder(tmp_path / "nowhere")
    (tmp_path / "a.json").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="UTF-8"):
        load_folder(tmp_path)
