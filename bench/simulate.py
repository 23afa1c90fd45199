"""Ten and a hundred hosts, simulated: the real balancing code over hosts that only wait.

    python -m bench.simulate

Each simulated host answers four requests at once and has two models in memory; another one takes
eight seconds to load. Twelve models are asked for, the first twelve times as often as the last. The
clock is simulated too, so that ten minutes pass in seconds. ``wait`` is from a request to the
beginning of its answer.
"""

from __future__ import annotations

import asyncio
import heapq
import random
import statistics
import time
from collections import OrderedDict
from typing import Any

from msgspec import Struct

from core.backends.balancing.load import Lease, Load, model_key
from core.backends.balancing.router import Router
from core.config.config import parse_config
from core.errors import BackendUnavailable, DiglotError

SECONDS = 600.0
SLOTS = 4
MEMORY = 2
LOADING = 8.0
ANSWER = 6.0
MODELS = [f"m{number}" for number in range(12)]
WEIGHTS = [1 / (1 + number) for number in range(12)]
LOOK_EVERY = 5.0
"""As often as a gateway asks hosts for the models in their memory."""


class Case(Struct, frozen=True, kw_only=True):
    """What is simulated. ``load`` is the share of all slots that is asked for on average."""

    hosts: int
    gateways: int = 1
    load: float = 0.2
    prefer_loaded: bool = True
    bursts: bool = False
    deaths: bool = False


class Clock(asyncio.SelectorEventLoop):
    """An event loop that never waits: its time goes on to the next thing to do."""

    def __init__(self) -> None:
        self.moment = 0.0
        super().__init__()
        select = self._selector.select  # type: ignore[attr-defined]

        def skip(timeout: float | None = None) -> Any:
            self.moment += timeout or 0.0
            return select(0)

        self._selector.select = skip  # type: ignore[attr-defined]

    def time(self) -> float:
        """Return the simulated seconds."""
        return self.moment


class Server:
    """One host."""

    def __init__(self) -> None:
        self.slots = asyncio.Semaphore(SLOTS)
        self.memory: OrderedDict[str, None] = OrderedDict()
        self.loading = asyncio.Lock()
        self.loads = 0
        self.dead = asyncio.Event()

    async def answer(self, model: str, lease: Lease, seconds: float) -> None:
        """Answer as a host does. Raises BackendUnavailable where it is dead or dies."""
        work = asyncio.ensure_future(self._answer(model, lease, seconds))
        death = asyncio.ensure_future(self.dead.wait())
        await asyncio.wait({work, death}, return_when=asyncio.FIRST_COMPLETED)
        death.cancel()
        if not work.done():
            work.cancel()
            raise BackendUnavailable("the host is gone")
        work.result()

    async def _answer(self, model: str, lease: Lease, seconds: float) -> None:
        if self.dead.is_set():
            raise BackendUnavailable("nobody listens")
        async with self.slots:
            async with self.loading:
                if model not in self.memory:
                    await asyncio.sleep(LOADING)
                    self.loads += 1
                    self.memory[model] = None
                self.memory.move_to_end(model)
                while len(self.memory) > MEMORY:
                    self.memory.popitem(last=False)
            lease.began()
            await asyncio.sleep(seconds)


