"""Deployment: one entry of a config's model_list, and how it is read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from core.config.providers import PROVIDERS, BackendDialect, Provider
from core.config.section import Section
from core.http.addresses import ollama_address, root_address
from core.translation.dialects.api import BackendKind
from core.translation.dialects.openai.chat import SETTINGS as _CHAT
from core.translation.dialects.registry import BACKEND_KINDS

__all__ = ["SETTINGS", "THINKING", "Deployment", "Hidden", "read_deployment"]

# Settings of a request that a deployment may give defaults for, by every name for them.
SETTINGS = {key: row for key, row in _CHAT.by_path.items() if "." not in key}
THINKING = ("reasoning_effort", "think")

# model_info's words for what a model can do, and Ollama's.
_ABILITIES = {
    "supports_function_calling": "tools",
    "supports_vision": "vision",
    "supports_reasoning": "thinking",
    "supports_audio_input": "audio",
}
_OWN_HEADERS = frozenset({"host", "content-length", "transfer-encoding", "connection"})


_SECRET = frozenset({"api_key", "headers", "redis_url"})


class Hidden(Struct, frozen=True):
    """A value that may hold secrets, which are never shown.

    Tracebacks, logs and the interface print values: a key must not leave through them. rich
    has a way of its own to print a Struct.
    """

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Return what may be shown: each field's name and value."""
        values = [(name, getattr(self, name)) for name in self.__struct_fields__]
        return [(n, "***" if v and n in _SECRET else v) for n, v in values]


class Deployment(Hidden, frozen=True, kw_only=True):
    """One entry of model_list: a public name, and the place that answers for it.

    ``model_name`` and ``model`` may hold one ``*``. ``base_url`` has no trailing slash and no
    ``/v1``; it is empty for the embedded model until that runs. ``settings`` (hub names) and
    ``thinking`` are used where a request has none of its own. ``timeout`` and
    ``stream_timeout`` are in seconds. ``order`` 1 is asked before 2; None comes last.
    ``parallel`` is how many requests may be in work there at once. ``abilities`` overrides what
    the backend says of itself, in Ollama's words. ``id`` is stable: equal entries have equal ids
    but for their place among each other.
    """

    model_name: str
    model: str
    dialect: BackendDialect
    base_url: str
    id: str = ""
    api_key: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    thinking: bool | str | None = None
    timeout: float | None = None
    stream_timeout: float | None = None
    max_retries: int | None = None
    order: int | None = None
    weight: float | None = None
    rpm: int | None = None
    tpm: int | None = None
    parallel: int | None = None
    strict: bool | None = None
    unwanted: tuple[str, ...] = ()
    mode: str = "chat"
    abilities: Mapping[str, bool] = field(default_factory=dict)
    embedded: bool = False

    @property
    def kind(self) -> BackendKind:
        """What its server can do."""
        return BACKEND_KINDS[self.dialect]


def read_deployment(
    entry: Section, *, timeout: float | None = None, stream_timeout: float | None = None
) -> Deployment:
    """Return what one entry of model_list says; the timeouts are those of the whole config.

    Raises ConfigError with the path of a value that cannot be used.
    """
    name = entry.text("model_name", required=True)
    params = entry.section("litellm_params", required=True)
    provider, model = _split_model(params)
    if ("*" in model and "*" not in name) or name.count("*") > 1:
        raise params.error("model", "holds a * that model_name has no match for")
    settings = _settings(params)
    embedded = provider == "embedded"
    place = {"base_url": "", "api_key": ""} if embedded else _place(params, PROVIDERS[provider])
    drop = params.setting("drop_params", "boolean")
    info = entry.section("model_info")
    own = params.number("timeout")
    return Deployment(
        model_name=name,
        model=model,
        dialect=PROVIDERS[provider].dialect,
        id=info.text("id") or _identity(name, params.text("model"), place["base_url"]),
        headers=_headers(params),
        settings=settings,
        thinking=_thinking(params),
        timeout=own or timeout,
        # A timeout of its own is nearer than a stream_timeout for all.
        stream_timeout=params.number("stream_timeout") or own or stream_timeout or timeout,
        max_retries=_either(params.count("max_retries", zero=True), params, "num_retries"),
        order=params.count("order", zero=True),
        weight=params.number("weight", zero=True),
        rpm=params.count("rpm"),
        tpm=params.count("tpm"),
        parallel=params.count("max_parallel_requests"),
        strict=None if drop is None else not drop,
        unwanted=params.names("additional_drop_params"),
        mode=info.text("mode") or "chat",
        abilities=_abilities(info),
        embedded=embedded,
        **place,
    )


