"""Finds the backends: those of the config, a running Ollama, or the embedded model."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from core.config.access import environment_access
from core.config.config import Config, load_config
from core.config.deployment import Deployment
from core.errors import BackendUnavailable, ConfigError, InvalidResponse
from core.http.addresses import ollama_address
from core.http.client import Client

if TYPE_CHECKING:
    from core.backends.embedded.weights import Progress

_TIMEOUT = 3.0
"""Seconds for Ollama to answer on a busy machine. Where none runs, the port says so at once."""


Source = Literal["config", "server", "chosen", "embedded"]
"""Where models come from: a config, a running Ollama that was found, a server that an operator
chose, or the embedded model."""


class Status(Struct, frozen=True, kw_only=True):
    """The state of the backends, for the interface.

    ``phase``, ``progress`` and ``error`` are the embedded model's (core.backends.embedded.model).
    ``config_error`` says why the current config file could not be loaded; the previous one is used.
    """

    kind: Source
    base_url: str = ""
    phase: str = "ready"
    progress: Progress | None = None
    error: str = ""
    config_error: str = ""


class Found(Struct, frozen=True):
    """A running Ollama: its address without a trailing slash, and its version."""

    base_url: str
    version: str


class _Version(Struct):
    version: str


async def find_ollama(environ: Mapping[str, str]) -> Found | None:
    """Return the Ollama that OLLAMA_HOST names, or the one on its usual port, if it answers.

    Raises ConfigError for an OLLAMA_HOST that is no address.
    """
    base_url = _address(environ)
    client = Client()
    try:
        async with asyncio.timeout(_TIMEOUT):
            reply = await client.send("GET", f"{base_url}/api/version")
            body = await reply.read()
        if reply.status != 200:
            return None
        return Found(base_url, msgspec.json.decode(body, type=_Version).version)
    except (TimeoutError, BackendUnavailable, InvalidResponse, msgspec.MsgspecError):
        return None
    finally:
        await client.close()


async def discover(
    config_path: str | Path | None,
    environ: Mapping[str, str],
    *,
    adjust: Callable[[Config], Config] = lambda config: config,
) -> Config:
    """Return the config, as ``adjust`` changes it, with at least one deployment.

    Without any in the config: all models of a running Ollama, else the embedded model. Raises
    ConfigError for an invalid config or OLLAMA_HOST.
    """
    config = Config(access=environment_access(environ))
    if config_path is not None:
        # A file of a thousand deployments takes a second to read.
        config = await asyncio.to_thread(load_config, config_path, environ=environ)
    config = adjust(config)
    if config.deployments:
        return config
    found = await find_ollama(environ)
    if found is not None:
        everything = Deployment(
            id="ollama", model_name="*", model="*", dialect="ollama", base_url=found.base_url,
            api_key=environ.get("OLLAMA_API_KEY", ""),
        )  # fmt: skip
        return replace(config, deployments=(everything,))
    warnings = config.warnings
    if environ.get("OLLAMA_HOST") or environ.get("OLLAMA_API_BASE"):
        warnings += (f"No Ollama answers at {_address(environ)}; the embedded model is used.",)
    name = config.embedded.name
    embedded = Deployment(
        id="embedded", model_name=name, model=name, dialect="openai", base_url="", embedded=True
    )
    return replace(config, deployments=(embedded,), warnings=warnings)


def _address(environ: Mapping[str, str]) -> str:
    try:
        return ollama_address(environ)
    except ValueError as exc:
        raise ConfigError(f"OLLAMA_HOST is not the address of a server: {exc}") from exc
