"""Checks of a whole config, beyond those of each single key."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.config.deployment import Deployment, Unserved
from core.config.files import Document
from core.config.keys.schema import LARGEST, as_names
from core.config.keys.unknown_keys import did_you_mean
from core.errors import ConfigError

_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy"})


def check_values(document: Document) -> None:
    """Raise ConfigError for a duplicate key and for NaN or an infinite number."""
    for path in document.twice:
        place = document.places.get(path)
        where = f"; the other is at {place}" if place is not None else ""
        raise ConfigError(f"{path} is written twice{where}", path=path)
    for path, value in _numbers(document.value, "", set()):
        if not math.isfinite(value) or abs(value) > LARGEST:
            raise ConfigError(f"{path} must be a number that can be counted to", path=path)


def check_names(
    entries: Sequence[Deployment | Unserved], aliases: Mapping[str, str], value: Any
) -> Iterator[str]:
    """Yield a warning for each rule of ``value``, the whole config, that matches no model.

    Raises ConfigError for an alias or a fallback to an unknown model.
    """
    names = [entry.model_name for entry in entries]
    if not names:
        return  # the models are those that discovery finds
    names += [e.model for e in entries if isinstance(e, Deployment) and "*" not in e.model]
    for alias, target in aliases.items():
        if alias in names and alias != target:
            yield (
                f"router_settings.model_group_alias.{alias} has the name of a model, which nobody "
                f"reaches by it any more: {target} is asked"
            )
        _check(target, names, f"router_settings.model_group_alias.{alias}")
    names += aliases
    for name, targets, path in _rules(value):
        if name != "*" and not _fits(name, names):
            yield f"{path} has no effect: there is no model {name}"
        for target in targets:
            _check(target, names, path)
            if target == name:
                yield f"{path} has no effect where it leads to {name} itself"
    for at, key in enumerate((value.get("diglot") or {}).get("keys") or ()):
        for model in as_names(key.get("models") or []):
            if not any(_fits(name, [model]) or _fits(model, [name]) for name in names):
                yield f"diglot.keys[{at}].models names {model}, and there is no such model"


def check_environment(variables: Mapping[str, Any]) -> None:
    """Raise ConfigError for a proxy: LiteLLM would send its requests through it."""
    for name, value in variables.items():
        if str(name).lower() in _PROXIES and value:
            path = f"environment_variables.{name}"
            raise ConfigError(f"{path} is not obeyed here, so this config is not used. Requests go "
                              "straight to their server", path=path)  # fmt: skip


def check_tool_folder(folder: Path | None) -> None:
    """Raise ConfigError for a missing folder; otherwise its tools would be silently absent."""
    if folder is not None and not folder.is_dir():
        path = "diglot.tools.folder"
        raise ConfigError(f"{path} names {folder}, and there is no such folder", path=path)


def _rules(value: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[str], str]]:
    """Yield each fallback rule: the model's name, those asked instead, the rule's path."""
    for section in ("litellm_settings", "router_settings"):
        settings = value.get(section) or {}
        for key in ("fallbacks", "context_window_fallbacks"):
            for at, item in enumerate(settings.get(key) or ()):
                for name, targets in item.items():
                    yield str(name), as_names(targets or []), f"{section}.{key}[{at}].{name}"
        targets = settings.get("default_fallbacks") or []
        yield "*", as_names(targets), f"{section}.default_fallbacks"


def _check(target: str, names: Iterable[str], path: str) -> None:
    if not _fits(target, names):
        guess = did_you_mean(target, names)
        raise ConfigError(f"{path} leads to {target}, and there is no such model{guess}", path=path)


def _fits(name: str, known: Iterable[str]) -> bool:
    """Tell whether a request could reach a model by this name: see core.backends."""
    name = name.lower().removesuffix(":latest")
    for other in known:
        head, star, tail = other.lower().removesuffix(":latest").partition("*")
        if name == head and not star:
            return True
        if star and name.startswith(head) and name.endswith(tail):
            return True
    return False


def _numbers(value: Any, path: str, seen: set[int]) -> Iterator[tuple[str, float]]:
    """Yield each number with its path. A value that an anchor repeats comes once."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield path, value
    elif isinstance(value, dict | list) and id(value) not in seen:
        seen.add(id(value))
        if isinstance(value, list):
            inside = [(f"{path}[{at}]", item) for at, item in enumerate(value)]
        else:
            inside = [(f"{path}.{key}" if path else str(key), v) for key, v in value.items()]
        for at, item in inside:
            yield from _numbers(item, at, seen)
