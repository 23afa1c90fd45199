"""What is made of keys that do not act: a warning, or a refusal.

An ignored key must never change what a config does. So one that decides where data goes or who
may ask is refused, and so is what looks like such a key misspelt or in the wrong place; whatever
else is not known is warned of. Whoever has seen that a key is refused, and runs the config all the
same, names it in ``diglot.acknowledge``: it is warned of then.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any

from core.config.keys.reference import Found, known_keys, walk_keys
from core.config.providers import PROVIDERS, find_provider
from core.errors import ConfigError
from core.words import DEFAULT

_PARAMS = "model_list[].litellm_params"
# Sections in which whatever has no effect would let somebody ask who must not.
_CLOSED = frozenset({"diglot.keys[]"})
# Where people write notes of their own.
_NOTES = frozenset({"model_list[].model_info"})
# Words in a deployment's parameters that can only mean one of these.
_MEANT = {
    "litellm_credential_name": frozenset({"credential", "credentials"}),
    "api_base": frozenset({"base", "url", "uri", "endpoint", "host", "server", "address"}),
    "api_key": frozenset({"key", "apikey", "token", "secret", "password", "bearer"}),
}
# Keys that decide where data goes or who may ask, wherever they stand.
_DECIDES = frozenset(
    "api_base base_url api_key litellm_credential_name model_list master_key model_group_alias "
    "fallbacks default_fallbacks context_window_fallbacks keys hosts cors operators open "
    "litellm_params credential_list mcp_servers allowed_tools".split()
)
# Callbacks that look at requests before they are sent, and may stop them.
_GUARDS = frozenset(
    "presidio hide_secrets detect_prompt_injection lakera_prompt_injection aporia "
    "aporia_prompt_injection llamaguard_moderations llmguard_moderations guardrails_ai bedrock "
    "google_text_moderation openai_moderations blocked_user_check blocked_user_list "
    "banned_keywords max_budget_limiter dynamic_rate_limiter dynamic_rate_limiter_v2 "
    "dynamic_rate_limiter_v3 parallel_request_limiter batch_redis_requests "
    "azure_content_safety".split()
)


def warn_of_keys(value: Any) -> list[str]:
    """Return a sentence for each key of a config that has no effect. Raises ConfigError."""
    unspoken = tuple(f"{path}." for path in unspoken_params(value))
    seen = _acknowledged(value)
    warnings = []
    for found in walk_keys(value):
        if found.path.startswith(unspoken):
            continue
        text = _judged(found, seen)
        if text is not None:
            warnings.append(f"{found.path} {text}")
    return warnings


def likely(name: str, known: Iterable[str]) -> str:
    """Return the one of ``known`` that ``name`` is probably meant to be, or ""."""
    folded = {_folded(other): other for other in known}
    mine = _folded(name)
    if mine in folded:
        return folded[mine]
    ordered = {"".join(sorted(re.split("[_-]", other.lower()))): other for other in folded.values()}
    turned = ordered.get("".join(sorted(re.split("[_-]", name.lower()))))
    if turned:
        return turned
    letters = {"".join(sorted(other)): original for other, original in folded.items()}
    if len(mine) > 3 and "".join(sorted(mine)) in letters:
        return letters["".join(sorted(mine))]
    near = [other for other in folded if abs(len(other) - len(mine)) <= 2]
    import difflib  # hardly ever needed, and so not loaded by each gateway

    close = difflib.get_close_matches(mine, near, 1, 0.8)
    return folded[close[0]] if close else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the end of a sentence about a name that is not ``known``."""
    near = likely(name, known)
    return f"; did you mean {near}?" if near else ""


def unspoken_params(value: Any) -> list[str]:
    """Return where parameters stand of deployments that are not served, whatever they say."""
    found = []
    entries = value.get("model_list") if isinstance(value, dict) else None
    for at, entry in enumerate(entries if isinstance(entries, list) else ()):
        params = entry.get("litellm_params") if isinstance(entry, dict) else None
        if not isinstance(params, dict) or not isinstance(params.get("model"), str):
            continue
        given = params.get("custom_llm_provider")
        try:
            word, _ = find_provider(params["model"], given if isinstance(given, str) else "")
        except ValueError:
            continue
        if word not in PROVIDERS:
            found.append(f"model_list[{at}].litellm_params")
    return found


