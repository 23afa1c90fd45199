"""Manages the models of the Ollama servers: lists, pulls, unloads and deletes them.

A pull belongs to the process, not to the page that asked for it: it continues when the page is
closed, is visible to all users, and ends with the program. The Ollama server keeps partial
downloads and resumes them.

Fields and progress lines: Ollama docs/api.md (0.33), "Pull a Model" and "List Running Models".
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from core.backends.fleet import Fleet
from core.error_kinds import error_facts
from core.errors import BackendError, DiglotError, InvalidResponse
from core.translation.codec.framing import NDJSONDecoder
from core.translation.codec.json import decode_json, encode_json, read_object
from core.translation.dialects.registry import read_error

_KEPT = 20
"""The number of ended pulls that are still listed."""


class Installed(Struct, frozen=True, kw_only=True):
    """One model. ``size`` is in bytes on disk.

    While it is in memory, ``memory`` and ``vram`` are in bytes, ``expires`` is when it is unloaded
    (RFC 3339), and ``context`` is its context length in tokens.
    """

    name: str
    size: int = 0
    digest: str = ""
    parameters: str = ""
    quantization: str = ""
    family: str = ""
    capabilities: frozenset[str] = frozenset()
    loaded: bool = False
    memory: int = 0
    vram: int = 0
    expires: str = ""
    context: int = 0


class Pull(Struct, frozen=True, kw_only=True):
    """The progress of a pull: ``done`` of ``total`` bytes, over all layers known so far.

    ``rate`` is in bytes a second since it began. ``error`` has code, message and status.
    """

    name: str
    state: Literal["running", "complete", "cancelled", "failed"] = "running"
    step: str = ""
    done: int = 0
    total: int = 0
    rate: float = 0.0
    error: dict[str, Any] | None = None
    began: int = field(default_factory=time.monotonic_ns)


class Library:
    """Model management for the pages. Methods may be called from any thread except the fleet's."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._pulls: dict[str, Pull] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def models(self) -> list[Installed]:
        """Return all models, those in memory first, then by name. Raises DiglotError."""
        return self._fleet.call(self._models())

    def pulls(self) -> list[Pull]:
        """Return the pulls under way and those that have lately ended, the newest first."""
        return sorted(self._pulls.values(), key=lambda pull: -pull.began)

    def pull(self, name: str) -> Pull:
        """Start to pull a model, unless a pull of it is running."""
        return self._fleet.call(self._start(name.strip()))

    def cancel(self, name: str) -> None:
        """Cancel a pull. The server keeps the partial download."""
        task = self._tasks.get(name)
        if task is not None:
            self._fleet.loop.call_soon_threadsafe(task.cancel)

    def dismiss(self, name: str) -> None:
        """Remove an ended pull from the list."""
        pull = self._pulls.get(name)
        if pull is not None and pull.state != "running":
            del self._pulls[name]

    def delete(self, name: str) -> None:
        """Delete a model from its server's disk. Raises DiglotError."""
        self._fleet.call(self._ask("DELETE", "/api/delete", name, {"model": name}))

    def unload(self, name: str) -> None:
        """Take a model out of memory. Raises DiglotError."""
        body = {"model": name, "keep_alive": 0, "stream": False}
        self._fleet.call(self._ask("POST", "/api/generate", name, body))

    async def _models(self) -> list[Installed]:
        entries, held = await asyncio.gather(self._fleet.models(), self._fleet.running())
        loaded = {_name(entry): entry for entry in held}
        able = await asyncio.gather(*(self._capabilities(_name(entry)) for entry in entries))
        found = [
            _installed(entry, loaded.get(_name(entry)), abilities)
            for entry, abilities in zip(entries, able, strict=True)
        ]
        return sorted(found, key=lambda model: (not model.loaded, model.name.lower()))

    async def _capabilities(self, name: str) -> frozenset[str]:
        try:
            return await self._fleet.capabilities(name)
        except DiglotError:
            return frozenset()

    async def _start(self, name: str) -> Pull:
        pull = self._pulls.get(name)
        if pull is None or pull.state != "running":
            for old in [p.name for p in self.pulls() if p.state != "running"][_KEPT:]:
                del self._pulls[old]
            pull = self._pulls[name] = Pull(name=name)
            self._tasks[name] = asyncio.create_task(self._run(name))
        return pull

    async def _run(self, name: str) -> None:
        try:
            await self._follow(name)
            self._change(name, state="complete")
        except asyncio.CancelledError:
            self._change(name, state="cancelled")
        except DiglotError as error:
            self._change(name, state="failed", error=error_facts(error))
        finally:
            self._tasks.pop(name, None)

    async def _follow(self, name: str) -> None:
        body = encode_json({"model": name})
        reply = await self._fleet.manage("POST", "/api/pull", name, body)
        try:
            if reply.status >= 400:
                raise read_error("/api/pull", await reply.read(), reply.status)
            decoder, layers, ended = NDJSONDecoder(), _Layers(), False
            while chunk := await reply.chunk():
                for line in decoder.decode(chunk):
                    ended = self._note(name, _line(line), layers) or ended
            for line in decoder.flush():
                ended = self._note(name, _line(line), layers) or ended
        finally:
            reply.close()
        if not ended:
            raise InvalidResponse("the server stopped before the model was whole; pull it again")

    def _note(self, name: str, line: dict[str, Any], layers: _Layers) -> bool:
        """Handle one progress line; return whether it reports success."""
        if line.get("error"):
            raise BackendError(str(line["error"]), status=502, code="pull_failed")
        layers.add(line)
        pull = self._pulls[name]
        spent = (time.monotonic_ns() - pull.began) / 1e9
        step = str(line.get("status") or "")
        self._change(
            name, step=step, done=layers.done, total=layers.total, rate=layers.come / max(spent, 1)
        )
        return step == "success"

    def _change(self, name: str, **changes: Any) -> None:
        self._pulls[name] = replace(self._pulls[name], **changes)

    async def _ask(self, method: str, path: str, name: str, body: dict[str, Any]) -> None:
        reply = await self._fleet.manage(method, path, name, encode_json(body))
        data = await reply.read()
        if reply.status >= 400:
            raise read_error(path, data, reply.status)


