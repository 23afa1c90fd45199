"""What can be seen of a running gateway: health, metrics, headers, logs and traces."""

from __future__ import annotations

import http.server
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.parser import text_string_to_metric_families

from tests.gateway.test_app import COMPAT, DONE, HELLO, NATIVE, gateway, post, word
from tests.support.programs import gateway as own_gateway
from tests.support.programs import until
from tests.support.scripted_backend import Scripted, running

SAID = "the-secret-of-the-lighthouse"
KEY = "sk-canary-backend-9d8e7f6a5b4c"


@pytest.fixture
def backend() -> Iterator[Scripted]:
    with running() as scripted:
        scripted.json(NATIVE, {**DONE, "message": {"role": "assistant", "content": SAID}})
        scripted.json("/api/tags", {"models": [{"name": "m:latest"}]})
        scripted.json("/api/ps", {"models": []})
        yield scripted


def config(url: str) -> str:
    return f"""
model_list:
  - model_name: native
    litellm_params: {{model: ollama/m, api_base: "{url}", api_key: {KEY}}}
    model_info: {{id: first}}
  - model_name: absent
    litellm_params: {{model: ollama/not-pulled, api_base: "{url}"}}
  - model_name: gone
    litellm_params: {{model: ollama/m, api_base: "http://127.0.0.1:9"}}
"""


@pytest.fixture
def url(backend: Scripted, tmp_path: Path) -> Iterator[str]:
    with gateway(config(backend.url), tmp_path) as base:
        yield base


def samples(url: str) -> dict[tuple[str, str], float]:
    """What /metrics says, by name and the first label's value, summed."""
    found: dict[tuple[str, str], float] = {}
    for family in text_string_to_metric_families(httpx.get(f"{url}/metrics").text):
        for sample in family.samples:
            labels = sample.labels
            label = labels.get("requested_model") or labels.get("model_id") or ""
            at = (sample.name, label)
            found[at] = found.get(at, 0.0) + sample.value
    return found


def test_health_loads_no_model_and_says_what_is_wrong(url: str, backend: Scripted) -> None:
    said = httpx.get(f"{url}/health").json()
    assert [e["model_id"] for e in said["healthy_endpoints"]] == ["first"]
    absent, gone = said["unhealthy_endpoints"]
    assert "ollama pull not-pulled" in absent["error"]
    assert "ollama serve" in gone["error"]
    assert (said["healthy_count"], said["unhealthy_count"]) == (1, 2)
    asked = {path for path, _ in backend.asked}
    assert {"/api/version", "/api/tags", "/api/ps"} <= asked
    assert asked.isdisjoint({NATIVE, "/api/generate", "/api/show"})
    assert KEY not in json.dumps(said)


def test_whoever_starts_servers_is_told(url: str) -> None:
    assert httpx.get(f"{url}/health/liveliness").json() == "I'm alive!"
    ready = httpx.get(f"{url}/health/readiness")
    assert (ready.status_code, ready.json()["status"]) == (200, "healthy")


def test_a_client_that_leaves_its_stream_is_counted_as_such(url: str, backend: Scripted) -> None:
    backend.lines(NATIVE, [word("a")] * 200 + [DONE], pause=0.05)
    body = {"model": "native", "messages": HELLO, "stream": True}
    with httpx.stream("POST", url + COMPAT, json=body) as answer:
        next(answer.iter_bytes())
    assert backend.left.wait(5)
    until(lambda: 'status_code="499"' in httpx.get(f"{url}/metrics").text)
    said = samples(url)
    assert said["litellm_proxy_total_requests_metric_total", "native"] == 1
    assert said["litellm_proxy_failed_requests_metric_total", "native"] == 1


def test_model_info_has_litellms_form_and_no_key(url: str, backend: Scripted) -> None:
    for path in ("/model/info", "/v1/model/info"):
        first = httpx.get(url + path).json()["data"][0]
        assert first["model_name"] == "native"
        assert first["litellm_params"] == {"model": "ollama/m", "api_base": backend.url}
        assert first["model_info"] == {"id": "first", "db_model": False, "mode": "chat"}


