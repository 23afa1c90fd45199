"""Every word that people read, by key and language: one folder of YAML files a language.

``words/en/report.yaml`` holds the English sentences of reports. A language is a folder there,
named by its code (RFC 5646); its ``language.yaml`` says what it calls itself. A new language is
a new folder, nothing else. A file is read when its language is first spoken.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

DEFAULT = "en"
"""The language of whoever asks for none that is here."""

FOLDER = Path(__file__).parent.parent / "words"


@lru_cache
def languages() -> Mapping[str, str]:
    """Return the languages by their codes, in their order, by the name each calls itself."""
    codes = [file.parent.name for file in FOLDER.glob("*/language.yaml")]
    codes.sort(key=lambda code: (words(code)["language.order"], code))
    return {code: words(code)["language.name"] for code in codes}


@lru_cache
def words(language: str) -> Mapping[str, str]:
    """Return all words of one language by their keys. Raises KeyError where it has no folder."""
    files = sorted((FOLDER / language).glob("*.yaml"))
    if not files:
        raise KeyError(language)
    # Translating needs no words: what reads them is loaded with the first sentence.
    import yaml

    # The reader in C takes 20 ms for a language, the one in Python ten times as long.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    flat: dict[str, str] = {}
    for file in files:
        _flatten(yaml.load(file.read_text("utf-8"), loader), "", flat)
    return flat


def say(key: str, language: str, values: Mapping[str, Any] | None = None) -> str:
    """Return the words for ``key``, with ``{name}`` replaced. Raises KeyError for no such key.

    A list among the values is joined as the language does it; a value with a ``text`` of its own
    (a note) is said in the language, too.
    """
    text = words(language)[key]
    if not values:
        return text
    return text.format(**{name: _said(value, language) for name, value in values.items()})


def preferred(header: str) -> str:
    """Return the language that an Accept-Language header prefers (RFC 9110, 12.5.4)."""
    wishes = []
    for place, part in enumerate(header.split(",")):
        code, _, weight = part.partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight.strip() else 1.0
        except ValueError:
            quality = 0.0
        wishes.append((-quality, place, code.strip().lower()))
    for quality, _, code in sorted(wishes):
        for known in (code, code.partition("-")[0]):
            if quality and known in languages():
                return known
    return DEFAULT


def _said(value: Any, language: str) -> Any:
    if isinstance(value, list | tuple):
        return words(language)["language.comma"].join(str(_said(v, language)) for v in value)
    text = getattr(value, "text", None)
    return text(language) if callable(text) else value


def _flatten(value: Any, path: str, flat: dict[str, str]) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            _flatten(item, f"{path}.{key}" if path else str(key), flat)
    else:
        flat[path] = str(value)
