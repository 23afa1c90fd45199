"""One gate: every route of the table is tried without a key, over a limit, and with a huge body."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.routing import Route

from core.backends.fleet import Fleet
from core.gateway.app import routes
from core.gateway.call import GatewayState
from core.gateway.endpoints.mcp import McpEndpoint, own_tools
from core.gateway.gate import Endpoint, GatedRoute
from tests.support.programs import GatewayProgram, until
from tests.support.scripted_backend import Scripted, running
from tests.ui.app_process import running_app

pytestmark = pytest.mark.slow

MASTER = "sk-canary-gate-master-0a1b2c3d4e5f"
NARROW = "sk-canary-gate-narrow-0a1b2c3d4e5f"
DIGEST = f"sha256:{'0' * 64}"
CONFIG = """
model_list:
  - {{model_name: native, litellm_params: {{model: ollama/m, api_base: "{url}"}}}}
  - {{model_name: secret, litellm_params: {{model: ollama/hidden, api_base: "{url}"}}}}
general_settings: {{master_key: {master}}}
litellm_settings: {{json_logs: true}}
diglot:
  keys:
    - {{name: narrow, key: {narrow}, models: [native], manage: true, watch: true}}
{slow}
"""
_MB = 1024 * 1024


class Asked(NamedTuple):
    """One method of one route, and an address that it answers."""

    method: str
    pattern: str
    path: str

    @property
    def name(self) -> str:
        return re.sub(r"\W+", "-", f"{self.method}{self.pattern}").strip("-")


def table() -> list[GatedRoute]:
    fleet = Fleet(None, environ={})
    state = GatewayState(fleet)
    return routes(state, McpEndpoint(state, lambda: own_tools(fleet.config.tools)))


def guarded() -> list[Asked]:
    """Every route but those that whoever starts servers asks, and the documents."""
    found = []
    for route in table():
        if route.path in ("/health/liveliness", "/health/liveness", "/health/readiness",
                          "/openapi.json", "/docs"):  # fmt: skip
            continue
        path = route.path.replace("{digest}", DIGEST).replace("{id}", "resp_none")
        path = path.replace("{name:path}", "native").replace("{rest:path}", "none")
        for method in sorted(route.methods or {"POST"}):
            found.append(Asked(method, route.path, path))
    return found


ROUTES = guarded()


def body(model: str = "native") -> dict[str, Any]:
    said = [{"role": "user", "content": "x"}]
    return {"model": model, "source": model, "destination": model, "messages": said, "input": "x",
            "prompt": "x", "max_tokens": 5, "stream": False}  # fmt: skip


def ask(url: str, one: Asked, key: str, **more: Any) -> httpx.Response:
    """Ask one route as its clients do."""
    headers = {"api-key": key} if key else {}
    headers |= {"accept": "application/json, text/event-stream", "content-type": "application/json"}
    if one.method not in ("GET", "HEAD") and not more:
        more = {"json": {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
                if one.path == "/mcp" else body()}  # fmt: skip
    return httpx.request(one.method, url + one.path, headers=headers, timeout=120, **more)


@pytest.fixture(scope="module")
def backend() -> Iterator[Scripted]:
    with running() as scripted:
        yield scripted


class Server(NamedTuple):
    url: str
    log: Path
    pid: int


@pytest.fixture(scope="module", params=["gateway", "app"])
def server(
    request: pytest.FixtureRequest, backend: Scripted, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The gateway alone, and the gateway in the process of the pages: both are walked through."""
    folder = tmp_path_factory.mktemp(request.param)
    names = [one.name for one in ROUTES]
    assert len(set(names)) == len(names)
    slow = "".join(
        f"    - {{name: {name}, key: sk-canary-{name}, rpm: 2, manage: true, watch: true}}\n"
        for name in names
    )
    config = CONFIG.format(url=backend.url, master=MASTER, narrow=NARROW, slow=slow)
    if request.param == "app":
        with running_app(folder, config=config, key=MASTER) as url:
            yield Server(url, folder / "app.log", int((folder / "app.pid").read_text()))
        return
    path = folder / "config.yaml"
    path.write_text(config)
    program = GatewayProgram(path, log=folder / "gateway.log")
    program.start()
    try:
        program.up()
        yield Server(program.url, program.log, program.pid)
    finally:
        program.stop()


def test_there_is_no_route_but_behind_the_gate() -> None:
    for route in table():
        assert type(route) is GatedRoute
        assert isinstance(route.endpoint, Endpoint)
        assert type(route.endpoint).__call__ is Endpoint.__call__, "it has a way in of its own"
    source = (Path(__file__).parents[2] / "core/gateway").rglob("*.py")
    made = [path.name for path in source if re.search(r"\bRoute\(", path.read_text("utf-8"))]
    assert made == [], "a route is made past the gate"
    assert issubclass(GatedRoute, Route)