def _acknowledged(value: Any) -> frozenset[str]:
    """Return the keys that ``diglot.acknowledge`` names: each by its own name, or by as much of its
    path as stands there. Raises ConfigError for what is no key that is refused.
    """
    own = value.get("diglot") if isinstance(value, dict) else None
    listed = own.get("acknowledge") if isinstance(own, dict) else None
    names = [name for name in _listed(listed) if isinstance(name, str)]
    refused = [path for path, key in known_keys().items() if key.does == "refused"]
    for name in names:
        if name not in _GUARDS and not any(_is_named(path, [name]) for path in refused):
            guess = did_you_mean(name, {path.rpartition(".")[2] for path in refused} | _GUARDS)
            raise ConfigError(
                f"diglot.acknowledge: {name} is no key that is refused{guess}",
                path="diglot.acknowledge",
            )
    return frozenset(names)


def _judged(found: Found, seen: Collection[str]) -> str | None:
    """Return what to say in a warning about a key, None where there is nothing to warn of."""
    key = found.key
    if key is None:
        return f"has no effect{_unknown(found)}"
    if key.does == "refused" and _says(found.value):
        if _is_named(key.path, seen):
            return f"is not obeyed, as diglot.acknowledge says. {key.text(DEFAULT)}"
        raise ConfigError(
            f"{found.path} is not obeyed here, so this config is not used. {key.text(DEFAULT)} "
            f"To use it all the same: diglot: {{acknowledge: [{found.name}]}}",
            path=found.path,
        )
    if found.name in ("callbacks", "success_callback", "failure_callback"):
        names = _guards(found, seen)
        if names:
            return f"names {', '.join(names)}: not obeyed, as diglot.acknowledge says"
    return None if key.does == "acts" else f"has no effect: {key.text(DEFAULT).rstrip('.')}"


def _unknown(found: Found) -> str:
    siblings = _names(found.section)
    near = likely(found.name, siblings)
    idle = near and known_keys()[f"{found.section}.{near}" if found.section else near]
    if found.section in _NOTES or (idle and idle.does == "nothing" and found.section != _PARAMS):
        return did_you_mean(found.name, siblings)
    if not near and "_cost" in found.name:
        return ": Local models have no price"
    if not near and found.section == _PARAMS:
        near = _meant(found.name)
    if near:
        raise ConfigError(f"{found.path} is not known here; did you mean {near}?", path=found.path)
    if found.name in _DECIDES:
        places = [path for path in known_keys() if path.rpartition(".")[2] == found.name]
        raise ConfigError(
            f"{found.path} is not known here; it belongs at {' or '.join(places)}",
            path=found.path,
        )
    if found.section in _CLOSED:
        raise ConfigError(
            f"{found.path} is not known here; known are {', '.join(siblings)}", path=found.path
        )
    return ""


def _meant(name: str) -> str:
    words = frozenset(re.split("[_-]", name.lower()))
    return next((key for key, signs in _MEANT.items() if words & signs), "")


def _names(section: str) -> Collection[str]:
    head = f"{section}." if section else ""
    inside = (path.removeprefix(head) for path in known_keys() if path.startswith(head))
    return [name for name in inside if name and "." not in name and name != "*"]


def _folded(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")


def _says(value: Any) -> bool:
    """Tell whether a value asks for something: off, empty and nothing do not."""
    return value not in (None, False, "", [], {}) or (value == 0 and value is not False)


def _guards(found: Found, seen: Collection[str]) -> list[str]:
    """Return the callbacks that look at requests and are acknowledged. Raises ConfigError for one
    that is not.
    """
    names = [name for name in _listed(found.value) if isinstance(name, str) and name in _GUARDS]
    for name in names:
        if name not in seen:
            raise ConfigError(
                f"{found.path} names {name}, which looks at requests before they are sent. "
                "There are no guardrails here, so this config is not used. "
                f"To use it all the same: diglot: {{acknowledge: [{name}]}}",
                path=found.path,
            )
    return names


def _is_named(path: str, names: Iterable[str]) -> bool:
    return any(f".{path}".endswith(f".{name}") for name in names)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