class _Layers:
    """The progress of all layers of one pull."""

    def __init__(self) -> None:
        self._first: dict[str, int] = {}
        self._done: dict[str, int] = {}
        self._total: dict[str, int] = {}

    def add(self, line: dict[str, Any]) -> None:
        digest, done, total = line.get("digest"), line.get("completed", 0), line.get("total", 0)
        if isinstance(digest, str) and isinstance(done, int) and isinstance(total, int) and total:
            self._first.setdefault(digest, done)
            self._done[digest] = max(done, self._done.get(digest, 0))
            self._total[digest] = total

    @property
    def done(self) -> int:
        return sum(self._done.values())

    @property
    def total(self) -> int:
        return sum(self._total.values())

    @property
    def come(self) -> int:
        """Bytes received in this pull, without those of an earlier one."""
        return self.done - sum(self._first.values())


def _line(data: bytes) -> dict[str, Any]:
    return read_object(decode_json(data, blame=InvalidResponse), "", blame=InvalidResponse)


def _name(entry: dict[str, Any]) -> str:
    return str(entry.get("name") or entry.get("model") or "")


def _installed(
    entry: dict[str, Any], held: dict[str, Any] | None, capabilities: Iterable[str]
) -> Installed:
    details = entry.get("details") or {}
    held = held or {}
    return Installed(
        name=_name(entry),
        size=_whole(entry.get("size")),
        digest=str(entry.get("digest") or ""),
        parameters=str(details.get("parameter_size") or ""),
        quantization=str(details.get("quantization_level") or ""),
        family=str(details.get("family") or ""),
        capabilities=frozenset(capabilities),
        loaded=bool(held),
        memory=_whole(held.get("size")),
        vram=_whole(held.get("size_vram")),
        expires=str(held.get("expires_at") or ""),
        context=_whole(held.get("context_length")),
    )


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0