@pytest.mark.parametrize("one", ROUTES, ids=lambda one: one.name)
def test_nobody_comes_in_without_a_key_and_it_is_seen(
    server: Server, backend: Scripted, one: Asked
) -> None:
    before = len(backend.asked)
    for key in ("", "sk-wrong"):
        answer = ask(server.url, one, key)
        assert answer.status_code == 401
        assert seen(server, answer)["status"] == 401
    assert len(backend.asked) == before


@pytest.mark.parametrize("one", ROUTES, ids=lambda one: one.name)
def test_a_limit_holds_at_every_route_and_each_request_is_counted_and_logged(
    server: Server, backend: Scripted, one: Asked
) -> None:
    before = len(backend.asked)
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: ask(server.url, one, f"sk-canary-{one.name}"), range(5)))
    over = [answer for answer in answers if answer.status_code == 429]
    # The minute may end in between, and each minute lets two in.
    assert len(over) >= 1 and len(answers) - len(over) in (2, 3, 4)
    for answer in over:
        assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert len(backend.asked) - before <= 4 * (len(answers) - len(over))
    for answer in answers:
        line = seen(server, answer)
        assert line["key"] == one.name
        assert line["route"] == one.pattern
        assert line["status"] == answer.status_code
    until(lambda: counted(server, one) == len(answers), 10, what="the count")


@pytest.mark.parametrize(
    "one", [one for one in ROUTES if one.method in ("POST", "DELETE")], ids=lambda one: one.name
)
def test_a_model_that_is_not_theirs_is_asked_nothing(
    server: Server, backend: Scripted, one: Asked
) -> None:
    before = len(backend.asked)
    answer = ask(server.url, one, NARROW, json=body("secret"))
    if one.path in ("/mcp", "/v1", "/v1/none", "/api/none", "/v1/responses/resp_none") or (
        "blobs" in one.path
    ):
        return  # no model is named there
    assert answer.status_code == 403
    assert "secret" not in answer.text
    assert len(backend.asked) == before


@pytest.mark.parametrize("field", ["model", "name", "source", "destination", "from"])
def test_no_field_names_a_model_that_is_not_theirs(
    server: Server, backend: Scripted, field: str
) -> None:
    before = len(backend.asked)
    for method, path in (("POST", "copy"), ("POST", "create"), ("DELETE", "delete"),
                         ("POST", "pull"), ("POST", "push")):  # fmt: skip
        for word in (field, field.upper()):
            sent = {"model": "native", word: "secret"}
            answer = httpx.request(
                method, f"{server.url}/api/{path}", json=sent, headers={"api-key": NARROW}
            )
            assert answer.status_code in (400, 403)
    assert len(backend.asked) == before


@pytest.mark.parametrize("length", [True, False], ids=["said", "chunked"])
@pytest.mark.parametrize(
    "one", [one for one in ROUTES if one.method in ("POST", "DELETE")], ids=lambda one: one.name
)
def test_a_huge_body_is_refused_before_it_is_read(server: Server, one: Asked, length: bool) -> None:
    before = memory(server.pid)
    most = [before]
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.01):
            most.append(memory(server.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    headers = {"content-length": str(200 * _MB)} if length else {}
    try:
        with httpx.Client(timeout=120, headers={"api-key": MASTER}) as client:
            pieces = (b" " * _MB for _ in range(200))
            answer = client.request(
                one.method, server.url + one.path, content=pieces, headers=headers
            )
    finally:
        over.set()
        watcher.join()
    if reads(one):
        assert answer.status_code == 413
        assert answer.headers["x-diglot-id"]
    # What is said to be too long is not begun with; else as much is held as is allowed, twice
    # while it is put together.
    bound = 40 if length or not reads(one) or one.path == "/mcp" else 160
    assert max(most) - before < bound * _MB, f"{(max(most) - before) // _MB} MB"


def memory(pid: int) -> int:
    """Return the bytes of memory that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


def reads(one: Asked) -> bool:
    route = next(route for route in table() if route.path == one.pattern)
    return one.path == "/mcp" or getattr(route.endpoint, "reads", "") == "all"


def seen(server: Server, answer: httpx.Response) -> dict[str, Any]:
    """Return the line of the log that tells of a request. It is written after the answer."""
    identity = answer.headers["x-diglot-id"]
    found: list[dict[str, Any]] = []

    def written() -> bool:
        for line in server.log.read_text("utf-8").splitlines():
            if identity in line and line.endswith("}"):
                found.append(json.loads(line))
        return any(line["logger"] == "diglot.access" for line in found)

    until(written, 10, what="the line")
    return next(line for line in found if line["logger"] == "diglot.access")


def counted(server: Server, one: Asked) -> int:
    """Return how often a key's requests to a route were counted."""
    metrics = httpx.get(f"{server.url}/metrics", headers={"api-key": MASTER}).text
    return sum(
        int(sample.value)
        for family in text_string_to_metric_families(metrics)
        for sample in family.samples
        if sample.name == "litellm_proxy_total_requests_metric_total"
        and sample.labels["api_key_alias"] == one.name
        and sample.labels["route"] == one.pattern
    )
