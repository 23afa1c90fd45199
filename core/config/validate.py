"""``--validate-config``: what each key of a config file does here, line by line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from core.config.config import load_config
from core.config.files import Document, parse_document, read_text
from core.config.keys.reference import walk_keys
from core.errors import ConfigError
from core.words import say

Language = Literal["zh", "en", "both"]

_MARKS = {"acts": "+", "nothing": "-", "refused": "x", "": "?"}


def language_of(environ: Mapping[str, str]) -> Language:
    """Return the language of a user's locale, or both languages if it names none."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        name = environ.get(variable, "")
        if name.startswith("zh"):
            return "zh"
        if name and name.partition(".")[0] not in ("C", "POSIX"):
            return "en"
    return "both"


def explain_config(
    path: Path, *, environ: Mapping[str, str], language: Language
) -> tuple[bool, list[str]]:
    """Return whether a config file can be used, and a line of text for each of its keys.

    Values are never printed: some are secrets.
    """
    try:
        document = parse_document(read_text(path), path.parent)
    except ConfigError as exc:
        return False, [_said("unusable", language, problem=exc.message)]
    lines = list(_lines(document, path.name, language))
    try:
        config = load_config(path, environ=environ)
    except ConfigError as exc:
        return False, [*lines, "", _said("unusable", language, problem=exc.message)]
    names = {deployment.model_name for deployment in config.deployments}
    summary = _said("usable", language, deployments=len(config.deployments), names=len(names))
    # A key without effect is named on its own line.
    more = [f"! {text}" for text in config.warnings if " has no effect" not in text]
    return True, [*lines, *more, "", summary]


def _lines(document: Document, name: str, language: Language) -> Iterator[str]:
    for found in walk_keys(document.value):
        key, place = found.key, document.places.get(found.path)
        if place is None:
            continue  # what << has joined in stands where its anchor is
        text = _said("unknown", language) if key is None else _joined(language, key.text)
        mark = _MARKS[key.does if key is not None else ""]
        yield f"{place.file or name}:{place.line}: {mark} {found.path}: {text}"


def _said(key: str, language: Language, **values: Any) -> str:
    return _joined(language, lambda code: say(f"config.{key}", code, values))


def _joined(language: Language, text: Callable[[str], str]) -> str:
    return " / ".join(map(text, ("zh", "en"))) if language == "both" else text(language)