def _identity(name: str, model: str, base_url: str) -> str:
    return hashlib.sha256(f"{name}\n{model}\n{base_url}".encode()).hexdigest()[:16]


def _either(value: int | None, params: Section, other: str) -> int | None:
    found = params.count(other, zero=True)
    return found if value is None else value


def _split_model(params: Section) -> tuple[str, str]:
    """Return provider and name of ``provider/name``, where the name may hold more slashes."""
    text = params.text("model", required=True)
    given = params.text("custom_llm_provider")
    provider, _, model = text.partition("/")
    if provider not in PROVIDERS and given in PROVIDERS:
        provider, model = given, text
    if provider in PROVIDERS and model:
        return provider, model
    raise params.error(
        "model",
        f"{text!r} does not start with a provider; write ollama/{text} for a model of Ollama, "
        f"openai/{text} with api_base for an OpenAI-compatible server, or embedded/{text}",
    )


def _place(params: Section, provider: Provider) -> dict[str, str]:
    environ = params.source.environ
    key = "base_url" if params.has("base_url") and not params.has("api_base") else "api_base"
    base = params.text(key)
    try:
        if base:
            url = root_address(base, provider.dialect)
        elif provider.dialect == "ollama":
            key, url = "OLLAMA_HOST", ollama_address(environ)
        else:
            named = (environ.get(variable) for variable in provider.base_variables)
            address = next((text for text in named if text), provider.address)
            if not address:
                variable = " or ".join(provider.base_variables)
                raise params.error(key, f"is missing: name the server, here or in {variable}")
            url = root_address(address, provider.dialect)
    except ValueError as exc:
        raise params.error(key, f"is not the address of a server: {exc}") from exc
    # An unset key is the user's to notice, not a reason to refuse the other models.
    secret = params.text("api_key", unset="warn")
    if not params.has("api_key"):
        # A provider's own key goes where its variables point, never to a server named here.
        far = provider.dialect == "openai" and base
        secret = "" if far else environ.get(provider.key_variable, "")
    return {"base_url": url, "api_key": secret}


def _headers(params: Section) -> dict[str, str]:
    """Return extra_headers. Raises ConfigError for one that would break the request."""
    given = params.section("extra_headers")
    found = given.texts()
    for name, value in found.items():
        odd = not name.isascii() or not name.replace("-", "").replace("_", "").isalnum()
        if odd or name.lower() in _OWN_HEADERS or not value.isprintable():
            raise given.error(name, "cannot be sent as a header")
    return {name.lower(): value for name, value in found.items()}


def _settings(params: Section) -> dict[str, Any]:
    """Return the defaults for requests, by hub name; a setting's own name wins over others."""
    found: dict[str, Any] = {}
    for key, row in SETTINGS.items():  # aliases come first
        value = params.setting(key, row.kind)
        if value is not None:
            found[row.name] = value
    return found


def _thinking(params: Section) -> bool | str | None:
    found: bool | str | None = None
    for key in THINKING:
        value = params.take(key)
        if value is not None and not isinstance(value, bool | str):
            raise params.error(key, "must be true, false or an effort such as low")
        found = value if value is not None else found
    return found


def _abilities(info: Section) -> dict[str, bool]:
    found = {}
    for key, ability in _ABILITIES.items():
        value = info.setting(key, "boolean")
        if value is not None:
            found[ability] = bool(value)
    return found