class Simulation:
    """One case, from its start to its end."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._chance = random.Random(1)
        self._servers = {f"http://h{number}:11434": Server() for number in range(case.hosts)}
        self._routers = [self._router() for _ in range(case.gateways)]
        self.waits: list[float] = []
        self.lost = 0

    def _router(self) -> Router:
        entries = "".join(
            f"  - {{model_name: '*', "
            f"litellm_params: {{model: 'ollama_chat/*', api_base: '{url}'}}}}\n"
            for url in self._servers
        )
        prefer = str(self._case.prefer_loaded).lower()
        text = (
            f"model_list:\n{entries}diglot:\n  routing: {{prefer_loaded: {prefer}}}\n"
            "  queue: {length: 100000, timeout: 600}\n"
            f"router_settings: {{default_max_parallel_requests: {SLOTS}}}\n"
        )
        config = parse_config(text, environ={})
        router = Router(config.deployments, config.routing)
        for host in router.hosts.values():
            host.models = frozenset(map(model_key, MODELS))
            host.loaded = set()
        return router

    async def run(self) -> None:
        """Let the requests come."""
        chores = [asyncio.create_task(self._look())]
        if self._case.deaths:
            chores.append(asyncio.create_task(self._die()))
        rate = self._case.load * len(self._servers) * SLOTS / ANSWER
        work = []
        while (now := time.monotonic()) < SECONDS:
            burst = 3.0 if self._case.bursts and now % 300 < 30 else 1.0
            await asyncio.sleep(self._chance.expovariate(rate * burst))
            work.append(asyncio.create_task(self._ask()))
        await asyncio.gather(*work)
        for chore in chores:
            chore.cancel()

    async def _ask(self) -> None:
        (model,) = self._chance.choices(MODELS, WEIGHTS)
        seconds = self._chance.expovariate(1 / ANSWER)
        group = self._chance.choice(self._routers).group(model)
        began, tried = time.monotonic(), list[Load]()
        for _ in range(3):
            if not group.others(tried):
                break
            lease = None
            try:
                lease = group.take(tried) or await group.wait(tried)
                server = self._servers[lease.load.deployment.base_url]
                waiting = asyncio.ensure_future(server.answer(model, lease, seconds))
                await waiting
                self.waits.append(max(time.monotonic() - began - seconds, 0.0))
                lease.end()
            except DiglotError as error:
                if lease is None:
                    break
                tried.append(lease.load)
                lease.fail(error)
            else:
                return
        self.lost += 1

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            for router in self._routers:
                for url, host in router.hosts.items():
                    host.loaded = set(map(model_key, self._servers[url].memory))

    async def _die(self) -> None:
        """Let a tenth of the hosts be gone for two minutes, and come back with an empty memory."""
        await asyncio.sleep(SECONDS / 2)
        gone = list(self._servers.values())[:: max(len(self._servers) // 10, 1)][:10]
        gone = gone[: max(len(self._servers) // 10, 1)]
        for server in gone:
            server.memory.clear()
            server.dead.set()
        await asyncio.sleep(120)
        for server in gone:
            server.dead.clear()

    def loads(self) -> float:
        """Return how often a host loaded a model, in a hundred answers."""
        loads = sum(server.loads for server in self._servers.values())
        return 100 * loads / max(len(self.waits), 1)

    def row(self) -> str:
        """Return the row of the table."""
        waits = sorted(self.waits)
        slow = heapq.nlargest(max(len(waits) // 20, 1), waits)[-1]
        return (
            f"{statistics.median(waits):6.1f} s {slow:6.1f} s {self.loads():8.1f} "
            f"{self.lost:6} {len(waits):8}"
        )


def simulate(case: Case) -> Simulation:
    """Run one case in simulated time."""
    loop, real = Clock(), time.monotonic
    time.monotonic = loop.time
    try:
        asyncio.set_event_loop(loop)
        made = Simulation(case)
        loop.run_until_complete(made.run())
    finally:
        time.monotonic = real
        loop.close()
        asyncio.set_event_loop(None)
    return made


CASES = {
    "10 hosts": Case(hosts=10),
    "10 hosts, memory not looked at": Case(hosts=10, prefer_loaded=False),
    "10 hosts, half as much again": Case(hosts=10, load=0.3),
    "10 hosts, three gateways": Case(hosts=10, gateways=3),
    "10 hosts, bursts": Case(hosts=10, load=0.15, bursts=True),
    "10 hosts, one dies": Case(hosts=10, deaths=True),
    "100 hosts": Case(hosts=100),
    "100 hosts, memory not looked at": Case(hosts=100, prefer_loaded=False),
    "100 hosts, six gateways": Case(hosts=100, gateways=6),
    "100 hosts, ten die": Case(hosts=100, gateways=6, deaths=True),
}


def main() -> None:
    """Print the table."""
    print(f"{'':32}  median    95 %  loads/100   lost  answers")
    for name, case in CASES.items():
        print(f"{name:32} {simulate(case).row()}")


if __name__ == "__main__":
    main()
