"""Deployment: one entry of a config's model_list, and how it is read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from core.config.keys.place import NotServed, Why, find_place
from core.config.keys.reading import ADDRESSES, as_texts
from core.config.keys.schema import Entry, ModelInfo, Params, as_names
from core.config.providers import PROVIDERS, BackendDialect, Provider, find_provider
from core.config.settings import read_settings
from core.errors import ConfigError
from core.translation.dialects.api import BackendKind
from core.translation.dialects.registry import BACKEND_KINDS

# model_info's words for what a model can do, and Ollama's.
_ABILITIES = {
    "supports_function_calling": "tools",
    "supports_vision": "vision",
    "supports_reasoning": "thinking",
    "supports_audio_input": "audio",
}
_OWN_HEADERS = frozenset({"host", "content-length", "transfer-encoding", "connection"})
# Anthropic's words for thinking.
_THINKING_TYPES = ("enabled", "adaptive", "disabled")

# Without these a request asks nothing, or nobody.
_NEEDED = frozenset({"model", "messages", "input", "prompt"})
_SECRET = frozenset({"api_key", "headers", "redis_url", "body"})


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

    ``version`` stands between the address and ``/chat/completions``, ``query`` behind that.
    ``key_header`` carries the key where that is not Authorization. ``lists`` is whether the server
    lists its models. ``body`` is joined into every request, and ids of tool calls are made to
    match ``tool_ids``.
    """

    model_name: str
    model: str
    dialect: BackendDialect
    base_url: str
    version: str = "/v1"
    query: str = ""
    key_header: str = ""
    lists: bool = True
    body: Mapping[str, Any] = field(default_factory=dict)
    tool_ids: str = ""
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

    def url(self, path: str) -> str:
        """Return where a route of the dialect, such as ``/v1/chat/completions``, is here."""
        if self.version == "/v1" and not self.query:
            return self.base_url + path
        return f"{self.base_url}{self.version}{path.removeprefix('/v1')}{self.query}"


class Times(Struct, frozen=True, kw_only=True):
    """The seconds of the whole config: for a whole answer, and of silence in a stream."""

    whole: float | None = None
    stream: float | None = None


class Unserved(Struct, frozen=True, kw_only=True):
    """An entry of model_list that Diglot cannot ask, and why: ``why`` and ``detail`` for an
    interface to say (core.config.keys.place), ``reason`` in words. ``path`` is its place in
    the file.
    """

    model_name: str
    model: str
    why: Why
    detail: str
    reason: str
    path: str


def read_deployment(
    entry: Entry, path: str, raw: Mapping[str, Any], environ: Mapping[str, str], times: Times
) -> Deployment | Unserved:
    """Return what the entry of model_list at ``path`` says; ``raw`` are its parameters as they
    stand there.

    Raises ConfigError with the path of a value that cannot be used.
    """
    name, params, info = entry.model_name, entry.litellm_params, entry.model_info
    path = f"{path}.litellm_params"
    try:
        word, model = find_provider(params.model, params.custom_llm_provider)
    except ValueError as exc:
        raise ConfigError(f"{path}.model: {exc}", path=f"{path}.model") from exc
    try:
        if word not in PROVIDERS:
            raise NotServed("provider", word)
        place = find_place(params, path, environ, word, model)
    except NotServed as exc:
        return Unserved(
            model_name=name,
            model=params.model,
            why=exc.why,
            detail=exc.detail,
            reason=str(exc),
            path=path,
        )
    if ("*" in model and "*" not in name) or name.count("*") > 1:
        problem = f"{path}.model holds a * that model_name has no match for"
        raise ConfigError(problem, path=f"{path}.model")
    _check_told(params, path, raw, word, place["base_url"])
    own, retries = params.timeout, params.max_retries
    thinking, body = _thinking(params, path, PROVIDERS[word])
    return Deployment(
        model_name=name,
        model=model,
        dialect=PROVIDERS[word].dialect,
        id=info.id or _identity(name, params.model, place["base_url"]),
        headers=_headers(params, path),
        settings=read_settings(raw, path),
        thinking=thinking,
        body={**body, **params.extra_body},
        tool_ids=PROVIDERS[word].tool_ids,
        timeout=own or times.whole,
        # A timeout of its own is nearer than a stream_timeout for all.
        stream_timeout=params.stream_timeout or own or times.stream or times.whole,
        max_retries=params.num_retries if retries is None else retries,
        order=params.order,
        weight=params.weight,
        rpm=params.rpm,
        tpm=params.tpm,
        parallel=params.max_parallel_requests,
        strict=None if params.drop_params is None else not params.drop_params,
        unwanted=as_names(params.additional_drop_params),
        mode=info.mode,
        abilities=_abilities(info),
        embedded=word == "embedded",
        **place,
    )


def _check_told(
    params: Params, path: str, raw: Mapping[str, Any], word: str, base_url: str
) -> None:
    """Raise ConfigError for an address left empty, and for a list that drops the question itself.

    What was meant for a server of one's own must not go to the provider's.
    """
    key = next((key for key in ADDRESSES if key in raw), "")
    if key and PROVIDERS[word].hosted and not (params.api_base or params.base_url):
        at = f"{path}.{key}"
        raise ConfigError(f"{at} is empty, and requests would go to {base_url}: name the server, "
                          "or leave the key out", path=at)  # fmt: skip
    needed = _NEEDED & set(as_names(params.additional_drop_params))
    if needed:
        at = f"{path}.additional_drop_params"
        raise ConfigError(f"{at} drops {', '.join(sorted(needed))}, without which nothing is asked",
                          path=at)  # fmt: skip


def _identity(name: str, model: str, base_url: str) -> str:
    return hashlib.sha256(f"{name}\n{model}\n{base_url}".encode()).hexdigest()[:16]


def _headers(params: Params, path: str) -> dict[str, str]:
    """Return the extra headers. Raises ConfigError for one that would break the request."""
    found = {"openai-organization": params.organization} if params.organization else {}
    for key, given in (("headers", params.headers), ("extra_headers", params.extra_headers)):
        for name, value in as_texts(given).items():
            odd = not name.isascii() or not name.replace("-", "").replace("_", "").isalnum()
            if odd or name.lower() in _OWN_HEADERS or not value.isprintable():
                at = f"{path}.{key}.{name}"
                raise ConfigError(f"{at} cannot be sent as a header", path=at)
            found[name.lower()] = value
    return found


def _thinking(
    params: Params, path: str, provider: Provider
) -> tuple[bool | str | None, dict[str, Any]]:
    """Return how hard to think, and what of it goes into each request as it is."""
    found = params.reasoning_effort if params.think is None else params.think
    if not params.thinking:
        return found, {}
    kind = params.thinking.get("type")
    if kind not in _THINKING_TYPES:
        at = f"{path}.thinking"
        raise ConfigError(f"{at} must have a type: {' or '.join(_THINKING_TYPES)}", path=at)
    if provider.own_thinking:
        return found, {"thinking": params.thinking}
    return (kind != "disabled" if found is None else found), {}


def _abilities(info: ModelInfo) -> dict[str, bool]:
    given = ((ability, getattr(info, key)) for key, ability in _ABILITIES.items())
    return {ability: able for ability, able in given if able is not None}
