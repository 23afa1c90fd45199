"""Every key of a config file, and what it does here.

What acts and why others do not is said in words/*/config.yaml; which keys of LiteLLM do not act,
and which of those a config must not set, is in ignored.yaml. docs/*/configuration.md,
``--validate-config`` and what is refused are made from these. In a path ``[]`` stands for each
item of a list, ``*`` for a name that the file's author chooses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from msgspec import Struct

from core.config.deployment import SETTINGS, THINKING
from core.words import DEFAULT, say, words

__all__ = ["Found", "Key", "known_keys", "walk_keys"]

Does = Literal["acts", "nothing", "refused"]

_IGNORED = Path(__file__).parent / "ignored.yaml"
_ACTS = "config.acts."
_P = "model_list[].litellm_params"
# What may stand in these may stand in a deployment's parameters.
_SAME = {"credential_list[].credential_values": _P, "router_settings.default_litellm_params": _P}


class Key(Struct, frozen=True):
    """One key. ``does`` is ``nothing`` where Diglot accepts the key and leaves it alone, and
    ``refused`` where leaving it alone would send data elsewhere, or let others ask."""

    path: str
    does: Does
    words: str
    values: Mapping[str, str] | None = None

    def text(self, language: str) -> str:
        """Return what it does, or why it does nothing."""
        return say(self.words, language, self.values)


class Found(Struct, frozen=True):
    """A key in a file: its path there, the path of the section as the table has it, its own
    name, its row if it has one, and its value."""

    path: str
    section: str
    name: str
    key: Key | None
    value: Any


@cache
def known_keys() -> Mapping[str, Key]:
    """Return the rows by path."""
    acting = (key.removeprefix(_ACTS) for key in words(DEFAULT) if key.startswith(_ACTS))
    found = {path: Key(path, "acts", _ACTS + path) for path in acting}
    found |= {key.path: key for key in _settings()}
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    ignored = yaml.load(_IGNORED.read_text("utf-8"), loader)
    doings: tuple[Does, ...] = ("nothing", "refused")
    for does in doings:
        for reason, sections in ignored[does].items():
            for section, names in sections.items():
                for name in names:
                    path = name if section == "." else f"{section}.{name}"
                    found[path] = Key(path, does, f"config.reasons.{reason}")
    return found


def walk_keys(value: Any) -> Iterator[Found]:
    """Yield every key of a config, but for what stands below one that does not act here."""
    yield from _walk(value, "", "")


def _walk(value: Any, path: str, section: str) -> Iterator[Found]:
    if isinstance(value, list):
        for at, item in enumerate(value):
            if isinstance(item, dict):
                yield from _walk(item, f"{path}[{at}]", f"{section}[]")
        return
    keys = known_keys()
    for name, inner in value.items() if isinstance(value, dict) else ():
        inside = f"{path}.{name}" if path else str(name)
        row = f"{section}.{name}" if section else str(name)
        key = keys.get(row) or keys.get(f"{section}.*")
        yield Found(inside, section, str(name), key, inner)
        if key is not None and key.does == "acts":
            own = _SAME.get(key.path, key.path)
            if own in _sections() or f"{own}[]" in _sections():
                yield from _walk(inner, inside, own)


@cache
def _sections() -> frozenset[str]:
    return frozenset(path.rpartition(".")[0] for path in known_keys())


def _settings() -> Iterator[Key]:
    """Yield the defaults for requests, out of the table of fields."""
    for name, row in SETTINGS.items():
        words = "config.setting" if name == row.name else "config.setting_alias"
        yield Key(f"{_P}.{name}", "acts", words, {"name": row.name})
    for name in THINKING:
        yield Key(f"{_P}.{name}", "acts", "config.thinking")
