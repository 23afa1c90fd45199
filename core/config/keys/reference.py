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
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import yaml
from msgspec import Struct

from core.config.keys.schema import Root
from core.config.settings import SETTINGS
from core.words import say

Does = Literal["acts", "nothing", "refused"]

_IGNORED = Path(__file__).parent / "ignored.yaml"
_P = "model_list[].litellm_params"
SAME = {"credential_list[].credential_values": _P, "router_settings.default_litellm_params": _P}


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
    found = {**_acting_keys()}
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


def child(section: str, name: str) -> Key | None:
    """Return the row of a key in a section, None where the section has no such key."""
    path, any_name = f"{section}.{name}" if section else name, f"{section}.*"
    acts = _acting_keys()
    # Many a file needs no more than these, so the others are read when one is met.
    return acts.get(path) or acts.get(any_name) or known_keys().get(path)


@cache
def _acting_keys() -> Mapping[str, Key]:
    found = {path: Key(path, "acts", f"config.acts.{path}") for path in _acting(Root)}
    return found | {key.path: key for key in _settings()}


def has_parts(section: str) -> bool:
    """Tell whether a section has keys of its own, or takes any value."""
    return section in _sections() or f"{section}[]" in _sections()


def walk_keys(value: Any) -> Iterator[Found]:
    """Yield every key of a config, but for what stands below one that does not act here."""
    yield from _walk(value, "", "")


def _walk(value: Any, path: str, section: str) -> Iterator[Found]:
    if isinstance(value, list):
        for at, item in enumerate(value):
            if isinstance(item, dict):
                yield from _walk(item, f"{path}[{at}]", f"{section}[]")
        return
    for name, inner in value.items() if isinstance(value, dict) else ():
        inside = f"{path}.{name}" if path else str(name)
        key = child(section, str(name))
        yield Found(inside, section, str(name), key, inner)
        if key is not None and key.does == "acts":
            own = SAME.get(key.path, key.path)
            if has_parts(own):
                yield from _walk(inner, inside, own)


@cache
def _sections() -> frozenset[str]:
    return frozenset(path.rpartition(".")[0] for path in _acting_keys())


def _acting(root: Any) -> Iterator[str]:
    """Yield the paths of all fields of a Struct and of those in it."""
    for name, kind in get_type_hints(root).items():
        yield name
        for inner in _inside(kind):
            yield f"{name}{inner}"


def _inside(kind: Any) -> Iterator[str]:
    if isinstance(kind, type) and issubclass(kind, Struct):
        yield from (f".{path}" for path in _acting(kind))
        return
    *_, last = get_args(kind) or (None,)
    if get_origin(kind) is list:
        yield from (f"[]{path}" for path in _inside(last))
    elif get_origin(kind) is dict and last is not Any:
        yield ".*"
        yield from (f".*{path}" for path in _inside(last))
    elif get_origin(kind) in (Union, UnionType):
        for part in get_args(kind):
            yield from _inside(part)


def _settings() -> Iterator[Key]:
    """Yield the defaults for requests, out of the table of fields."""
    for name, row in SETTINGS.items():
        words = "config.setting" if name == row.name else "config.setting_alias"
        yield Key(f"{_P}.{name}", "acts", words, {"name": row.name})
