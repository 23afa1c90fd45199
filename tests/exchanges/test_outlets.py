"""A key planted wherever one can stand does not come out anywhere."""

from __future__ import annotations

import asyncio
import json
import logging
import zlib
from pathlib import Path
from random import Random
from typing import Any

import pytest

from core.config.config import Captures
from core.exchanges.disk import CaptureFolder
from core.exchanges.exchange import Exchange
from core.exchanges.har import to_har
from core.exchanges.serialization import compressed, dump_exchange, load_exchange
from core.exchanges.wire import Wire
from core.gateway.telemetry.logs import JsonFormatter, log_request, mask_logs
from core.inspector.diagnosis import write_diagnosis

CHANCE = Random(11)
TAIL = "".join(CHANCE.choice("abcdefghjkmnpqrsTUVWXYZ23456789") for _ in range(40))
KEY = "sk-" + TAIL
START = 1_700_000_000_000_000_000
SCHEMA = {"type": "object", "default": KEY}
FUNCTION = {"name": "log_in", "description": f"use {KEY}", "parameters": SCHEMA}
TOOL = {"type": "function", "function": FUNCTION}
ARGUMENTS = json.dumps({"token": TAIL, "note": KEY})
CALL = {"id": "c1", "type": "function", "function": {"name": "log_in", "arguments": ARGUMENTS}}
BODY: dict[str, Any] = {
    "model": f"m-{KEY}",
    "user": KEY,
    "messages": [
        {"role": "system", "content": f"密钥是{KEY}。"},
        {"role": "user", "content": [{"type": "text", "text": f"a\n{KEY}\nb"}]},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": json.dumps({"password": TAIL})},
    ],
    "tools": [TOOL],
    "stream": True,
}


def planted(*, step: int, status: int = 200) -> Exchange:
    """An exchange with the key in everything, its answer in deltas of ``step`` characters."""
    head = [(b"Authorization", KEY.encode()), (b"USER-AGENT", f"me/{KEY}".encode()),
            (b"x-request-id", KEY.encode())]  # fmt: skip
    client = Wire("openai", f"/v1/chat/completions?key={TAIL}", json.dumps(BODY).encode(),
                  headers=head)  # fmt: skip
    one = Exchange("abc", client, owner="ada", started=START)
    one.model = BODY["model"]
    backend = Wire("openai", "/v1/chat/completions", json.dumps(BODY).encode(), of=client,
                   url=f"http://me:{TAIL}@host:1/x?api_key={TAIL}")  # fmt: skip
    one.backend.append(backend)
    one.translated = True
    for wire in (client, backend):
        wire.status, wire.streamed = status, status < 400
        if status >= 400:
            error = {"error": {"message": f"Incorrect API key provided: {KEY}.", "code": KEY}}
            wire.came(json.dumps(error).encode(), START + 5)
            continue
        text = f"it is {KEY}, keep it"
        for at in range(0, len(text), step):
            delta = {"role": "assistant", "content": text[at : at + step]}
            event = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
                     "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}  # fmt: skip
            wire.came(b"data: " + json.dumps(event).encode() + b"\n\n", START + at)
    one.error = f"the backend said: {KEY}" if status >= 400 else ""
    return one


def outlets(one: Exchange, folder: Path) -> dict[str, str]:
    """Return all that is kept, shown and given away of an exchange."""
    keeper = CaptureFolder(Captures(folder=folder))
    keeper.save([one])
    on_disk = zlib.decompress(next(folder.glob("*.diglot")).read_bytes())
    found = {
        "file": dump_exchange(one, owner=True).decode(),
        "share": zlib.decompress(compressed(one)).decode(),
        "disk": on_disk.decode(),
        "har": json.dumps(to_har([one])),
        "diagnosis": write_diagnosis(one),
        "said": one.said,
        "report": repr(one.report()),
        "snippets": repr(one.snippets("http://h")),
        "headers": repr([one.client.headers, one.client.url, one.client.path, one.model]),
        "error": one.error,
    }
    for dialect in ("openai", "ollama", "anthropic"):
        found[f"request in {dialect}"] = json.dumps(one.request_in(dialect))
        found[f"answer in {dialect}"] = b"".join(d for _, d in one.response_in(dialect)).decode()
    return found


@pytest.mark.parametrize("ended", [True, False])
@pytest.mark.parametrize(("step", "status"), [(1, 200), (3, 200), (50, 200), (1, 401)])
def test_no_outlet_shows_a_key(tmp_path: Path, step: int, status: int, ended: bool) -> None:
    one = planted(step=step, status=status)
    if ended:
        one.end()
    for name, text in outlets(one, tmp_path).items():
        words = "".join(
            json.loads(line[6:])["choices"][0]["delta"].get("content") or ""
            for line in (text.splitlines() if name == "answer in openai" and status < 400 else [])
            if line.startswith("data: {")
        )
        for shown in (text, words):
            assert TAIL not in shown and TAIL[6:] not in shown and KEY[:-4] not in shown, name
            assert not any(TAIL[n : n + 12] in shown for n in range(28)), name


