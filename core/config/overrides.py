"""Overrides: what the command line says beside, or instead of, a config file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from core.config.config import Config
from core.config.deployment import Deployment, Times, Unserved, read_deployment
from core.config.keys.reading import read_root
from core.errors import ConfigError


class Overrides(Struct, frozen=True, kw_only=True):
    """LiteLLM's flags of the same names. ``request_timeout`` is in seconds."""

    model: str = ""
    alias: str = ""
    api_base: str = ""
    temperature: float | None = None
    max_tokens: int | None = None
    request_timeout: float | None = None
    drop_params: bool = False

    def apply(self, config: Config, environ: Mapping[str, str]) -> Config:
        """Return ``config`` with these in it. Raises ConfigError for a model without a provider.

        The model stands before those of the file; defaults for requests are this model's alone.
        """
        deployments = config.deployments
        if self.model:
            deployments = (self._deployment(environ), *deployments)
        if self.request_timeout:
            seconds = self.request_timeout
            deployments = tuple(
                replace(d, timeout=seconds, stream_timeout=seconds) for d in deployments
            )
        if self.drop_params:
            deployments = tuple(replace(d, strict=False) for d in deployments)
        strict = config.strict and not self.drop_params
        return replace(config, deployments=deployments, strict=strict)

    def _deployment(self, environ: Mapping[str, str]) -> Deployment:
        given = {"api_base": self.api_base, "temperature": self.temperature,
                 "max_tokens": self.max_tokens}  # fmt: skip
        params: dict[str, Any] = {"model": self.model}
        params |= {key: value for key, value in given.items() if value not in ("", None)}
        entry = {"model_name": self.alias or self.model, "litellm_params": params}
        (read,) = read_root({"model_list": [entry]}).model_list
        made = read_deployment(read, "--model", params, environ, Times())
        if isinstance(made, Unserved):
            raise ConfigError(f"--model {self.model} is not served: {made.reason}")
        return made
