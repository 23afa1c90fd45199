"""LiteLLM's config.yaml, read into values.

Only what Diglot acts on is read. Every other key is accepted and named in ``warnings``, one
line each, so that a file written for LiteLLM works unchanged and nothing is lost in silence.
A top-level section of our own, which LiteLLM ignores::

    diglot:
      strict: true              # answer 400 where a field cannot be translated
      demo: true                # everybody who opens the pages shares one history
      embedded:                 # the model that needs no server
        model: my-model.gguf    # relative to the config file; default: SmolLM2-135M
        max_tokens: 512         # for requests that set no limit themselves
        ctx: 4096               # context in tokens, of each answer in work
        slots: 2                # answers in work at the same time; more wait
        threads: 4              # default: all cores but one
      images:                   # those that a request names by their address
        fetch: public           # or any, or none
        allow: [files.lan, 10.1.0.0/16]
        max_bytes: 20000000
        timeout: 10             # seconds
      captures:                 # exchanges to look at; in memory only, unless a folder is named
        number: 2000
        max_bytes: 67108864
        folder: captures        # relative to the config file; masked like those in memory
      # keys, open, operators, cors and hosts: core.backends.access_config
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from msgspec import Struct, field

from core.backends.access_config import Access, read_access
from core.backends.addresses import ollama_address, root_address
from core.backends.fetching import ImagePolicy
from core.backends.public import AddressPolicy
from core.backends.sections import Section, Source
from core.errors import ConfigError
from core.translation.fields import settings_by_path

__all__ = ["Captures", "Config", "Deployment", "Embedded", "load_config", "parse_config"]

BackendDialect = Literal["ollama", "openai"]

_PROVIDERS: Mapping[str, BackendDialect] = {
    "ollama": "ollama",
    "ollama_chat": "ollama",
    "openai": "openai",
    "embedded": "openai",
}
# Settings of a request that a deployment may give defaults for, by every name for them.
_SETTINGS = {key: row for key, row in settings_by_path("openai").items() if "." not in key}
_THINKING = ("reasoning_effort", "think")


class Deployment(Struct, frozen=True, kw_only=True):
    """One entry of model_list: a public name, and the place that answers for it.

    ``model_name`` and ``model`` may hold one ``*``. ``base_url`` has no trailing slash and no
    ``/v1``; it is empty for the embedded model until that runs. ``settings`` (hub names) and
    ``thinking`` are used where a request has none of its own. ``timeout`` is in seconds.
    """

    model_name: str
    model: str
    dialect: BackendDialect
    base_url: str
    api_key: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    thinking: bool | str | None = None
    timeout: float | None = None
    embedded: bool = False

    # Tracebacks, logs and the interface print values: a key must not leave through them.
    # rich has a way of its own to print a Struct.
    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        shown = {name: getattr(self, name) for name in self.__struct_fields__}
        return [*{**shown, "api_key": "***" if self.api_key else ""}.items()]


class Embedded(Struct, frozen=True, kw_only=True):
    """How to run the embedded model. ``model`` is a GGUF file, or None for SmolLM2-135M.

    ``ctx`` is the context of each of ``slots`` answers in work; ``threads`` None is all
    cores but one.
    """

    model: Path | None = None
    max_tokens: int = 512
    ctx: int = 4096
    slots: int = 2
    threads: int | None = None

    @property
    def name(self) -> str:
        """The name under which the model is offered."""
        return "smollm2:135m" if self.model is None else self.model.stem


class Captures(Struct, frozen=True, kw_only=True):
    """How many exchanges are kept, and how many bytes of them; ``folder`` None is not on disk."""

    number: int = 2000
    max_bytes: int = 64 * 1024 * 1024
    folder: Path | None = None


class Config(Struct, frozen=True, kw_only=True):
    """What a config file says. ``warnings`` are sentences, each naming a key without effect."""

    deployments: tuple[Deployment, ...] = ()
    verbose: bool = False
    strict: bool = False
    demo: bool = False
    access: Access = Access()
    embedded: Embedded = Embedded()
    images: ImagePolicy = ImagePolicy()
    captures: Captures = Captures()
    warnings: tuple[str, ...] = ()


def load_config(path: str | Path, *, environ: Mapping[str, str] | None = None) -> Config:
    """Return what the config file says. Raises ConfigError, also where it cannot be read.

    ``environ`` is where ``os.environ/VAR`` is looked up, the process's own by default.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as exc:
        raise ConfigError(f"{path} cannot be read: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{path} is not UTF-8 text: byte {exc.start} does not fit") from exc
    return parse_config(
        text, environ=os.environ if environ is None else environ, folder=path.parent
    )


def parse_config(text: str, *, environ: Mapping[str, str], folder: Path | None = None) -> Config:
    """Return what the text of a config file says; file names in it are relative to ``folder``.

    Raises ConfigError with line and column for what is no YAML, and with the key's path for
    a value that cannot be used.
    """
    source = Source(environ)
    root = Section(_parse_yaml(text), "", source)
    source.environ = {**environ, **root.section("environment_variables").texts()}
    general, router = root.section("litellm_settings"), root.section("router_settings")
    verbose = general.flag("set_verbose", default=False)
    for section in (general, router):
        _accept_defaults(section)
    timeout = router.number("timeout") or general.number("request_timeout")
    deployments = tuple(_deployment(entry, timeout) for entry in root.sections("model_list"))
    own = root.section("diglot")
    strict = own.flag("strict", default=False)
    demo = own.flag("demo", default=False)
    access = read_access(own, root.section("general_settings"))
    embedded = _embedded(own.section("embedded"), folder or Path())
    images = _images(own.section("images"))
    captures = _captures(own.section("captures"), folder or Path())
    root.warn_unread()
    return Config(
        deployments=deployments,
        verbose=verbose,
        strict=strict,
        demo=demo,
        access=access,
        embedded=embedded,
        images=images,
        captures=captures,
        warnings=tuple(source.warnings),
    )


