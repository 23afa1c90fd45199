"""Parameters that several deployments share: ``credential_list``, and the router's defaults.

LiteLLM joins them under a deployment's own: what that says itself comes first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.config.keys.unknown_keys import did_you_mean
from core.errors import ConfigError

_NAME = "litellm_credential_name"


def join_shared_params(document: Any) -> Any:
    """Return the value of a config with every deployment's parameters whole.

    Raises ConfigError for the name of a credential that is not there. What is of the wrong kind
    is left for who reads it.
    """
    entries = document.get("model_list") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        return document
    router = document.get("router_settings")
    usual = router.get("default_litellm_params") if isinstance(router, dict) else None
    shared = _credentials(document.get("credential_list"))
    whole = []
    for at, entry in enumerate(entries):
        params = entry.get("litellm_params") if isinstance(entry, dict) else None
        if isinstance(params, dict):
            usual = usual if isinstance(usual, dict) else {}
            path = f"model_list[{at}].litellm_params.{_NAME}"
            own = {key: value for key, value in params.items() if value is not None}
            named = _named(own.get(_NAME, usual.get(_NAME)), shared, path)
            entry = {**entry, "litellm_params": {**params, **usual, **named, **own}}
        whole.append(entry)
    return {**document, "model_list": whole}


def _credentials(entries: Any) -> dict[str, Mapping[str, Any]]:
    """Return the values of each credential. Raises ConfigError for what is no list of them."""
    found: dict[str, Mapping[str, Any]] = {}
    if entries is not None and not isinstance(entries, list):
        raise ConfigError("credential_list must be a list", path="credential_list")
    for at, entry in enumerate(entries or ()):
        path = f"credential_list[{at}]"
        name = entry.get("credential_name") if isinstance(entry, dict) else None
        values = entry.get("credential_values") if isinstance(entry, dict) else None
        if not isinstance(name, str) or not isinstance(values, dict | None):
            raise ConfigError(
                f"{path} must have a credential_name and credential_values", path=path
            )
        if name in found:
            raise ConfigError(f"{path}.credential_name is there twice", path=path)
        found[name] = values or {}
    return found


def _named(name: Any, shared: Mapping[str, Mapping[str, Any]], path: str) -> Mapping[str, Any]:
    if name is None:
        return {}
    if isinstance(name, str) and name in shared:
        return shared[name]
    guess = did_you_mean(str(name), shared)
    raise ConfigError(f"{path} names {name!r}, which credential_list does not have{guess}",
                      path=path)  # fmt: skip
