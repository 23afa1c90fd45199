"""Two page processes, two gateways, PostgreSQL and Redis, each behind a network that can be cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

from msgspec import Struct

from core.chats.store.store import Store
from tests.cluster.pages import PageProcess, SlowBackend, Stored
from tests.cluster.streams import KEY
from tests.support.frozen_socket import Network, network
from tests.support.postgresql_server import Postgresql, postgresql_server
from tests.support.programs import GatewayProgram, free_port
from tests.support.redis_server import Redis
from tests.support.scripted_backend import running

PartName = Literal["page", "gateway", "postgresql", "redis"]
Way = Literal["kill", "stop", "hang", "cut"]
PARTS: tuple[PartName, ...] = ("page", "gateway", "postgresql", "redis")
WAYS: tuple[Way, ...] = ("kill", "stop", "hang", "cut")

_CONFIG = """
model_list:
  - {{model_name: "*", litellm_params: {{model: "ollama_chat/*", api_base: "{backend}"}}}}
router_settings: {{redis_url: "redis://127.0.0.1:{redis}"}}
diglot:
  keys: [{{name: ada, key: {key}, rpm: 1000000}}]
  shutdown_delay: 0.5
  drain: 1
"""
_PAGES = "diglot: {shutdown_delay: 0.5, drain: 1}\n"


class Fault(Struct, frozen=True):
    """What happens to a part, and what ends it."""

    begin: Callable[[], None]
    end: Callable[[], None]


class WholeCluster:
    """All of it. What is cut, held or killed is one page process, one gateway, or the server."""

    def __init__(self, stack: ExitStack, folder: Path, *, pause: float) -> None:
        self.backend = SlowBackend(stack.enter_context(running()), pause=pause)
        self.postgresql: Postgresql = stack.enter_context(postgresql_server())
        url = self.postgresql.make("whole")
        self.redis = Redis(folder)
        self.redis.start()
        stack.callback(self.redis.stop)
        self._redis_network = self._front(stack, self.redis.port)
        self._databases: list[Network] = []
        self._fronts: list[Network] = []
        self.pages = [self._page(stack, folder / name, url) for name in ("p1", "p2")]
        self.gateways = [self._gateway(stack, folder / name) for name in ("g1", "g2")]
        self.urls = [f"http://127.0.0.1:{front.here}" for front in self._fronts[2:]]
        self.store = Store(url)
        stack.callback(self.store.close)
        self.stored = Stored(self.store)

    def _front(self, stack: ExitStack, port: int) -> Network:
        made = Network(free_port(), port)
        made.start()
        stack.callback(made.close)
        return made

    def _page(self, stack: ExitStack, folder: Path, url: str) -> PageProcess:
        sockets = folder.with_suffix(".net")
        sockets.mkdir()
        between, through = stack.enter_context(network(sockets, url))
        self._databases.append(between)
        front = free_port()
        page = PageProcess(folder, through, self.backend.url, _PAGES, front=front)
        made = Network(front, page.port)
        made.start()
        stack.callback(made.close)
        self._fronts.append(made)
        stack.callback(page.stop)
        page.start()
        return page

    def _gateway(self, stack: ExitStack, folder: Path) -> GatewayProgram:
        folder.mkdir()
        file = folder / "config.yaml"
        file.write_text(
            _CONFIG.format(backend=self.backend.url, redis=self._redis_network.here, key=KEY)
        )
        gateway = GatewayProgram(file, log=folder / "log")
        self._fronts.append(self._front(stack, gateway.port))
        stack.callback(gateway.stop)
        gateway.start()
        return gateway

    def up(self) -> None:
        """Wait until every process answers."""
        for page in self.pages:
            page.up()
        for gateway in self.gateways:
            gateway.up()

    def fault(self, part: PartName, way: Way) -> Fault:
        """Return what can happen to a part."""
        if way == "cut":
            return self._cut(self._networks(part))
        if part == "postgresql":
            server = self.postgresql
            begin = {"kill": server.kill, "stop": server.stop, "hang": server.hold}[way]
            return Fault(begin, server.go_on if way == "hang" else server.start)
        if part == "redis":
            cache = self.redis
            begin = {"kill": cache.stop, "stop": cache.end, "hang": cache.hold}[way]
            return Fault(begin, cache.go_on if way == "hang" else cache.start)
        program = self.pages[0] if part == "page" else self.gateways[0]

        def stop() -> None:
            program.terminate()
            program.wait(60)
            program.kill()

        begin = {"kill": program.kill, "stop": stop, "hang": program.hold}[way]
        return Fault(begin, program.go_on if way == "hang" else program.start)

    def _cut(self, networks: Sequence[Network]) -> Fault:
        def cut() -> None:
            for each in networks:
                each.cut()

        def mend() -> None:
            for each in networks:
                each.mend()

        return Fault(cut, mend)

    def _networks(self, part: PartName) -> list[Network]:
        return {
            "page": [self._fronts[0], self._databases[0]],
            "gateway": [self._fronts[2]],
            "postgresql": self._databases,
            "redis": [self._redis_network],
        }[part]


@contextmanager
def whole_cluster(folder: Path, *, pause: float) -> Iterator[WholeCluster]:
    """Run it until the block ends. A backend says a word every ``pause`` seconds."""
    with ExitStack() as stack:
        made = WholeCluster(stack, folder, pause=pause)
        made.up()
        yield made