def _parse_yaml(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "somewhere"
        raise ConfigError(f"not valid YAML at {place}: {exc.problem}") from exc
    # Characters that YAML forbids, and dates that do not exist, carry no mark.
    except (yaml.YAMLError, ValueError) as exc:
        raise ConfigError(f"not valid YAML: {exc}") from exc


def _accept_defaults(section: Section) -> None:
    """Read switches that ask for what Diglot does anyway; warn where they ask otherwise."""
    section.only("drop_params", True, "fields are dropped and reported unless diglot.strict is on")
    section.only("check_provider_endpoint", True, "wildcards always list the backend's models")


def _deployment(entry: Section, timeout: float | None) -> Deployment:
    name = entry.text("model_name", required=True)
    params = entry.section("litellm_params", required=True)
    provider, model = _split_model(params)
    if ("*" in model and "*" not in name) or name.count("*") > 1:
        raise params.error("model", "holds a * that model_name has no match for")
    params.only("drop_params", True, "fields are dropped and reported unless diglot.strict is on")
    settings = _settings(params)
    place = {"base_url": "", "api_key": ""} if provider == "embedded" else _place(params, provider)
    return Deployment(
        model_name=name,
        model=model,
        dialect=_PROVIDERS[provider],
        settings=settings,
        thinking=_thinking(params),
        timeout=params.number("timeout") or timeout,
        embedded=provider == "embedded",
        **place,
    )


def _split_model(params: Section) -> tuple[str, str]:
    """Return provider and name of ``provider/name``, where the name may hold more slashes."""
    text = params.text("model", required=True)
    given = params.text("custom_llm_provider")
    provider, _, model = text.partition("/")
    if provider not in _PROVIDERS and given in _PROVIDERS:
        provider, model = given, text
    if provider in _PROVIDERS and model:
        return provider, model
    raise params.error(
        "model",
        f"{text!r} does not start with a provider; write ollama/{text} for a model of Ollama, "
        f"openai/{text} with api_base for an OpenAI-compatible server, or embedded/{text}",
    )


def _place(params: Section, provider: str) -> dict[str, str]:
    environ = params.source.environ
    key = "base_url" if params.has("base_url") and not params.has("api_base") else "api_base"
    base = params.text(key)
    dialect = _PROVIDERS[provider]
    try:
        if base:
            url = root_address(base, dialect)
        elif dialect == "ollama":
            key, url = "OLLAMA_HOST", ollama_address(environ)
        else:
            url = root_address(_openai_address(environ), dialect)
    except ValueError as exc:
        raise params.error(key, f"is not the address of a server: {exc}") from exc
    # An unset key is the user's to notice, not a reason to refuse the other models.
    secret = params.text("api_key", unset="warn")
    if not params.has("api_key"):
        variable = "OLLAMA_API_KEY" if dialect == "ollama" else "OPENAI_API_KEY"
        # OpenAI's own key goes where OpenAI's variables point, never to a server named here.
        secret = "" if dialect == "openai" and base else environ.get(variable, "")
    return {"base_url": url, "api_key": secret}


def _openai_address(environ: Mapping[str, str]) -> str:
    named = environ.get("OPENAI_BASE_URL") or environ.get("OPENAI_API_BASE")
    return named or "https://api.openai.com/v1"


def _settings(params: Section) -> dict[str, Any]:
    """Return the defaults for requests, by hub name; a setting's own name wins over others."""
    found: dict[str, Any] = {}
    for key, row in _SETTINGS.items():  # aliases come first
        value = params.setting(key, row.kind)
        if value is not None:
            found[row.name] = value
    return found


def _thinking(params: Section) -> bool | str | None:
    found: bool | str | None = None
    for key in _THINKING:
        value = params.take(key)
        if value is not None and not isinstance(value, bool | str):
            raise params.error(key, "must be true, false or an effort such as low")
        found = value if value is not None else found
    return found


def _embedded(section: Section, folder: Path) -> Embedded:
    model = section.text("model")
    default = Embedded()
    return Embedded(
        model=folder / Path(model).expanduser() if model else None,
        max_tokens=section.count("max_tokens") or default.max_tokens,
        ctx=section.count("ctx") or default.ctx,
        slots=section.count("slots") or default.slots,
        threads=section.count("threads"),
    )


def _captures(section: Section, folder: Path) -> Captures:
    named = section.text("folder")
    default = Captures()
    return Captures(
        number=section.count("number") or default.number,
        max_bytes=section.count("max_bytes") or default.max_bytes,
        folder=folder / Path(named).expanduser() if named else None,
    )


def _images(section: Section) -> ImagePolicy:
    fetch = section.text("fetch") or "public"
    if fetch not in ("public", "any", "none"):
        raise section.error("fetch", "must be public, any or none")
    known: Literal["public", "any", "none"] = fetch  # type: ignore[assignment]
    allow = section.setting("allow", "strings") or []
    default = ImagePolicy()
    return ImagePolicy(
        address=AddressPolicy(fetch=known, allow=tuple(allow)),
        max_bytes=section.count("max_bytes") or default.max_bytes,
        timeout=section.number("timeout") or default.timeout,
    )
