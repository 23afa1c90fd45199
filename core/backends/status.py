"""Status: what answers here, as an interface shows it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from core.backends.embedded.weights import Progress

__all__ = ["Kind", "Status"]

Kind = Literal["config", "ollama", "embedded"]


class Status(Struct, frozen=True, kw_only=True):
    """What answers here: models of a config, a running Ollama, or the embedded model.

    ``phase``, ``progress`` and ``error`` are the embedded model's (core.backends.embedded.model).
    ``config_error`` says why the config file, as it is now, is not the one that is used.
    """

    kind: Kind
    base_url: str = ""
    phase: str = "ready"
    progress: Progress | None = None
    error: str = ""
    config_error: str = ""
