"""Place: where a deployment's requests go, and the key that they carry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from core.config.keys.schema import Params
from core.config.providers import PROVIDERS
from core.errors import ConfigError
from core.http.addresses import ollama_address, openai_address, root_address
from core.translation.dialects.registry import BACKEND_KINDS

# Azure's API without versions goes by these names: learn.microsoft.com, "API version lifecycle".
_AZURE_V1 = frozenset({"", "v1", "latest", "preview"})


Why = Literal["provider", "address", "key"]
_REASONS: Mapping[Why, str] = {
    "provider": "Diglot does not speak to {}",
    "address": "api_base is missing: name the server, here or in {}",
    "key": "it has no key: write api_key, or set {}",
}


class NotServed(Exception):
    """Why a deployment cannot be asked: it lacks an address or a key, which the variables
    ``detail`` may hold, or it is of a provider ``detail`` that is not spoken to."""

    def __init__(self, why: Why, detail: str) -> None:
        super().__init__(_REASONS[why].format(detail))
        self.why = why
        self.detail = detail


def find_place(
    params: Params, path: str, environ: Mapping[str, str], word: str, model: str
) -> dict[str, Any]:
    """Return the fields of a Deployment that say where it is, for the provider ``word``.

    Raises ConfigError for an address that is none, and NotServed where there is none, or no key
    for a service that answers to keys only.
    """
    if word == "embedded":
        return {"base_url": "", "api_key": ""}
    provider = PROVIDERS[word]
    base = params.api_base or params.base_url
    key = "base_url" if params.base_url and not params.api_base else "api_base"
    named = (environ.get(variable) for variable in provider.base_variables)
    native = BACKEND_KINDS[provider.dialect].manages_models
    address = base or next((text for text in named if text), provider.address)
    try:
        if native:
            root = root_address(base, api=True) if base else ollama_address(environ)
            place = {"base_url": root}
        elif not address:
            raise NotServed("address", " / ".join(provider.base_variables))
        elif word == "azure":
            place = _azure(address, params, environ, model)
        else:
            root, version = openai_address(address, provider.address)
            place = {"base_url": root, "version": version}
    except ValueError as exc:
        at = f"{path}.{key if base or not native else 'OLLAMA_HOST'}"
        raise ConfigError(f"{at} is not the address of a server: {exc}", path=at) from exc
    # A provider's own key goes where its variables point, never to a server named here.
    keys = () if base and not native else provider.key_variables
    given = params.api_key if params.api_key is not None else _first(environ, keys)
    if not given and (word == "azure" or (provider.hosted and address == provider.address)):
        raise NotServed("key", " / ".join(provider.key_variables))
    rules = {"key_header": provider.key_header, "lists": provider.lists}
    return {**place, **rules, "api_key": given}


def _first(environ: Mapping[str, str], names: Iterable[str]) -> str:
    return next((environ[name] for name in names if environ.get(name)), "")


def _azure(address: str, params: Params, environ: Mapping[str, str], model: str) -> dict[str, Any]:
    """Return the place of a deployment of Azure OpenAI; ``model`` is the deployment's name there.

    Addresses are copied with more or less of the route behind them.
    """
    text, _, query = address.partition("?")
    root = root_address(text.partition("/openai")[0])
    given = params.api_version or query.rpartition("api-version=")[2]
    version = str(given or environ.get("AZURE_API_VERSION", ""))
    if version in _AZURE_V1 or "*" in model:
        preview = "?api-version=preview" if version == "preview" else ""
        return {"base_url": root, "version": "/openai/v1", "query": preview}
    return {
        "base_url": root,
        "version": f"/openai/deployments/{model}",
        "query": f"?api-version={version}",
    }
