"""A toolbox as a folder of plain files: one JSON file for each tool, Python beside it.

The text of a file depends only on its tool and is split into lines, so git diffs are small. Nothing
outside the folder is read: links that lead outside are refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from core.errors import ConfigError, DiglotError, InvalidRequest
from core.tools.definitions.python import parse_python
from core.tools.definitions.values import Definition
from core.tools.http_template import HttpTemplate
from core.translation.codec.json import decode_json, read_object
from core.translation.messages import Tool

MAX_BYTES = 1_000_000
"""Of one file."""
_MOST_FILES = 2000
_KEYS = ("name", "description", "parameters", "strict", "http", "python", "original")


def dump_files(definitions: Iterable[Definition]) -> dict[str, str]:
    """Return the files of a toolbox, by name."""
    files: dict[str, str] = {}
    sources: dict[str, str] = {}
    for definition in definitions:
        tool = definition.tool
        stem = _stem(tool.name, files)
        entry: dict[str, Any] = {"name": tool.name, "description": tool.description}
        if tool.parameters is not None:
            entry["parameters"] = tool.parameters
        if tool.strict is not None:
            entry["strict"] = tool.strict
        if definition.http is not None:
            entry["http"] = msgspec.to_builtins(definition.http)
        if definition.source:
            # Functions of one source share a file.
            name = sources.setdefault(definition.source, f"{stem}.py")
            files[name] = definition.source.rstrip("\n") + "\n"
            entry["python"] = name
        if definition.original:
            entry["original"] = definition.original
        files[f"{stem}.json"] = json.dumps(entry, ensure_ascii=False, indent=2) + "\n"
    return dict(sorted(files.items()))


def parse_files(files: Mapping[str, str]) -> tuple[Definition, ...]:
    """Return the definitions in files, given by name; a Python file may stand alone.

    Raises InvalidRequest that names the file.
    """
    found: list[Definition] = []
    used: set[str] = set()
    for name in sorted(n for n in files if n.endswith(".json")):
        try:
            definition, source = _parse(files[name])
        except DiglotError as exc:
            raise InvalidRequest(f"{name}: {exc.message}", path=name) from exc
        if source:
            if source not in files:
                raise InvalidRequest(f"{name}: there is no file {source} beside it", path=name)
            used.add(source)
            definition = msgspec.structs.replace(definition, source=files[source])
        found.append(definition)
    for name in sorted(n for n in files if n.endswith(".py") and n not in used):
        try:
            found += parse_python(files[name]).definitions
        except DiglotError as exc:
            raise InvalidRequest(f"{name}: {exc.message}", path=name) from exc
    return tuple(found)


def load_folder(folder: Path) -> tuple[Definition, ...]:
    """Return the definitions in a folder. Raises ConfigError that names the file."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as exc:
        raise ConfigError(f"{folder} cannot be read: {exc.strerror}") from exc
    files: dict[str, str] = {}
    for path in entries:
        if path.suffix not in (".json", ".py") or path.name.startswith((".", "_")):
            continue
        if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
            raise ConfigError(f"{path} is not a plain file of this folder")
        if len(files) >= _MOST_FILES or path.stat().st_size > MAX_BYTES:
            raise ConfigError(f"{path} is too large, or there are too many files beside it")
        try:
            files[path.name] = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as exc:
            raise ConfigError(f"{path} cannot be read as UTF-8 text") from exc
    try:
        return parse_files(files)
    except InvalidRequest as exc:
        raise ConfigError(f"{folder / (exc.path or '')}: {exc.message}") from exc


def _parse(text: str) -> tuple[Definition, str]:
    entry = read_object(decode_json(text), "")
    strangers = [key for key in entry if key not in _KEYS]
    if strangers:
        raise InvalidRequest(f"{strangers[0]} means nothing here; known are {', '.join(_KEYS)}")
    source = entry.get("python", "")
    if not isinstance(source, str) or (source and not re.fullmatch(r"[\w.-]+\.py", source)):
        raise InvalidRequest("python must be the name of a .py file in the same folder")
    fields = {key: entry[key] for key in _KEYS[:4] if key in entry}
    try:
        tool = msgspec.convert(fields, Tool)
        http = msgspec.convert(entry["http"], HttpTemplate) if "http" in entry else None
    except msgspec.ValidationError as exc:
        raise InvalidRequest(str(exc)) from exc
    original = read_object(entry.get("original") or {}, "original")
    return Definition(tool=tool, http=http, original=original), source


def _stem(name: str, taken: Mapping[str, str]) -> str:
    stem = re.sub(r"[^\w.-]+", "_", name).strip("._-")[:80] or "tool"
    lower = {other.lower() for other in taken}
    free, number = stem, 2
    # Some file systems ignore case.
    while f"{free}.json".lower() in lower or f"{free}.py".lower() in lower:
        free, number = f"{stem}-{number}", number + 1
    return free
