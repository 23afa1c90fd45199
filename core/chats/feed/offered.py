"""The models that can be talked with, as a picker shows them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from core.backends.library import Installed
from core.chats.service import Service
from core.errors import DiglotError
from core.words import say

_TOLD = ("tools", "vision", "thinking")
_ASKED_AT_ONCE = 8

_contexts: dict[tuple[str, str], int] = {}
"""The context length that a model was made for: it stays as long as its digest does."""


class OfferedView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One model: its ``facts`` (size and so on) in one line, what it can do, in words, and whether
    it is in memory.
    """

    name: str
    facts: str = ""
    can: tuple[str, ...] = ()
    loaded: bool = False


def offer_models(service: Service, language: str) -> tuple[OfferedView, ...]:
    """Return them, those in memory first. Blocks; raises DiglotError."""
    models = [one for one in service.library.models() if talks(one.capabilities)]
    lengths = service.fleet.call(_lengths(service, models))
    return tuple(
        OfferedView(
            name=one.name,
            facts=_facts(one, length, language),
            can=tuple(say(f"models.can_{a}", language) for a in _TOLD if a in one.capabilities),
            loaded=one.loaded,
        )
        for one, length in zip(models, lengths, strict=True)
    )


def talks(capabilities: frozenset[str]) -> bool:
    """Return whether a model answers questions: some only make vectors of texts."""
    return not capabilities or capabilities != {"embedding"}


def context_length(shown: Mapping[str, Any]) -> int:
    """Return the context length that a model was made for, of Ollama's ``/api/show``; 0 without."""
    about = shown.get("model_info")
    for name, value in (about if isinstance(about, Mapping) else {}).items():
        if name.endswith(".context_length") and isinstance(value, int):
            return value
    return 0


async def _lengths(service: Service, models: Sequence[Installed]) -> list[int]:
    turn = asyncio.Semaphore(_ASKED_AT_ONCE)

    async def length(model: Installed) -> int:
        key = (model.name, model.digest)
        if key not in _contexts:
            async with turn:
                try:
                    _contexts[key] = context_length(await service.fleet.show(model.name, {}))
                except DiglotError:
                    return 0
        return _contexts[key]

    return await asyncio.gather(*map(length, models))


def _facts(model: Installed, length: int, language: str) -> str:
    count = model.context or length
    said = [
        model.parameters,
        model.quantization,
        _gigabytes(model.size),
        say("models.context", language, {"count": f"{count:,}"}) if count else "",
    ]
    return " · ".join(one for one in said if one)


def _gigabytes(size: int) -> str:
    """Write a size as disks and downloads count: 1 GB is a thousand million bytes."""
    if size >= 10**9:
        return f"{size / 1e9:.1f} GB"
    return f"{size / 1e6:.0f} MB" if size >= 10**6 else ""
