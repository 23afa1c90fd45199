"""Runs probes of a model: through Diglot, and directly at its server."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from importlib.metadata import version

from core.backends.fleet import Fleet
from core.http.client import Client
from core.inspector.probes.compatibility import PROBES, Compatibility, probe_all
from core.inspector.probes.probe import Result
from core.inspector.probes.subject import Asker, FleetAsker, HttpAsker, Subject
from core.inspector.reproduction import server_version


class ProbeRun:
    """Running probes in the fleet's loop; any thread may read the progress."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.total = 0
        self.results: list[Result] = []
        self._future: Future[Compatibility] | None = None

    def start(self, fleet: Fleet, model: str, owner: str, *, direct: bool) -> None:
        """Begin."""
        work = self._run(fleet, model, owner, direct)
        self._future = asyncio.run_coroutine_threadsafe(work, fleet.loop)

    @property
    def done(self) -> bool:
        """Whether it has ended, successfully or not."""
        return self._future is not None and self._future.done()

    def table(self) -> Compatibility:
        """Return the results when it is done. Raises DiglotError, or CancelledError."""
        if self._future is None:
            raise RuntimeError("the probes have not been started")
        return self._future.result()

    def cancel(self) -> None:
        """Stop after the current request."""
        if self._future is not None:
            self._future.cancel()

    async def _run(self, fleet: Fleet, model: str, owner: str, direct: bool) -> Compatibility:
        client = Client()
        try:
            subjects = await _subjects(fleet, client, model, owner, direct=direct)
            self.total = len(self.names) * len(subjects)
            return await probe_all(
                subjects,
                date=datetime.now(UTC).date().isoformat(),
                versions=await _versions(fleet, model),
                names=self.names,
                told=self.results.append,
            )
        finally:
            await client.close()


def start_probes(
    fleet: Fleet, model: str, *, owner: str, direct: bool, names: Sequence[str] = ()
) -> ProbeRun:
    """Begin probes (all, or those named) of a model through both of Diglot's dialects.

    ``direct`` also asks the server itself, without Diglot's limits. The requests to Diglot are
    ``owner``'s exchanges.
    """
    run = ProbeRun(names or tuple(PROBES))
    run.start(fleet, model, owner, direct=direct)
    return run


async def _versions(fleet: Fleet, model: str) -> dict[str, str]:
    """Return the version of the server of a model; empty if unknown."""
    if (await fleet.resolve(model)).deployment.embedded:
        return {"xllamacpp": version("xllamacpp")}
    found = await server_version(fleet, model)
    return {"Ollama": found} if found else {}


async def _subjects(
    fleet: Fleet, client: Client, model: str, owner: str, *, direct: bool
) -> list[Subject]:
    """Return the ways to ask a model. Raises DiglotError if there is no such model."""
    route = await fleet.resolve(model)
    place = route.deployment
    here = FleetAsker(fleet, owner)
    there = HttpAsker(client, place.base_url, place.api_key)
    native = place.kind.manages_models
    server: Asker = there if direct and native else here
    ways: list[tuple[str, str, Asker, str]] = [
        ("Diglot /api/chat", "ollama", here, model),
        ("Diglot /v1", "openai", here, model),
    ]
    if direct:
        name = "Ollama" if native else "llama.cpp" if place.embedded else "Backend"
        ways.append((f"{name} /v1", "openai", there, route.model))
        if native:
            ways.append((f"{name} /api/chat", "ollama", there, route.model))
    return [
        Subject(name=name, client_dialect=client_dialect, asker=asker, model=asked, server=server,
                server_model=route.model)
        for name, client_dialect, asker, asked in ways
    ]  # fmt: skip
