"""The law of the short way: a chat that is answered by callbacks ends as one in a task does.

Same status, headers, bytes, exchange, counts and calls at the backend, whatever the backend does
and whatever the client asks.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import httpx
import pytest

from core.exchanges.exchange import Exchange
from core.gateway.protocols.direct_protocol import DirectProtocol
from core.gateway.telemetry.metrics import Metrics
from tests.support.direct_backend import SCRIPTS, Place
from tests.support.programs import until

_OWN = re.compile(r"[0-9a-f]{32}|\"created\":\d+|\"created_at\":\"[^\"]*\"|127\.0\.0\.1:\d+"
                  r"|_duration\":\d+")  # fmt: skip
# A time of one digit more makes a body longer.
_TIMES = re.compile(r"duration|-ms$|^date$|^retry-after$|^content-length$")


def plain(text: str) -> str:
    return _OWN.sub("*", text)


def headers(pairs: Any) -> list[tuple[str, str]]:
    return sorted((n.lower(), "*" if _TIMES.search(n.lower()) else plain(v)) for n, v in pairs)


def kept(exchange: Exchange) -> dict[str, Any]:
    """Return what is kept of an exchange, without its own ids and times."""
    wires = [exchange.client, *exchange.backend]
    trail = exchange.trail
    usage = exchange.usage()
    return {
        "ended": bool(exchange.ended),
        "error": plain(exchange.error),
        "model": exchange.model,
        "trail": trail and (trail.group, trail.retries, trail.fallbacks,
                            trail.deployment and trail.deployment.model_name),
        "usage": usage and (usage.prompt_tokens, usage.completion_tokens),
        "wires": [
            (w.dialect, w.path, w.status, w.streamed, plain(w.response.decode("utf-8", "replace")),
             plain(w.request.decode()), headers(w.answered), headers(w.headers), w.answer_bytes > 0)
            for w in wires
        ],
    }  # fmt: skip


def counted(metrics: Metrics) -> dict[str, Any]:
    """Return what was counted so far."""
    return {f"{key}.{name}": n for key, row in metrics.by_key().items() for name, n in row.items()}


def asked(
    place: Place, path: str, body: dict[str, Any], *, first: Any = None, **more: str
) -> dict[str, Any]:
    """Ask once and return everything that may be compared.

    ``first`` is asked before, over the same connection and with the same head.
    """
    with httpx.Client(timeout=20) as client:
        if first is not None:
            assert client.post(place.url + path, json=first, headers=more).status_code == 200
            place.idle()
        return _asked(place, client, path, body, **more)


def _asked(
    place: Place, client: httpx.Client, path: str, body: dict[str, Any], **more: str
) -> dict[str, Any]:
    before, calls = counted(place.metrics), len(place.backend.asked)
    answer = client.post(place.url + path, json=body, headers=more)
    found = place.fleet.log.get(answer.headers["x-diglot-id"], owner="", everyone=True)
    if found is not None:
        until(lambda: found.ended > 0)
    place.idle()
    until(lambda: counted(place.metrics) != before)
    after = counted(place.metrics)
    return {
        "status": answer.status_code,
        "headers": headers(answer.headers.multi_items()),
        "body": plain(answer.text),
        "kept": found and kept(found),
        "counts": {k: v - before.get(k, 0) for k, v in after.items() if v != before.get(k, 0)},
        # What a kept connection did not hear is said again over another: one call all the same.
        "calls": [call for call, _ in groupby(place.backend.asked[calls:])],
    }


def both(
    place: Place, monkeypatch: pytest.MonkeyPatch, path: str, body: dict[str, Any], **more: str
) -> dict[str, Any]:
    """Ask over both ways, over connections to the backend that are new and such as are kept."""
    found = []
    for on in (False, True, True):
        monkeypatch.setattr(DirectProtocol, "on", on)
        found.append(asked(place, path, body, **more))
    assert found[1] == found[0]
    assert found[2] == found[0]
    if path in FIRST:
        assert asked(place, path, body, first=FIRST[path], **more) == found[0]
    return found[1]


MESSAGE = {"role": "user", "content": "x"}
OPENAI, OLLAMA = "/v1/chat/completions", "/api/chat"
FIRST = {
    path: {"model": "one/whole", "messages": [MESSAGE], "stream": False, "max_tokens": 5}
    for path in (OPENAI, OLLAMA, "/v1/messages")
}
OF_OPENAI = ("events", "events-burst", "chat", "chat-for-stream")
OF_OLLAMA = [s for s in SCRIPTS if s not in (*OF_OPENAI, "embedded", "stream-flood")]
FAILING = OF_OLLAMA[OF_OLLAMA.index("refused-400") :]


def cases() -> Iterator[tuple[str, str, bool]]:
    """Yield paths, models, and whether a stream is asked for."""
    for script in OF_OLLAMA:
        yield OPENAI, f"one/{script}", False
        yield OPENAI, f"one/{script}", True
        yield OLLAMA, f"one/{script}", "stream" in script or "inside" in script
    for script in FAILING:  # there is another deployment that answers
        yield OPENAI, f"two/{script}", "whole" not in script
    for script in (*OF_OPENAI, "broken-500", "closed-inside", "no-json", "gzipped"):
        yield OPENAI, f"open/{script}", False
        yield OPENAI, f"open/{script}", True


@pytest.mark.slow
@pytest.mark.parametrize(("path", "model", "stream"), list(cases()))
def test_both_ways_end_alike(
    place: Place, monkeypatch: pytest.MonkeyPatch, begun: list[str], path: str, model: str,
    stream: bool,
) -> None:  # fmt: skip
    messages = [{"role": "user", "content": "hello 灯"}]
    both(place, monkeypatch, path, {"model": model, "messages": messages, "stream": stream})
    assert len(begun) == 4, "the short way was not even begun"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/embeddings", {"model": "one/embedded", "input": ["x", "y"]}),
        ("/api/embed", {"model": "one/embedded", "input": "x"}),
        ("/v1/embeddings", {"model": "one/embedded"}),
        (OPENAI, {"model": "nobody", "messages": []}),
        (OPENAI, {"messages": []}),
        (OPENAI, []),
        (OPENAI, {"model": "one/whole", "messages": "no list"}),
        (OPENAI, {"model": "one/whole", "messages": [{"role": "user", "content": "x"}], "n": 2}),
        (OPENAI, {"model": "one/whole", "messages": [{"role": "user", "content": "x"}],
                  "logit_bias": {"1": 2}}),
        (OLLAMA, {"model": "one/whole", "messages": []}),
        (OLLAMA, {"model": "open/chat", "messages": [], "stream": False}),
        ("/v1/messages", {"model": "one/whole", "max_tokens": 5,
                          "messages": [{"role": "user", "content": "sk-ant-REDACTED"}]}),
        ("/v1/completions", {"model": "one/whole", "prompt": "x"}),
        ("/v1/completions", {"model": "one/whole", "prompt": ["x", "y"]}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("strict", ["0", "1"])
def test_what_is_asked_otherwise_ends_alike(
    place: Place, monkeypatch: pytest.MonkeyPatch, path: str, body: Any, strict: str
) -> None:
    both(place, monkeypatch, path, body, **{"x-diglot-strict": strict, "user-agent": "me"})


@pytest.mark.parametrize("path", [OPENAI, OLLAMA, "/v1/messages"])
@pytest.mark.parametrize("script", ["whole", "burst", "stream", "events-burst", "chat"])
@pytest.mark.parametrize("connection", ["keep-alive", "close"])
def test_what_goes_well_needs_no_task(
    place: Place, monkeypatch: pytest.MonkeyPatch, begun: list[str], script: str, path: str,
    connection: str,
) -> None:  # fmt: skip
    model = f"{'open' if script in OF_OPENAI else 'one'}/{script}"
    stream = script not in ("whole", "chat")
    body = {"model": model, "messages": [MESSAGE], "stream": stream, "max_tokens": 50}
    found = both(place, monkeypatch, path, body, connection=connection)
    assert (("connection", "close") in found["headers"]) == (connection == "close")
    assert begun == ["over"] * 4


@pytest.mark.parametrize("script", ["whole", "burst", "stream", "broken-500", "error-inside"])
@pytest.mark.parametrize("on", [True, False], ids=["direct", "task"])
def test_a_request_leaves_no_circle_behind(
    place: Place, monkeypatch: pytest.MonkeyPatch, script: str, on: bool
) -> None:
    monkeypatch.setattr(DirectProtocol, "on", on)

    def ask() -> None:
        asked(place, OPENAI, {"model": f"one/{script}", "messages": [MESSAGE], "stream": True})

    # What is there before need not be looked through, which takes longer than all else here.
    gc.freeze()
    ask()
    gc.collect()
    gc.disable()
    try:
        gc.set_debug(gc.DEBUG_SAVEALL)
        ask()
        gc.collect()
        left = [type(one).__name__ for one in gc.garbage]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    ours = {"DirectAnswer", "DirectClient", "Exchange", "Stream", "CallScope", "Wire"}
    assert not ours & set(left)