@pytest.mark.parametrize("path", [COMPAT, NATIVE, "/v1/messages", "/v1/responses"])
@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_says_who_gave_it_and_how_long_it_took(
    url: str, backend: Scripted, path: str, stream: bool
) -> None:
    if stream:
        backend.lines(NATIVE, [word("a"), DONE])
    body = {"model": "native", "messages": HELLO, "input": "x", "max_tokens": 9, "stream": stream}
    headers = post(url + path, body).headers
    assert headers["x-diglot-deployment"] == headers["x-litellm-model-id"] == "first"
    assert headers["x-diglot-id"] == headers["x-litellm-call-id"]
    assert headers["x-litellm-model-group"] == "native"
    assert (headers["x-diglot-retries"], headers["x-diglot-fallbacks"]) == ("0", "0")
    took, own = (float(headers[f"x-diglot-{n}-ms"]) for n in ("response", "overhead"))
    assert 0 <= own <= took < 60_000


def test_an_error_has_the_id_of_its_exchange(url: str) -> None:
    answer = post(url + COMPAT, {"model": "gone", "messages": HELLO})
    assert answer.status_code == 503
    assert len(answer.headers["x-diglot-id"]) == 32


def test_metrics_count_what_happened(url: str, backend: Scripted) -> None:
    for _ in range(3):
        post(url + COMPAT, {"model": "native", "messages": HELLO})
    backend.lines(NATIVE, [word("a"), word("b"), DONE])
    post(url + COMPAT, {"model": "native", "messages": HELLO, "stream": True})
    post(url + NATIVE, {"model": "native", "messages": HELLO, "stream": True})
    post(url + COMPAT, {"model": "gone", "messages": HELLO})
    for name in ("no-such", "another", "x" * 5000):
        post(url + COMPAT, {"model": name, "messages": HELLO})
    said = samples(url)
    assert said["litellm_proxy_total_requests_metric_total", "native"] == 5
    assert said["litellm_proxy_failed_requests_metric_total", "gone"] == 1
    assert said["litellm_input_tokens_metric_total", "native"] == 15
    assert said["litellm_output_tokens_metric_total", "native"] == 10
    assert said["litellm_total_tokens_metric_total", "native"] == 25
    # Names that nobody has are one, or clients could fill the memory with them.
    assert said["litellm_proxy_total_requests_metric_total", "unknown"] == 3
    for name in ("request_total_latency", "overhead_latency", "llm_api_latency"):
        assert said[f"litellm_{name}_metric_count", "native"] == 5
    assert said["litellm_llm_api_time_to_first_token_metric_count", "native"] == 2
    assert (
        said["litellm_overhead_latency_metric_sum", "native"]
        < (said["litellm_request_total_latency_metric_sum", "native"])
    )
    assert said["litellm_in_flight_requests", ""] == 0
    assert said["litellm_deployment_total_requests_total", "first"] == 5
    assert "process_resident_memory_bytes" in {name for name, _ in said}


def test_a_board_asks_for_nothing_that_is_not_counted(url: str, backend: Scripted) -> None:
    post(url + COMPAT, {"model": "gone", "messages": HELLO})
    post(url + COMPAT, {"model": "gone", "messages": HELLO}, origin="https://evil.example")
    backend.lines(NATIVE, [word("a"), DONE])
    post(url + COMPAT, {"model": "native", "messages": HELLO, "stream": True})
    names = {name for name, _ in samples(url)}
    board = (Path(__file__).parents[2] / "deploy/grafana/diglot.json").read_text()
    for panel in json.loads(board)["panels"]:
        for target in panel.get("targets", ()):
            used = [name for name in names if name in target["expr"]]
            assert used, target["expr"]
    rules = (Path(__file__).parents[2] / "deploy/kubernetes/monitoring/alerts.yaml").read_text()
    for rule in yaml.safe_load(rules)["spec"]["groups"][0]["rules"]:
        assert [name for name in names if name in rule["expr"]], rule["expr"]


