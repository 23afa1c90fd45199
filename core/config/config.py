"""LiteLLM's config.yaml, read into values.

Only what Diglot acts on is read. Every other key is accepted and named in ``warnings``, one
line each, so that a file written for LiteLLM works unchanged and nothing is lost in silence.
What each key does is in core.config.reference; entries of model_list are read in
core.config.deployment, and what says where requests go in core.config.routing.
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
      tools: {folder: tools/}   # core.config.tools
      mcp_servers: {}           # the same
      captures:                 # exchanges to look at; in memory only, unless a folder is named
        number: 2000
        max_bytes: 67108864
        folder: captures        # relative to the config file; masked like those in memory
      # keys, open, operators, cors and hosts: core.config.access
      # queue and routing: core.config.routing
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from core.config.access import Access, read_access
from core.config.checks import check_folders, check_names, check_values
from core.config.deployment import Deployment, Unserved, read_deployment
from core.config.files import Place, parse_document, read_text
from core.config.routing import Routing, read_routing
from core.config.section import Section, Source
from core.config.shared_params import join_shared_params
from core.config.tools import ToolSettings, read_tool_settings
from core.config.unknown_keys import warn_of_keys
from core.errors import ConfigError
from core.http.address_policy import AddressPolicy, ImagePolicy

__all__ = [
    "Captures",
    "Config",
    "Deployment",
    "Embedded",
    "load_config",
    "parse_config",
    "read_config",
]


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
    """What a config file says. ``warnings`` are sentences, each naming a key without effect.

    ``unserved`` are the deployments of the file that cannot be asked.
    ``files`` are all that were read, where the config was read from a file.
    """

    deployments: tuple[Deployment, ...] = ()
    unserved: tuple[Unserved, ...] = ()
    routing: Routing = Routing()
    files: tuple[Path, ...] = ()
    verbose: bool = False
    json_logs: bool = False
    strict: bool = False
    demo: bool = False
    access: Access = Access()
    embedded: Embedded = Embedded()
    images: ImagePolicy = ImagePolicy()
    tools: ToolSettings = ToolSettings()
    captures: Captures = Captures()
    warnings: tuple[str, ...] = ()


def load_config(path: str | Path, *, environ: Mapping[str, str] | None = None) -> Config:
    """Return what the config file says. Raises ConfigError, also where it cannot be read.

    ``environ`` is where ``os.environ/VAR`` is looked up, the process's own by default.
    """
    path = Path(path)
    source = Source(os.environ if environ is None else environ)
    config = read_config(read_text(path), source, path.parent, look=True)
    return replace(config, files=(path, *config.files))


def parse_config(text: str, *, environ: Mapping[str, str], folder: Path | None = None) -> Config:
    """Return what the text of a config file says; file names in it are relative to ``folder``.

    Raises ConfigError with line and column for what is no YAML, and with the key's path for
    a value that cannot be used.
    """
    return read_config(text, Source(environ), folder)


def read_config(
    text: str, source: Source, folder: Path | None = None, *, look: bool = False
) -> Config:
    """Do as ``parse_config`` does; ``source`` knows afterwards which keys were looked for.

    ``look`` is whether folders that the config names have to be there.
    """
    document = parse_document(text, folder or Path())
    try:
        source.warnings += warn_of_keys(document.value)
        check_values(document)
        root = Section(join_shared_params(document.value), "", source)
        root.take("include")
        config = _read(root, folder or Path())
        source.warnings += check_names(config, document.value)
        if look:
            check_folders(config)
    except ConfigError as exc:
        raise _placed(exc, document.places) from exc
    unserved = (f"{one.path}: {one.model_name} is not served: {one.reason}"
                for one in config.unserved)  # fmt: skip
    return replace(config, warnings=(*unserved, *source.warnings), files=document.files)


def _read(root: Section, folder: Path) -> Config:
    source = root.source
    source.environ = {**source.environ, **root.section("environment_variables").texts()}
    general, router = root.section("litellm_settings"), root.section("router_settings")
    own = root.section("diglot")
    timeout = router.number("timeout") or general.number("request_timeout")
    streams = router.number("stream_timeout")
    drop = general.setting("drop_params", "boolean")
    if not general.flag("check_provider_endpoint", default=True):
        source.warnings.append(
            "litellm_settings.check_provider_endpoint has no effect: wildcards always list the "
            "backend's models"
        )
    entries = [
        read_deployment(entry, timeout=timeout, stream_timeout=streams)
        for entry in root.sections("model_list")
    ]
    unserved = tuple(entry for entry in entries if isinstance(entry, Unserved))
    if unserved and len(unserved) == len(entries):
        path = f"{unserved[0].path}.model"
        raise ConfigError(f"{path}: no model could be served. {unserved[0].reason}", path=path)
    return Config(
        deployments=_distinct(entry for entry in entries if isinstance(entry, Deployment)),
        unserved=unserved,
        routing=read_routing(root),
        verbose=general.flag("set_verbose", default=False),
        json_logs=general.flag("json_logs", default=False),
        strict=own.flag("strict", default=drop is False),
        demo=own.flag("demo", default=False),
        access=read_access(own, root.section("general_settings")),
        embedded=_embedded(own.section("embedded"), folder),
        images=_images(own.section("images")),
        tools=read_tool_settings(root, own, folder),
        captures=_captures(own.section("captures"), folder),
    )


def _distinct(deployments: Iterable[Deployment]) -> tuple[Deployment, ...]:
    """Return the deployments with ids that differ: people repeat an entry to weigh it more."""
    seen: dict[str, int] = {}
    found = []
    for deployment in deployments:
        count = seen[deployment.id] = seen.get(deployment.id, 0) + 1
        identity = f"{deployment.id}-{count}" if count > 1 else deployment.id
        found.append(replace(deployment, id=identity))
    return tuple(found)


def _placed(error: ConfigError, places: Mapping[str, Place]) -> ConfigError:
    """Return the error with the line at which its key, or the nearest one around it, stands."""
    path = error.path or ""
    while path and path not in places:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    if not path:
        return error
    return ConfigError(f"{error.message} ({places[path]})", path=error.path)


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
