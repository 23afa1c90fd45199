"""One request of many pieces holds up nobody else's."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from core.backends.fleet import Fleet
from core.gateway.app import create_app
from tests.gateway.test_app import COMPAT, DONE, HELLO, NATIVE, word
from tests.support.scripted_backend import Scripted, running
from tests.support.threads import serving_app

MANY = 12_000
BODIES: dict[str, dict[str, Any]] = {
    "keys": {"messages": HELLO, **{f"k{n}": 1 for n in range(4 * MANY)}},
    "messages": {"messages": [{"role": "user", "content": "x", "odd": n} for n in range(MANY)]},
    "tools": {
        "messages": HELLO,
        "tools": [
            {"type": "function", "function": {"name": f"f{n}", "parameters": {}}}
            for n in range(MANY // 2)
        ],
    },
}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path = tmp_path_factory.mktemp("many") / "config.yaml"
    with running() as backend:
        backend.lines(NATIVE, [word("hi"), DONE])
        backend.json("/api/show", {"capabilities": ["completion", "tools"]})
        path.write_text(models(backend))
        with serving_app(create_app(Fleet(path))) as address:
            yield address


def models(backend: Scripted) -> str:
    return (
        "model_list: [{model_name: m, litellm_params: "
        f'{{model: ollama/m, api_base: "{backend.url}"}}}}]\n'
    )


@pytest.mark.parametrize(
    "shape",
    ["keys", *(pytest.param(shape, marks=pytest.mark.slow) for shape in BODIES if shape != "keys")],
)
def test_others_are_served_while_a_report_of_many_pieces_is_made(url: str, shape: str) -> None:
    body = json.dumps({"model": "m", "stream": True, **BODIES[shape]}).encode()
    waits, over = [0.0], threading.Event()
    answers: list[httpx.Response] = []

    def ask() -> None:
        try:
            answers.append(httpx.post(url + COMPAT, content=body, timeout=100))
        finally:
            over.set()

    asking = threading.Thread(target=ask)
    began = time.monotonic()
    asking.start()
    with httpx.Client() as client:
        while not over.is_set():
            asked = time.monotonic()
            assert client.get(f"{url}/health/liveliness", timeout=100).status_code == 200
            waits.append(time.monotonic() - asked)
    asking.join()
    took = time.monotonic() - began
    assert answers[0].status_code == 200
    # Held up for the whole report, the longest wait is nearly all of the time.
    assert max(waits) < took / 2, (max(waits), len(waits), took)
