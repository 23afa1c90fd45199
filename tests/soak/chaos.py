"""Chaos: backends and a gateway are killed and started again at random, under load.

    python -m tests.soak.chaos --seconds 600

Three backends, two gateways over all of them, clients in every dialect. Each request carries a
token, and must end in one of three ways: answered with that token, whole and once; refused with
its dialect's own error; or cut because the very gateway that had it was killed. Anything else is
a failure, as is a gateway that has not come to rest in the end. All on loopback, and bounded.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.faults.asking import CLIENT_DIALECTS, ask
from tests.support.programs import ROOT, environment, free_port

__all__ = ["Report", "chaos"]

_CONFIG = """
model_list:
{entries}
router_settings: {{num_retries: 2, cooldown_time: 1, fallbacks: [{{native: [compat]}}]}}
"""


@dataclass
class Report:
    """What became of all requests. ``wrong`` says what must not be."""

    asked: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def __str__(self) -> str:
        ended = ", ".join(f"{count} {how}" for how, count in sorted(self.ended.items()))
        kills = ", ".join(f"{name} {count} times" for name, count in sorted(self.kills.items()))
        return (
            f"{self.asked} requests: {ended}; slowest {self.slowest:.1f} s\n"
            f"killed: {kills}\n{len(self.wrong)} wrong" + "".join(f"\n  {w}" for w in self.wrong)
        )


class Program:
    """A program that is killed and started again at the same port."""

    def __init__(self, name: str, port: int, *command: str) -> None:
        self.name = name
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.down: list[tuple[float, float]] = []
        tied = ("setpriv", "--pdeathsig", "KILL") if shutil.which("setpriv") else ()
        self._command = [*tied, sys.executable, "-m", *command]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    async def ready(self) -> None:
        """Wait until it listens."""
        end = time.monotonic() + 60
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                return
            except OSError:
                assert time.monotonic() < end, f"{self.name} did not start"
                await asyncio.sleep(0.05)

    async def bounce(self, pause: float) -> None:
        """Kill it, and start it again after a while."""
        began = time.monotonic()
        self.down.append((began, float("inf")))
        self.kill()
        await asyncio.sleep(pause)
        self.start()
        await self.ready()
        self.down[-1] = (began, time.monotonic())

    def was_down(self, began: float, ended: float) -> bool:
        return any(start <= ended and began <= end for start, end in self.down)


async def chaos(
    folder: Path, seconds: float, *, seed: int | None = None, clients: int = 12
) -> Report:
    """Run it and return what became of everything."""
    chance = random.Random(seed)
    backends = [
        Program(f"backend {at}", port, "tests.faults.backend", str(port))
        for at, port in enumerate(free_port() for _ in range(3))
    ]
    entries = "".join(
        f"  - {{model_name: {name}, litellm_params: {{model: {kind}/paced, "
        f"api_base: '{backend.url}', timeout: 10, max_parallel_requests: 8}}}}\n"
        for name, kind in (("native", "ollama"), ("compat", "openai"))
        for backend in backends
    )
    path = folder / "config.yaml"
    path.write_text(_CONFIG.format(entries=entries))
    gateways = [
        Program(f"gateway {at}", port, "core", "--config", str(path), "--port", str(port))
        for at, port in enumerate(free_port() for _ in range(2))
    ]
    programs = [*backends, *gateways]
    report = Report()
    try:
        for program in programs:
            program.start()
        await asyncio.gather(*(program.ready() for program in programs))
        end = time.monotonic() + seconds
        # The second gateway stays, so that something can always be asked.
        killing = asyncio.create_task(_kill(backends, gateways[0], end, chance, report))
        await asyncio.gather(*(_client(gateways, end, chance, report) for _ in range(clients)))
        await killing
        await _rest(gateways, report)
    finally:
        for program in programs:
            program.kill()
    return report


async def _kill(
    backends: list[Program], gateway: Program, end: float, chance: random.Random, report: Report
) -> None:
    while time.monotonic() < end:
        await asyncio.sleep(chance.uniform(0.2, 1.5))
        victim = gateway if chance.random() < 0.2 else chance.choice(backends)
        report.kills[victim.name.split()[0]] += 1
        await victim.bounce(chance.uniform(0.0, 1.0))


async def _client(
    gateways: list[Program], end: float, chance: random.Random, report: Report
) -> None:
    # A connection for each request: one that lay idle may be closed just as it is used again,
    # and then nobody can say whether the request was heard.
    limits = httpx.Limits(max_keepalive_connections=0)
    async with httpx.AsyncClient(timeout=60, limits=limits) as client:
        while time.monotonic() < end:
            report.asked += 1
            await _one(client, chance.choice(gateways), report, chance)


async def _one(
    client: httpx.AsyncClient, gateway: Program, report: Report, chance: random.Random
) -> None:
    token = f"token-{report.asked}"
    client_dialect, stream = chance.choice(list(CLIENT_DIALECTS)), chance.random() < 0.6
    what = f"{token} {client_dialect} {'stream' if stream else 'whole'} at {gateway.name}"
    client.base_url = gateway.url
    began = time.monotonic()
    try:
        outcome = await ask(
            client, client_dialect, chance.choice(("native", "compat")), token, stream=stream
        )
    except httpx.HTTPError as exc:
        if gateway.was_down(began, time.monotonic()):
            down = isinstance(exc, httpx.ConnectError)
            report.ended["at a gateway that was down" if down else "cut with their gateway"] += 1
            await asyncio.sleep(0.2)
        else:
            report.wrong.append(f"{what}: lost ({type(exc).__name__})")
        return
    except (AssertionError, ValueError, KeyError) as exc:
        report.wrong.append(f"{what}: no answer of its dialect ({exc!r})")
        return
    finally:
        report.slowest = max(report.slowest, time.monotonic() - began)
    if outcome.complete and outcome.text == token:
        report.ended["answered"] += 1
    elif outcome.error and token.startswith(outcome.text):
        report.ended["refused with an error"] += 1
    else:
        report.wrong.append(f"{what}: {outcome}")


async def _rest(gateways: list[Program], report: Report) -> None:
    """Check that both gateways still answer, now that everybody is back."""
    await asyncio.gather(*(gateway.ready() for gateway in gateways))
    await asyncio.sleep(2)  # cooldowns end
    async with httpx.AsyncClient(timeout=60) as client:
        for gateway in gateways:
            client.base_url = gateway.url
            for client_dialect in CLIENT_DIALECTS:
                outcome = await ask(client, client_dialect, "native", "token-last", stream=True)
                if outcome.text != "token-last":
                    report.wrong.append(f"{gateway.name} has not come to rest: {outcome}")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--clients", type=int, default=12)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = asyncio.run(
            chaos(Path(folder), options.seconds, seed=options.seed, clients=options.clients)
        )
    sys.stdout.write(f"{report}\n")
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
