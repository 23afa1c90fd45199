"""The report of an exchange: a row for each value of both ways, with its reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.exchanges.exchange import Exchange
from core.exchanges.wire import Wire
from core.gateway.endpoints.exchange_report import exchange_report
from core.translation.stamp import Stamp
from core.translation.translate import StreamTranslator, translate_request, translate_response
from core.words import languages
from tests.support.report_judge import same

ASKED = {"model": "m", "messages": [{"role": "user", "content": "hello"}], "user": "u",
         "max_tokens": 5}  # fmt: skip
SAID = {"model": "m", "created_at": "2026-01-01T00:00:00Z", "done": True, "done_reason": "stop",
        "message": {"role": "assistant", "content": "yes"}}  # fmt: skip
LINES = [{**SAID, "done": False, "done_reason": None}, {**SAID, "message": {"content": ""}}]
STAMP = Stamp(id="x", created=1, model="m")


def exchange(*, stream: bool = False) -> Exchange:
    """Return an exchange of OpenAI's client with Ollama."""
    asked = {**ASKED, "stream": stream}
    written = translate_request(asked, source="openai", target="ollama")
    client = Wire("openai", "/v1/chat/completions", json.dumps(asked).encode())
    backend = Wire("ollama", "/api/chat", json.dumps(written).encode(), of=client)
    found = Exchange("x", client, owner="", started=1)
    found.backend.append(backend)
    found.translated = True
    if stream:
        pairs = StreamTranslator("ollama", "openai", STAMP)
        for now, line in enumerate(LINES, 1):
            data = json.dumps(line).encode() + b"\n"
            backend.came(data, now)
            client.came(pairs.feed(data, now=now), now)
        client.came(pairs.close(now=9), 9)
    else:
        backend.came(json.dumps(SAID).encode(), 1)
        answer = translate_response(SAID, source="ollama", target="openai", stamp=STAMP, now=2)
        client.came(json.dumps(answer).encode(), 2)
    for wire in (client, backend):
        wire.streamed, wire.status, wire.over = stream, 200, True
    found.end()
    return found


def by_path(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["path"]: row for row in rows}


@pytest.mark.parametrize("language", languages())
def test_each_value_of_both_ways_has_a_row_and_a_reason(language: str) -> None:
    report = exchange_report(exchange(), language)
    assert (report["id"], report["language"]) == ("x", language)
    asked, answer = report["request"], report["answer"]
    assert (asked["source"], asked["target"]) == ("openai", "ollama")
    assert (answer["source"], answer["target"]) == ("ollama", "openai")
    assert asked["body"]["user"] == "u" and asked["written"]["model"] == "m"
    rows = by_path(asked["rows"])
    assert rows["user"]["outcome"] == "dropped"
    assert rows["max_tokens"]["target"] == "options.num_predict"
    for row in (*asked["rows"], *answer["rows"]):
        assert row["note"]["sentence"]
        if row["outcome"] in ("kept", "renamed"):
            assert same(row["value"], row["written"])
    assert by_path(answer["rows"])["message.content"]["written"] == "yes"
    assert report["stream"] is None


def test_of_a_stream_the_rows_say_in_which_records_they_stand() -> None:
    report = exchange_report(exchange(stream=True), "en")
    stream = report["stream"]
    assert (stream["source"], stream["target"]) == ("ollama", "openai")
    rows = by_path(stream["rows"])
    last = rows["done_reason"]
    assert last["records"] == {"first": 2, "last": 2, "count": 1}
    assert last["written_records"] == {"first": 3, "last": 3, "count": 1}
    assert rows["done"]["records"]["count"] == 2 and rows["done"]["written_records"] is None


def test_a_body_that_is_no_answer_is_a_row_too() -> None:
    broken = exchange()
    broken.backend[0].forget()
    broken.backend[0].came(b"<html>", 1)
    row = by_path(exchange_report(broken, "en")["answer"]["rows"])["data"]
    assert (row["outcome"], row["value"]) == ("dropped", "<html>")
