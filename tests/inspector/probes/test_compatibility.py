"""Probes find what servers do, and the table says so."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.backends.fleet import Fleet
from core.errors import DiglotError
from core.http.client import Client
from core.inspector.align.request import AlignedRow, align_request
from core.inspector.align.response import align_answer
from core.inspector.probes.compatibility import (
    PROBES,
    probe_all,
    probes_of,
    run_probe,
    server_version,
)
from core.inspector.probes.subject import FleetAsker, HttpAsker, ProbeRequest, Subject
from core.translation.report.notes import NOTES
from core.translation.translate import translate_request
from tests.laws.bodies import translations
from tests.support.probing import TABLES, committed, native, says, subject
from tests.support.programs import ROOT
from tests.support.scripted_backend import Scripted
from tests.support.servers import Gateway, Ollama

pytestmark = pytest.mark.slow

CLIENT_DIALECTS: tuple[str, ...] = ("ollama", "openai")
QUICK = ("num_ctx", "keep_alive", "think", "logprobs", "stop_string", "include_usage", "n",
         "tool_choice", "max_completion_tokens", "durations", "error", "unknown_field")  # fmt: skip


def test_the_committed_table_is_whole() -> None:
    for table in TABLES.values():
        assert re.search(r"^20\d\d-\d\d-\d\d · Ollama 0\.17\.4", table, re.M)
        assert table.count("\n### ") == len(PROBES)
    for name in PROBES:
        assert len(committed(name)) == 4
    every = [verdict for name in PROBES for verdict in committed(name)]
    assert every.count("inconclusive") <= 4, "a table that shows next to nothing"


@pytest.mark.ollama
async def test_real_servers_do_what_the_table_says(
    client: Client, ollama_server: Ollama, seed_over_ollama: Gateway
) -> None:
    server = HttpAsker(client, ollama_server.url)
    places: list[tuple[str, HttpAsker, str]] = [
        ("ollama", server, "qwen3:4b"),
        ("openai", server, "qwen3:4b"),
        ("openai", HttpAsker(client, seed_over_ollama.url), "qwen-local"),
        ("ollama", HttpAsker(client, seed_over_ollama.url), "qwen-local"),
    ]
    subjects = [
        Subject(name=str(place), client_dialect=client_dialect, asker=asker, model=model,
                server=server, server_model="qwen3:4b")
        for place, (client_dialect, asker, model) in enumerate(places)
    ]  # fmt: skip
    assert await server_version(subjects[0]) == "0.17.4"
    table = await probe_all(subjects, date="2026-01-01", versions={}, names=QUICK)
    for name in QUICK:
        found = [r.verdict for r in table.results if r.probe == name]
        assert found == committed(name), (name, [r for r in table.results if r.probe == name])
    assert all(result.sent and result.evidence.text("zh") for result in table.results)


async def test_a_server_that_ignores_is_told_from_one_that_does(
    client: Client, backend: Scripted
) -> None:
    one = subject(client, backend.url, "ollama")
    texts = ["a", "b", "c", "d", "d", "d"]
    says(backend, *map(native, texts))
    assert (await run_probe("top_k", one)).verdict == "honoured"
    says(backend, *map(native, "abcdef"))
    assert (await run_probe("top_k", one)).verdict == "ignored"
    says(backend, *map(native, "aaaaaa"))
    assert (await run_probe("top_k", one)).verdict == "inconclusive"
    says(backend, *map(native, "aab"))
    assert (await run_probe("seed", one)).verdict == "honoured"
    says(backend, *map(native, "abc"))
    assert (await run_probe("seed", one)).verdict == "ignored"
    says(backend, *map(native, "aabc"))
    assert (await run_probe("temperature", one)).verdict == "honoured"
    says(backend, *map(native, "abcd"))
    assert (await run_probe("temperature", one)).verdict == "ignored"


async def test_a_table_is_written_in_three_forms(client: Client, backend: Scripted) -> None:
    says(backend, native("a | b `c`"))
    heard: list[str] = []
    table = await probe_all(
        [subject(client, backend.url, "ollama")], date="2026-01-02", versions={"Ollama": "9"},
        names=("n", "durations"), told=lambda result: heard.append(result.probe),
    )  # fmt: skip
    assert heard == ["n", "durations"]
    for text in (table.markdown("zh"), table.markdown("en")):
        assert "2026-01-02 · Ollama 9 · m" in text and text.count("\n### ") == 2
    assert re.search("[一-鿿]", table.markdown("en")) is None
    rows = list(csv.DictReader(io.StringIO(table.csv())))
    assert [row["probe"] for row in rows] == heard and rows[0]["verdict"] == "ignored"
    assert json.loads(table.json())["results"][0]["sent"]


async def test_diglot_itself_is_asked_in_its_own_process(
    backend: Scripted, tmp_path: Path, client: Client
) -> None:
    says(backend, native("hello"))
    backend.json("/api/ps", {"models": [{"name": "m", "context_length": 1536}]})
    config = tmp_path / "config.yaml"
    params = f"{{model: ollama/m, api_base: {backend.url}}}"
    config.write_text(f"model_list: [{{model_name: x, litellm_params: {params}}}]")
    async with Fleet(config) as fleet:
        one = Subject(name="Diglot /v1", client_dialect="openai", asker=FleetAsker(fleet, "me"),
                      model="x", server=HttpAsker(client, backend.url),
                      server_model="m")  # fmt: skip
        assert (await run_probe("num_ctx", one)).verdict == "honoured"
        result = await run_probe("unknown_field", one)
        assert "no_such_field" in result.evidence.text("en") and result.verdict == "ignored"
        assert (await run_probe("error", one)).verdict == "honoured"
        kept = fleet.log.newest(owner="me")
        assert len(kept) == 3


NATIVE_CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
NAMES = [
    ({"options": {"num_ctx": 4096}}, "ollama", {"options.num_ctx": {"num_ctx"}}),
    ({"stop": "x"}, "openai", {"stop": {"stop_list", "stop_string"}}),
    ({"stop": ["x"]}, "openai", {"stop": {"stop_list"}}),
    ({"format": "json"}, "ollama", {"format": {"json_object"}}),
    ({"format": {"type": "object"}}, "ollama", {"format": {"json_schema"}}),
    ({"response_format": {"type": "text"}}, "openai", {"response_format.type": set()}),
    ({"no_such_field": 1}, "openai", {"no_such_field": {"unknown_field"}}),
    ({"max_completion_tokens": 9}, "openai",
     {"max_completion_tokens": {"max_completion_tokens", "max_tokens"}}),
    ({"messages": [{"role": "developer", "content": "hi"}]}, "openai",
     {"messages[0].role": {"developer"}, "messages[0].content": set()}),
    ({"messages": [{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}]}]},
     "openai", {"messages[0].content[0].image_url.url": set()}),
    ({"user": "me", "stream": True}, "openai",
     {"user": set(), "stream": set(), "model": set(), "messages[0].role": set()}),
]  # fmt: skip
"""Fields of a request, its dialect, and the probes that rows of it offer."""


@pytest.mark.parametrize(("fields", "source", "offered"), NAMES)
def test_a_row_offers_the_probes_of_its_claim(
    fields: dict[str, Any], source: str, offered: dict[str, set[str]]
) -> None:
    rows = {row.path: row for row in aligned({**NATIVE_CHAT, **fields}, source)}
    for path, names in offered.items():
        assert {probe.name for probe in probes_of(rows[path])} == names, path


async def test_every_probe_is_reached_from_the_rows_of_what_it_is_about(
    client: Client, backend: Scripted
) -> None:
    backend.json("/api/chat", native("one two three four five six", eval_duration=5))
    whole = {"choices": [{"message": {"content": "one two three four five"}, "finish_reason": ""}]}
    backend.json("/v1/chat/completions", whole)
    backend.json("/api/ps", {"models": []})
    reached = set()
    for name in PROBES:
        for client_dialect in CLIENT_DIALECTS:
            result = await run_probe(name, subject(client, backend.url, client_dialect))
            for call in result.sent:
                if call.request is not None and call.path != "/api/generate":
                    rows = [*aligned(call.request, client_dialect), *answered(call, client_dialect)]
                    reached |= {p.name for row in rows for p in probes_of(row)} & {name}
    # Nothing of what a request for a missing model says is special: its error is.
    (error,) = (row for row in align_answer({"error": "gone"}, {"error": {"message": "gone"}},
                source="ollama", target="openai"))  # fmt: skip
    reached |= {probe.name for probe in probes_of(error)}
    assert reached == set(PROBES)


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_no_row_offers_a_probe_of_another_field(data: st.DataObject) -> None:
    source, target, body = data.draw(translations(("openai", "ollama"), ("ollama", "openai")))
    written = translate_request(body, source=source, target=target)
    for row in align_request(body, written, source=source, target=target):
        words = re.split(r"[^a-z_]+", f"{row.path} {row.target}")
        for probe in probes_of(row):
            own = {path.split(".")[-1].removesuffix("[]") for path in probe.paths}
            assert own & set(words) or row.note == NOTES["unknown"], (row, probe.name)


def aligned(body: dict[str, Any], source: str) -> tuple[AlignedRow, ...]:
    target = "openai" if source == "ollama" else "ollama"
    try:
        written = translate_request(body, source=source, target=target)
    except DiglotError:  # what a probe sends need not be legal, or has to be fetched first
        written = {}
    return align_request(body, written, source=source, target=target)


def answered(call: ProbeRequest, source: str) -> tuple[AlignedRow, ...]:
    target = "openai" if source == "ollama" else "ollama"
    return align_answer(json.loads(call.answer), {}, source=source, target=target)


def test_the_program_says_how_it_is_used() -> None:
    script = [sys.executable, "-m", "scripts.probe", "--help"]
    done = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "--gateway" in done.stdout