@contextmanager
def process(
    folder: Path, backend: Scripted, *more: str, text: str = "", **environ: str
) -> Iterator[tuple[str, Path]]:
    """Run the gateway as a process of its own; yield its address and its log."""
    said = text or config(backend.url)
    with own_gateway(said, *more, folder=folder, environ=environ) as url:
        yield url, folder / "gateway.log"


def test_logs_are_json_with_the_requests_id_and_never_what_was_said(
    backend: Scripted, tmp_path: Path
) -> None:
    secret = "sk-canary-client-1a2b3c4d5e6f7a8b"
    with process(tmp_path, backend, "--log", "json") as (url, log):
        answer = post(
            url + COMPAT,
            {"model": "native", "messages": [{"role": "user", "content": f"my {secret}"}]},
            authorization=f"Bearer {secret}",
        )
        post(url + COMPAT, {"model": "gone", "messages": HELLO}, authorization=f"Bearer {secret}")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    mine = [line for line in lines if line["logger"] == "diglot.access"]
    assert [line["status"] for line in mine] == [200, 503]
    assert mine[0]["request_id"] == answer.headers["x-diglot-id"]
    assert mine[0] | {"model": "native", "deployment": "first", "input_tokens": 3} == mine[0]
    assert "ollama serve" in mine[1]["error"]
    for hidden in (secret, KEY, SAID, "hello", "my "):
        assert hidden not in log.read_text()


class _Receiver(http.server.BaseHTTPRequestHandler):
    """Takes OTLP over HTTP as a collector does, and keeps the spans."""

    spans: list[Any]

    def do_POST(self) -> None:
        size = int(self.headers["content-length"])
        message = ExportTraceServiceRequest.FromString(self.rfile.read(size))
        for resource in message.resource_spans:
            for scope in resource.scope_spans:
                self.spans.extend(scope.spans)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def collector() -> Iterator[tuple[str, list[Any]]]:
    """Run a collector on loopback; yield its address and the spans that come."""
    spans: list[Any] = []
    handler = type("Receiver", (_Receiver,), {"spans": spans})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", spans
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_traces_follow_the_conventions_and_hold_no_words(backend: Scripted, tmp_path: Path) -> None:
    backend.lines(NATIVE, [word(SAID), DONE])
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with collector() as (place, spans):
        environ = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": place,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
            "NO_PROXY": "127.0.0.1",
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        with process(tmp_path, backend, **environ) as (url, _):
            body = {"model": "native", "messages": HELLO, "stream": True}
            post(url + COMPAT, body, traceparent=parent)
            post(url + COMPAT, {"model": "gone", "messages": HELLO})
            end = time.monotonic() + 60
            while len(spans) < 4 and time.monotonic() < end:
                time.sleep(0.05)
    named = {span.name: span for span in spans}
    whole, asked = named["chat native"], next(s for s in spans if s.name == "POST /api/chat")
    facts = {a.key: a.value for a in whole.attributes}
    assert facts["gen_ai.operation.name"].string_value == "chat"
    assert facts["gen_ai.provider.name"].string_value == "ollama"
    assert facts["gen_ai.request.model"].string_value == "native"
    assert facts["gen_ai.response.model"].string_value == "m"
    assert facts["gen_ai.usage.input_tokens"].int_value == 3
    assert facts["gen_ai.usage.output_tokens"].int_value == 2
    assert whole.trace_id.hex() == parent.split("-")[1]
    assert whole.parent_span_id.hex() == parent.split("-")[2]
    assert asked.parent_span_id == whole.span_id
    assert whole.start_time_unix_nano <= asked.start_time_unix_nano <= asked.end_time_unix_nano
    failed = {a.key: a.value for a in named["chat gone"].attributes}
    assert failed["error.type"].string_value == "503"
    assert named["chat gone"].status.code == 2
    text = str(spans)
    for hidden in (SAID, "hello", KEY):
        assert hidden not in text