def test_looking_at_an_answer_while_it_comes_does_not_part_a_key() -> None:
    wire = Wire("openai", "/v1/chat/completions", b"{}")
    text = f"it is {KEY}, keep it"
    for at in range(0, len(text), 2):
        event = {"choices": [{"index": 0, "delta": {"content": text[at : at + 2]}}]}
        wire.came(b"data: " + json.dumps(event).encode() + b"\n\n", at)
        assert TAIL[:20].encode() not in b"".join(data for _, data in wire.chunks)
    wire.over = True
    said = "".join(json.loads(d[6:])["choices"][0]["delta"]["content"] for _, d in wire.chunks)
    assert said == "it is sk-***, keep it"


def told(texts: list[str], model: str = "m", last: str = "stop") -> str:
    """Return what is shown of a stream."""
    wire = Wire("ollama", "/api/chat", b"{}")
    for text in [*texts, ""]:
        message = {"role": "assistant", "content": text}
        line: dict[str, Any] = {"model": model, "created_at": "2026-11-29T07:50:00.123456789Z",
                                "message": message, "done": not text}  # fmt: skip
        if not text:
            line["done_reason"] = last
        wire.came(json.dumps(line, separators=(",", ":")).encode() + b"\n", START)
    wire.over = True
    return b"".join(data for _, data in wire.chunks).decode()


def test_a_key_is_found_that_comes_in_pieces_of_a_stream() -> None:
    shown = told(["it", " is\n", ' "', KEY[:9], KEY[9:30], KEY[30:], '" ok'])
    said = "".join(json.loads(line)["message"]["content"] for line in shown.splitlines())
    assert KEY[9:30] not in shown
    assert said == 'it is\n "sk-***" ok'
    for place in ({"model": KEY}, {"last": KEY}):
        assert KEY not in told(["it", " is"], **place)
    assert " nothing" in told(["it", " is", " nothing"])


def test_what_a_backend_says_is_looked_through_once_and_is_clean_for_the_client() -> None:
    clean = planted(step=4)
    for wire in (clean.client, *clean.backend):
        wire.forget()
        wire.came(b'data: {"choices":[{"index":0,"delta":{"content":"hello"}}]}\n\n', START)
    clean.end()
    clean.settle()
    assert clean.backend[0].clean
    kept = planted(step=4)
    kept.end()
    kept.settle()
    assert not kept.backend[0].clean
    assert TAIL[:8].encode() not in b"".join(data for _, data in kept.client.chunks)


def test_a_share_that_somebody_wrote_is_masked_in_all_its_parts() -> None:
    one = planted(step=50)
    one.end()
    share = json.loads(dump_exchange(one))
    share["error"] = share["model"] = share["client"]["path"] = f"/x?key={TAIL} {KEY}"
    share["client"]["answered"] = [["set-cookie", KEY], ["x-request-id", KEY]]
    share["emulated"] = {"tools": KEY}
    share["client"]["chunks"] = [[0, f'{{"a":"{KEY}"}}']]
    again = load_exchange(json.dumps(share).encode(), owner="me")
    assert TAIL not in dump_exchange(again).decode() + repr(again.emulated)


def test_logs_are_masked_in_every_form(caplog: pytest.LogCaptureFixture) -> None:
    before = logging.getLogRecordFactory()
    mask_logs()
    try:
        log = logging.getLogger("diglot.test")
        with caplog.at_level(logging.INFO):
            log.warning("the backend said %s", f"no such key: {KEY}")
            log.warning("it failed: %s", ValueError(KEY))
            try:
                raise ValueError(KEY)
            except ValueError:
                log.exception("broken %(a)s", {"a": KEY})
            one = planted(step=1, status=401)
            one.end()
            log_request("/v1/chat/completions", "", 401, START, one)
        plain = caplog.text
        lines = "\n".join(JsonFormatter().format(record) for record in caplog.records)
        assert "the backend said" in plain and "broken" in plain
        assert TAIL not in plain and TAIL not in lines
    finally:
        logging.setLogRecordFactory(before)


def test_a_folder_that_is_read_again_has_none(tmp_path: Path) -> None:
    one = planted(step=2)
    one.end()
    folder = CaptureFolder(Captures(folder=tmp_path))
    asyncio.run(asyncio.to_thread(folder.save, [one]))
    [again] = folder.load()
    assert TAIL[:12] not in dump_exchange(again).decode()
