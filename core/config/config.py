"""LiteLLM's config.yaml, read into values.

Only what Diglot acts on is read. Every other key is accepted and named in ``warnings``, one line
each, so that a file written for LiteLLM works unchanged and nothing is silently ignored. What each
key does is in core.config.keys.reference; entries of model_list are read in core.config.deployment,
and what says where requests go in core.config.routing. A top-level section of our own, which
LiteLLM ignores::

    diglot:
      strict: true              # answer 400 where a field cannot be translated
      demo: true                # everybody who opens the pages shares one history
      acknowledge: [allowed_ips]    # keys that are not obeyed, and would be refused otherwise
      embedded:                 # the model that needs no server
        model: my-model.gguf    # relative to the config file; default: SmolLM2-135M
        mmproj: my-mmproj.gguf  # what makes it see; likewise
        chat_template: my.jinja # instead of the one in the file of the model; likewise
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
        days: 30                # and no older than this; default: any age
        folder: captures        # relative to the config file; masked like those in memory
      chats: {days: 365, max_bytes: 100000000000}   # the oldest go first; default: none do
      shutdown_delay: 10        # seconds of "not ready" before a stop begins
      drain: 25                 # seconds more that answers in work have then
      # keys, open, operators, cors and hosts: core.config.access
      # queue and routing: core.config.routing
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from core.config.access import Access, read_access
from core.config.checks import check_environment, check_names, check_tool_folder, check_values
from core.config.deployment import Deployment, Times, Unserved, read_deployment
from core.config.files import Place, parse_document, path_in, read_text
from core.config.keys.reading import Variables, as_texts, prepare, read_root
from core.config.keys.schema import Embedding, History, Root
from core.config.keys.shared_params import join_shared_params
from core.config.keys.unknown_keys import unspoken_params, warn_of_keys
from core.config.routing import Routing, read_routing
from core.config.tools import ToolSettings, fetch_policy, read_tool_settings
from core.errors import ConfigError
from core.http.address_policy import FetchPolicy


class Embedded(Struct, frozen=True, kw_only=True):
    """How to run the embedded model. ``model`` is a GGUF file, or None for SmolLM2-135M.

    ``mmproj`` is the GGUF file of its vision projector; ``chat_template`` a Jinja file instead of
    the template in the model's own. ``ctx`` is the context of each of ``slots`` answers in work;
    ``threads`` None is all cores but one.
    """

    model: Path | None = None
    mmproj: Path | None = None
    chat_template: Path | None = None
    max_tokens: int = 512
    ctx: int = 4096
    slots: int = 2
    threads: int | None = None

    @property
    def name(self) -> str:
        """The name under which the model is offered."""
        return "smollm2:135m" if self.model is None else self.model.stem


class Captures(Struct, frozen=True, kw_only=True):
    """How many exchanges are kept, how many bytes of them, and how many days (None: any).

    ``folder`` None is not on disk.
    """

    number: int = 2000
    max_bytes: int = 64 * 1024 * 1024
    days: float | None = None
    folder: Path | None = None


class Config(Struct, frozen=True, kw_only=True):
    """What a config file says. ``warnings`` are sentences, each naming a key without effect.

    ``unserved`` are the deployments of the file that cannot be asked.
    ``files`` are all that were read, where the config was read from a file. ``shutdown_delay`` and
    ``drain`` are in seconds.
    """

    deployments: tuple[Deployment, ...] = ()
    unserved: tuple[Unserved, ...] = ()
    routing: Routing = Routing()
    files: tuple[Path, ...] = ()
    verbose: bool = False
    json_logs: bool = False
    strict: bool = False
    demo: bool = False
    shutdown_delay: float = 0.0
    drain: float = 25.0
    access: Access = Access()
    embedded: Embedded = Embedded()
    images: FetchPolicy = FetchPolicy()
    tools: ToolSettings = ToolSettings()
    captures: Captures = Captures()
    history: History = History()
    warnings: tuple[str, ...] = ()


def load_config(path: str | Path, *, environ: Mapping[str, str] | None = None) -> Config:
    """Return what the config file says. Raises ConfigError, also where it cannot be read.

    ``environ`` is where ``os.environ/VAR`` is looked up, the process's own by default.
    """
    path = Path(path)
    environ = os.environ if environ is None else environ
    config = parse_config(read_text(path), environ=environ, folder=path.parent, look=True)
    return replace(config, files=(path, *config.files))


def parse_config(
    text: str, *, environ: Mapping[str, str], folder: Path | None = None, look: bool = False
) -> Config:
    """Return what the text of a config file says; file names in it are relative to ``folder``.

    Raises ConfigError with line and column for what is no YAML, and with the key's path for
    a value that cannot be used. ``look`` is whether folders that it names have to be there.
    """
    folder = folder or Path()
    document = parse_document(text, folder)
    try:
        variables = Variables(environ)
        variables.warnings += warn_of_keys(document.value)
        check_values(document)
        config = _read(document.value, variables, folder)
        entries: list[Deployment | Unserved] = [*config.deployments, *config.unserved]
        variables.warnings += check_names(entries, config.routing.aliases, document.value)
        if look:
            check_tool_folder(config.tools.folder)
    except ConfigError as exc:
        raise _placed(exc, document.places) from exc
    unserved = (f"{one.path}: {one.model_name} is not served: {one.reason}"
                for one in config.unserved)  # fmt: skip
    return replace(config, warnings=(*unserved, *variables.warnings), files=document.files)


def _read(value: Any, variables: Variables, folder: Path) -> Config:
    value = value if isinstance(value, dict) else {} if value is None else value
    if isinstance(value, dict):
        own = value.get("environment_variables")
        if isinstance(own, dict):
            check_environment(own)
            found = as_texts(variables.put_in(own, "environment_variables"))
            variables.environ = {**variables.environ, **found}
        value = prepare(join_shared_params(value), variables, bare=unspoken_params(value))
    root = read_root(value)
    general, own_part = root.litellm_settings, root.diglot
    if not general.check_provider_endpoint:
        variables.warnings.append(
            "litellm_settings.check_provider_endpoint has no effect: wildcards always list the "
            "backend's models"
        )
    entries = _entries(root, value, variables.environ)
    return Config(
        deployments=_distinct(entry for entry in entries if isinstance(entry, Deployment)),
        unserved=tuple(entry for entry in entries if isinstance(entry, Unserved)),
        routing=read_routing(root, variables),
        verbose=general.set_verbose,
        json_logs=general.json_logs,
        strict=general.drop_params is False if own_part.strict is None else own_part.strict,
        demo=own_part.demo,
        shutdown_delay=own_part.shutdown_delay,
        drain=own_part.drain,
        access=read_access(root, variables),
        embedded=_embedded(own_part.embedded, folder),
        images=fetch_policy(own_part.images, "diglot.images", FetchPolicy()),
        tools=read_tool_settings(root, folder),
        captures=Captures(
            number=own_part.captures.number,
            max_bytes=own_part.captures.max_bytes,
            days=own_part.captures.days,
            folder=path_in(folder, own_part.captures.folder),
        ),
        history=own_part.chats,
    )


def _entries(root: Root, value: Any, environ: Mapping[str, str]) -> list[Deployment | Unserved]:
    """Return the entries of model_list. Raises ConfigError where none of them can be served."""
    router = root.router_settings
    times = Times(
        whole=router.timeout or root.litellm_settings.request_timeout, stream=router.stream_timeout
    )
    raw = [entry["litellm_params"] for entry in value.get("model_list") or ()]
    entries = [
        read_deployment(entry, f"model_list[{at}]", raw[at], environ, times)
        for at, entry in enumerate(root.model_list)
    ]
    unserved = [entry for entry in entries if isinstance(entry, Unserved)]
    if unserved and len(unserved) == len(entries):
        path = f"{unserved[0].path}.model"
        raise ConfigError(f"{path}: no model could be served. {unserved[0].reason}", path=path)
    return entries


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


def _embedded(section: Embedding, folder: Path) -> Embedded:
    return Embedded(
        model=path_in(folder, section.model),
        mmproj=path_in(folder, section.mmproj),
        chat_template=path_in(folder, section.chat_template),
        max_tokens=section.max_tokens,
        ctx=section.ctx,
        slots=section.slots,
        threads=section.threads,
    )
