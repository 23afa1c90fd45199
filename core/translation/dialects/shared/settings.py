"""Flat settings of a request: read and written from the FIELDS table alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from core.translation.codec.json import read_object, read_setting
from core.translation.fields.table import FIELDS, STANDARD, Field, setting_paths, settings_by_path

__all__ = ["dump_settings", "parse_settings", "says", "with_defaults"]

_DIALECTS = ("ollama", "generate", "openai", "completions", "responses", "anthropic")
_BY_PATH = {dialect: settings_by_path(dialect) for dialect in _DIALECTS}
_TARGETS = {dialect: setting_paths(dialect) for dialect in _DIALECTS}

# OpenAI deprecated max_tokens in favour of this name; where a client sends both it wins.
_WINNER = "max_completion_tokens"


def parse_settings(body: Mapping[str, Any], dialect: str) -> dict[str, Any]:
    """Return the settings that ``body`` carries, by hub name. Nulls count as absent.

    Raises InvalidRequest with the path of a value of the wrong kind.
    """
    table = _BY_PATH[dialect]
    own: dict[str, Any] = {}
    aliases: dict[str, Any] = {}
    for key, value in body.items():
        # A path such as options.seed is no key of the body itself.
        row = None if "." in key else table.get(key)
        if row is not None and value is not None:
            _put(row, key, value, own, aliases)
    options = body.get("options")
    if options is not None:
        for key, value in read_object(options, "options").items():
            row = table.get(f"options.{key}")
            if row is not None and value is not None:
                _put(row, f"options.{key}", value, own, aliases)
    settings = {**aliases, **own}
    if body.get(_WINNER) is not None and dialect == "openai":
        settings["max_tokens"] = read_setting(body[_WINNER], "integer", _WINNER)
    return settings


def _put(row: Field, path: str, value: Any, own: dict[str, Any], aliases: dict[str, Any]) -> None:
    read = read_setting(value, row.kind, path)
    # No stops, or no duration, says nothing; OpenAI refuses the one and Ollama the other.
    if read in ([], "") and row.kind != "any":
        return
    if row.alias:
        aliases.setdefault(row.name, read)
    else:
        own[row.name] = read


def dump_settings(
    settings: Mapping[str, Any], dialect: str, accepts: Collection[str] = ()
) -> dict[str, Any]:
    """Return a body with each setting where ``dialect`` writes it.

    What the dialect cannot say is left out; so are extensions that are not in ``accepts``.
    """
    body: dict[str, Any] = {}
    options: dict[str, Any] = {}
    table = _TARGETS[dialect]
    for name, value in settings.items():
        row = table.get(name)
        if row is None or not says(row, value, dialect, accepts):
            continue
        path = row.paths[dialect]
        if path.startswith("options."):
            options[path[8:]] = value
        else:
            body[path] = value
    if options:
        body["options"] = options
    return body


def with_defaults(
    body: Mapping[str, Any], dialect: str, defaults: Mapping[str, Any]
) -> dict[str, Any]:
    """Return ``body`` with the settings of ``defaults`` that it does not carry itself.

    A null carries nothing, and neither do no stops or no duration: a default takes their place.
    """
    given = _carried(body, dialect)
    missing = {name: value for name, value in defaults.items() if name not in given}
    added = dump_settings(missing, dialect, accepts=missing)
    own = body.get("options") or {}
    if not isinstance(own, Mapping):
        return {**added, **body}  # the backend's to judge
    options = _filled(own, added.pop("options", {}))
    return {**_filled(body, added), **({"options": options} if options else {})}


def _carried(body: Mapping[str, Any], dialect: str) -> set[str]:
    """Return the settings that a body has, by hub name, whether or not their values are right."""
    table = _BY_PATH[dialect]
    values = {key: value for key, value in body.items() if "." not in key}
    options = body.get("options")
    if isinstance(options, Mapping):
        values |= {f"options.{key}": value for key, value in options.items()}
    if dialect == "openai" and values.get("max_tokens") is None:
        values["max_tokens"] = values.get(_WINNER)
    found: set[str] = set()
    for key, value in values.items():
        row = table.get(key)
        if row is not None and value is not None and (value not in ([], "") or row.kind == "any"):
            found.add(row.name)
    return found


def _filled(given: Mapping[str, Any], added: Mapping[str, Any]) -> dict[str, Any]:
    nothing: tuple[Any, ...] = (None, "", [])
    said = {key: value for key, value in given.items() if key not in added or value not in nothing}
    return {**added, **said}


def says(row: Field, value: Any, dialect: str, accepts: Collection[str]) -> bool:
    """Tell whether ``dialect`` can say this value of this row at all."""
    if dialect not in row.paths:
        return False
    if dialect in ("ollama", "generate"):
        return True
    extension = row.name not in STANDARD[dialect] if dialect in STANDARD else row.extension
    if extension and row.name not in accepts:
        return False
    # num_predict -1 and -2 mean "no limit", which OpenAI says by leaving max_tokens out.
    return not (row.name == "max_tokens" and value < 0)


ROWS: Mapping[str, Field] = {row.name: row for row in FIELDS if row.setting and not row.alias}
"""The flat rows by the hub's name for them."""
