"""Deployment: one entry of a config's model_list, and how it is read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from core.config.place import NotServed, Why, find_place
from core.config.providers import PROVIDERS, BackendDialect, Provider, find_provider
from core.config.section import Section
from core.translation.dialects.api import BackendKind
from core.translation.dialects.registry import BACKEND_KINDS, DIALECTS
from core.translation.fields.field import COMMON

__all__ = ["SETTINGS", "THINKING", "Deployment", "Hidden", "Unserved", "read_deployment"]

# Settings of a request that a deployment may give defaults for, by every name for them.
SETTINGS = {key: row for key, row in DIALECTS[COMMON].settings.by_path.items() if "." not in key}
THINKING = ("reasoning_effort", "think")

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


class Unserved(Struct, frozen=True, kw_only=True):
    """An entry of model_list that Diglot cannot ask, and why: ``why`` and ``detail`` for an
    interface to say (core.config.place), ``reason`` in words. ``path`` is its place in the file.
    """

    model_name: str
    model: str
    why: Why
    detail: str
    reason: str
    path: str


def read_deployment(
    entry: Section, *, timeout: float | None = None, stream_timeout: float | None = None
) -> Deployment | Unserved:
    """Return what one entry of model_list says; the timeouts are those of the whole config.

    Raises ConfigError with the path of a value that cannot be used.
    """
    name = entry.text("model_name", required=True)
    params = entry.section("litellm_params", required=True)
    text = params.text("model", required=True)
    try:
        word, model = find_provider(text, params.text("custom_llm_provider"))
    except ValueError as exc:
        raise params.error("model", str(exc)) from exc
    info = entry.section("model_info")
    try:
        if word not in PROVIDERS:
            raise NotServed("provider", word)
        place = find_place(params, word, model)
    except NotServed as exc:
        return Unserved(
            model_name=name,
            model=text,
            why=exc.why,
            detail=exc.detail,
            reason=str(exc),
            path=params.path,
        )
    if ("*" in model and "*" not in name) or name.count("*") > 1:
        raise params.error("model", "holds a * that model_name has no match for")
    drop = params.setting("drop_params", "boolean")
    own = params.number("timeout")
    thinking, body = _thinking(params, PROVIDERS[word])
    return Deployment(
        model_name=name,
        model=model,
        dialect=PROVIDERS[word].dialect,
        id=info.text("id") or _identity(name, text, place["base_url"]),
        headers=_headers(params),
        settings=_settings(params),
        thinking=thinking,
        body={**body, **params.section("extra_body").values()},
        tool_ids=PROVIDERS[word].tool_ids,
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
        embedded=word == "embedded",
        **place,
    )


def _identity(name: str, model: str, base_url: str) -> str:
    return hashlib.sha256(f"{name}\n{model}\n{base_url}".encode()).hexdigest()[:16]


def _either(value: int | None, params: Section, other: str) -> int | None:
    found = params.count(other, zero=True)
    return found if value is None else value


def _headers(params: Section) -> dict[str, str]:
    """Return the extra headers. Raises ConfigError for one that would break the request."""
    organization = params.text("organization", unset="warn")
    found = {"openai-organization": organization} if organization else {}
    for given in (params.section("headers"), params.section("extra_headers")):
        for name, value in given.texts().items():
            odd = not name.isascii() or not name.replace("-", "").replace("_", "").isalnum()
            if odd or name.lower() in _OWN_HEADERS or not value.isprintable():
                raise given.error(name, "cannot be sent as a header")
            found[name.lower()] = value
    return found


def _settings(params: Section) -> dict[str, Any]:
    """Return the defaults for requests, by hub name; a setting's own name wins over others."""
    found: dict[str, Any] = {}
    for key, row in SETTINGS.items():  # aliases come first
        value = params.setting(key, row.kind)
        if value is not None:
            found[row.name] = value
    return found


def _thinking(params: Section, provider: Provider) -> tuple[bool | str | None, dict[str, Any]]:
    """Return how hard to think, and what of it goes into each request as it is."""
    found: bool | str | None = None
    for key in THINKING:
        value = params.take(key)
        if value is not None and not isinstance(value, bool | str):
            raise params.error(key, "must be true, false or an effort such as low")
        found = value if value is not None else found
    native = params.section("thinking").values()
    if not native:
        return found, {}
    kind = native.get("type")
    if kind not in _THINKING_TYPES:
        raise params.error("thinking", f"must have a type: {' or '.join(_THINKING_TYPES)}")
    if provider.own_thinking:
        return found, {"thinking": native}
    return (kind != "disabled" if found is None else found), {}


def _abilities(info: Section) -> dict[str, bool]:
    found = {}
    for key, ability in _ABILITIES.items():
        value = info.setting(key, "boolean")
        if value is not None:
            found[ability] = bool(value)
    return found
