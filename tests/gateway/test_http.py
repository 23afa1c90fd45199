"""HTTP as the world speaks it: offers to upgrade, old versions, codings, charsets, odd paths."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import zstandard

from core.gateway import gate
from core.gateway.paths import PathForms
from core.gateway.protocols.uvicorn_protocol import BoundedProtocol
from tests.gateway.test_app import COMPAT, DONE, HELLO, NATIVE, gateway
from tests.gateway.test_guard_wire import raw
from tests.support.scripted_backend import Scripted, running

KEY = "sk-wire-0123456789abcdef0123456789"
BODY = json.dumps({"model": "m", "messages": HELLO}).encode()
STREAM = json.dumps({"model": "m", "messages": HELLO, "stream": True}).encode()
START = b"POST " + COMPAT.encode() + b" HTTP/%b\r\nhost: localhost\r\n"
H2C = (
    b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\n"
    b"http2-settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n"
)
LAST = b"GET /api/version HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def backend() -> Iterator[Scripted]:
    with running() as scripted:
        yield scripted


@pytest.fixture(scope="module")
def url(backend: Scripted, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    config = f"""
model_list:
  - {{model_name: "m", litellm_params: {{model: ollama/m, api_base: "{backend.url}"}}}}
  - {{model_name: "org/m", litellm_params: {{model: ollama/m, api_base: "{backend.url}"}}}}
"""
    with gateway(config, tmp_path_factory.mktemp("http"), http=BoundedProtocol) as base:
        yield base


@pytest.fixture(autouse=True)
def fresh(backend: Scripted) -> None:
    backend.asked.clear()
    backend.json(NATIVE, {**DONE, "message": {"role": "assistant", "content": "x"}})


def messages(backend: Scripted) -> list[Any]:
    return [body["messages"] for body in backend.bodies(NATIVE)]


# Offers to upgrade ------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", [None, 1, 40])
def test_an_offer_of_http_2_is_ignored_and_its_request_served(
    url: str, backend: Scripted, cut: int | None
) -> None:
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
    head = START % b"1.1" + H2C
    wire = head + b"content-length: %d\r\n\r\n" % len(BODY) + BODY
    wire += head + b"transfer-encoding: chunked\r\n\r\n" + chunked
    wire += b"GET /api/version HTTP/1.1\r\nhost: localhost\r\n" + H2C + b"\r\n" + LAST
    pieces = [wire] if cut is None else [wire[i : i + cut] for i in range(0, len(wire), cut)]
    said = raw(url, *pieces)
    assert said.count(b"HTTP/1.1 200") == 4, said
    assert messages(backend) == [HELLO, HELLO]


# HTTP/1.0 ---------------------------------------------------------------------------------------


def test_http_1_0_is_never_answered_in_chunks(url: str, backend: Scripted) -> None:
    lines = [{"message": {"content": word}, "done": False} for word in ("a", "b")]
    backend.lines(NATIVE, [*lines, DONE])
    head = START % b"1.0" + b"content-length: %d\r\n\r\n" % len(STREAM)
    said = raw(url, head + STREAM)
    answer, _, body = said.partition(b"\r\n\r\n")
    assert b" 200" in answer.splitlines()[0]
    assert b"transfer-encoding" not in answer.lower()
    assert b"connection: close" in answer.lower()
    assert body.startswith(b"data: {") and body.endswith(b"data: [DONE]\n\n")


def test_http_1_0_has_whole_answers_with_their_length(url: str) -> None:
    head = START % b"1.0" + b"content-length: %d\r\n\r\n" % len(BODY)
    answer, _, body = raw(url, head + BODY).partition(b"\r\n\r\n")
    assert b"content-length: %d" % len(body) in answer.lower()
    assert json.loads(body)["choices"][0]["message"]["content"] == "x"


# Targets, expectations, methods -----------------------------------------------------------------


def test_a_target_in_absolute_form_names_the_host(url: str) -> None:
    line = b"GET http://%b/api/version HTTP/1.1\r\nhost: %b\r\nconnection: close\r\n\r\n"
    assert b"200" in raw(url, line % (b"localhost", b"evil.example")).split(b"\r\n")[0]
    assert b"403" in raw(url, line % (b"evil.example", b"localhost")).split(b"\r\n")[0]


def test_a_body_is_asked_for_where_the_client_waits_for_it(url: str) -> None:
    head = START % b"1.1" + b"expect: 100-continue\r\nconnection: close\r\n"
    said = raw(url, head + b"content-length: %d\r\n\r\n" % len(BODY), BODY)
    assert said.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", COMPAT, "OPTIONS, POST"),
        ("PUT", "/v1/models", "GET, HEAD, OPTIONS"),
        ("POST", "/api/tags", "GET, HEAD, OPTIONS"),
        ("PATCH", "/v1/responses/x", "DELETE, GET, HEAD, OPTIONS"),
        ("GET", "/v1/messages", "OPTIONS, POST"),
        ("GET", "/api/chat", "OPTIONS, POST"),
        ("POST", "/", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_wrong_method_is_405_and_says_the_right_ones(
    url: str, method: str, path: str, allowed: str
) -> None:
    answer = httpx.request(method, url + path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert "does not take" in answer.text
    options = httpx.options(url + path)
    assert (options.status_code, options.headers["allow"]) == (204, allowed)


def test_what_is_nowhere_is_404_whatever_the_method(url: str) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        assert httpx.request(method, f"{url}/v1/nowhere").status_code == 404


def test_head_has_the_headers_of_get_and_no_body(url: str) -> None:
    for path in ("/", "/api/version", "/v1/models", "/api/tags"):
        answer = httpx.head(url + path)
        assert (answer.status_code, answer.content) == (200, b"")


# Codings ----------------------------------------------------------------------------------------


def deflated(data: bytes) -> bytes:
    worker = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return worker.compress(data) + worker.flush()


ZSTD = zstandard.ZstdCompressor()
CODED = [
    ("gzip", gzip.compress(BODY)),
    ("x-gzip", gzip.compress(BODY[:9]) + gzip.compress(BODY[9:])),
    ("GZIP", gzip.compress(BODY)),
    ("deflate", zlib.compress(BODY)),
    ("deflate", deflated(BODY)),
    ("zstd", ZSTD.compress(BODY)),
    ("zstd", ZSTD.compress(BODY[:9]) + ZSTD.compress(BODY[9:])),
    ("identity", BODY),
    ("deflate, gzip", gzip.compress(zlib.compress(BODY))),
]


@pytest.mark.parametrize(
    ("coding", "data"), CODED, ids=[f"{c}{i}" for i, (c, _) in enumerate(CODED)]
)
def test_a_compressed_body_is_read(url: str, backend: Scripted, coding: str, data: bytes) -> None:
    for path in (COMPAT, "/v1/messages/count_tokens"):
        answer = httpx.post(url + path, content=data, headers={"content-encoding": coding})
        assert answer.status_code == 200, answer.text
    assert messages(backend)[0] == HELLO


@pytest.mark.parametrize("coding", ["br", "compress", "gzip, br", "gzip, gzip, gzip"])
def test_a_coding_that_is_not_known_is_415(url: str, coding: str) -> None:
    answer = httpx.post(url + COMPAT, content=BODY, headers={"content-encoding": coding})
    assert answer.status_code == 415
    assert answer.headers["accept-encoding"] == "gzip, deflate, zstd"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
def test_a_small_body_cannot_become_a_huge_one(
    url: str, coding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate.Endpoint, "most", 1024 * 1024)
    huge = b" " * (1024 * 1024) + BODY
    codings: Any = {"gzip": gzip.compress, "deflate": zlib.compress, "zstd": ZSTD.compress}
    data = codings[coding](huge)
    answer = httpx.post(url + COMPAT, content=data, headers={"content-encoding": coding})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "request_too_large")


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
@pytest.mark.parametrize(
    "data",
    [BODY, b"\x00", gzip.compress(BODY, mtime=0)[:-9], ZSTD.compress(BODY)[:-3]],
    ids=["not compressed", "a byte", "a part of gzip", "a part of zstd"],
)
def test_what_is_not_compressed_as_it_says_is_400(url: str, coding: str, data: bytes) -> None:
    answer = httpx.post(url + COMPAT, content=data, headers={"content-encoding": coding})
    assert answer.status_code == 400, answer.text


# Charsets ---------------------------------------------------------------------------------------

WORDS = [{"role": "user", "content": "né"}]
TEXT = json.dumps({"model": "m", "messages": WORDS}, ensure_ascii=False)
TOLD = [
    ("utf-8", "utf-8"), ("UTF8", "utf-8"), ('"utf-8"', "utf-8"), ("utf-8", "utf-8-sig"),
    ("", "utf-8-sig"), ("utf-16", "utf-16"), ("utf-16le", "utf-16-le"), ("utf-16be", "utf-16-be"),
    ("", "utf-16"), ("", "utf-16-le"), ("", "utf-16-be"), ("", "utf-32-le"), ("utf-8", "utf-16"),
    ("ISO-8859-1", "latin-1"), ("windows-1252", "cp1252"), ("latin1", "latin-1"),
]  # fmt: skip


@pytest.mark.parametrize(("charset", "sent"), TOLD)
def test_what_the_charset_says_is_read(
    url: str, backend: Scripted, charset: str, sent: str
) -> None:
    said = {"content-type": f"application/json; charset={charset}" if charset else "text/plain"}
    answer = httpx.post(url + COMPAT, content=TEXT.encode(sent), headers=said)
    assert answer.status_code == 200, answer.text
    assert messages(backend) == [WORDS]


def test_other_characters_without_a_word_of_it_are_refused_with_advice(url: str) -> None:
    answer = httpx.post(url + COMPAT, content=TEXT.encode("latin-1"))
    assert answer.status_code == 400
    message = answer.json()["error"]["message"]
    assert "0xe9" in message
    assert "charset=" in message


@pytest.mark.parametrize("charset", ["x-none", "hex", "rot13", "idna", "utf-7"])
def test_a_charset_that_is_not_known_is_415(url: str, charset: str) -> None:
    said = {"content-type": f"application/json; charset={charset}"}
    assert httpx.post(url + COMPAT, content=BODY, headers=said).status_code == 415


# Paths ------------------------------------------------------------------------------------------

FORMS = [
    "/chat/completions", "/v1/chat/completions/", "//v1//chat/completions",
    "/openai/v1/chat/completions", "/openai/chat/completions", "/cursor/chat/completions",
    "/v1/v1/chat/completions", "/api/v1/chat/completions", "/api/chat/completions",
    "/engines/m/chat/completions", "/v1/engines/m/chat/completions",
    "/openai/deployments/m/chat/completions", "/openai/deployments/org/m/chat/completions",
    "/openai/deployments/m/chat/completions/?api-version=2024-10-21",
]  # fmt: skip


@pytest.mark.parametrize("path", FORMS)
def test_a_chat_is_answered_under_every_name_of_its_route(
    url: str, backend: Scripted, path: str
) -> None:
    body = {"messages": HELLO} if "/m/" in path else {"model": "m", "messages": HELLO}
    answer = httpx.post(url + path, json=body)
    assert answer.status_code == 200, answer.text
    assert messages(backend) == [HELLO]


def test_other_routes_are_too(url: str, backend: Scripted) -> None:
    backend.json("/api/generate", {**DONE, "response": "x"})
    posts = [("/completions", {"prompt": "x"}), ("/responses", {"input": "x"}),
             ("/messages", {"messages": HELLO, "max_tokens": 5}),
             ("/v1/v1/messages", {"messages": HELLO, "max_tokens": 5}),
             ("/anthropic/v1/messages", {"messages": HELLO, "max_tokens": 5}),
             ("/v1/api/chat", {"messages": HELLO, "stream": False}),
             ("/v1/api/generate", {"prompt": "x", "stream": False})]  # fmt: skip
    for path, body in posts:
        answer = httpx.post(url + path, json={"model": "m", **body})
        assert answer.status_code == 200, (path, answer.text)
    for path in ("/models", "/v1/models/", "/api/tags/", "/models/m", "/model/info",
                 "/v1/model/info", "//api/version", "/health/liveliness/", "/v1/api/tags",
                 "/openai/models", "/anthropic/v1/models", "/model_group/info"):  # fmt: skip
        assert httpx.get(url + path).status_code == 200, path


def test_every_name_of_a_route_has_the_same_guard(backend: Scripted, tmp_path: Path) -> None:
    config = f"""
model_list:
  - {{model_name: "m", litellm_params: {{model: ollama/m, api_base: "{backend.url}"}}}}
  - {{model_name: "other", litellm_params: {{model: ollama/m, api_base: "{backend.url}"}}}}
diglot:
  keys: [{{name: shop, key: {KEY}, models: [other]}}]
"""
    with gateway(config, tmp_path) as base:
        mine = {"authorization": f"Bearer {KEY}"}
        for path in FORMS:
            body = {"model": "other" if "/m/" in path else "m", "messages": HELLO}
            assert httpx.post(base + path, json=body).status_code == 401, path
            # The model of the path is the one that is asked, so it is the one that is judged.
            assert httpx.post(base + path, json=body, headers=mine).status_code == 403, path
        for path in ("/models", "//v1/models", "/model/info/", "/engines/m/completions",
                     "/v1/api/tags", "/model_group/info", "/openai/models"):  # fmt: skip
            assert httpx.get(base + path).status_code == 401, path
    assert backend.bodies(NATIVE) == []


def test_a_page_is_no_route_of_a_program() -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["path"])

    forms = PathForms(app, base="/diglot/")

    async def ask(path: str, accept: bytes = b"*/*") -> None:
        headers = [(b"accept", accept)]
        await forms({"type": "http", "method": "GET", "path": path, "headers": headers}, None, None)  # type: ignore[arg-type]

    async def all_of_it() -> None:
        await ask("/models", b"text/html,application/xhtml+xml")
        await ask("/diglot/models", b"text/html")
        await ask("/models")
        await ask("/diglot/models")
        await ask("/diglot/v1/models/")
        await ask("/diglot/_stcore/health")
        await ask("//evil.example")

    asyncio.run(all_of_it())
    assert seen == [
        "/models", "/diglot/models", "/v1/models", "/v1/models", "/v1/models",
        "/diglot/_stcore/health", "//evil.example",
    ]  # fmt: skip


# Anthropic's list of models ---------------------------------------------------------------------


def test_models_in_the_form_of_whoever_asks(url: str) -> None:
    said = {"anthropic-version": "2023-06-01", "x-api-key": "k"}
    page = httpx.get(f"{url}/v1/models", headers=said).json()
    assert [(m["type"], m["id"]) for m in page["data"]] == [("model", "m"), ("model", "org/m")]
    assert (page["has_more"], page["first_id"], page["last_id"]) == (False, "m", "org/m")
    first = httpx.get(f"{url}/v1/models?limit=1", headers=said).json()
    assert (first["has_more"], first["last_id"]) == (True, "m")
    second = httpx.get(f"{url}/v1/models?limit=1&after_id=m", headers=said).json()
    assert (second["has_more"], second["first_id"]) == (False, "org/m")
    assert httpx.get(f"{url}/v1/models/org/m", headers=said).json()["display_name"] == "org/m"
    missing = httpx.get(f"{url}/v1/models/none", headers=said)
    assert (missing.status_code, missing.json()["type"]) == (404, "error")
    assert httpx.get(f"{url}/v1/models?limit=0", headers=said).status_code == 400
    assert httpx.get(f"{url}/v1/models").json()["object"] == "list"


# Who it was -------------------------------------------------------------------------------------


def test_every_answer_names_its_request_and_pages_may_read_it(url: str, backend: Scripted) -> None:
    backend.says("/nowhere")
    asked = [
        ("POST", COMPAT, BODY), ("POST", COMPAT, STREAM), ("POST", COMPAT, b"{"),
        ("GET", COMPAT, b""),
        ("POST", "/v1/messages", BODY), ("GET", "/v1/models", b""), ("GET", "/v1/nowhere", b""),
        ("POST", "/api/show", b"{}"), ("GET", "/api/version", b""),
    ]  # fmt: skip
    seen = set()
    for method, path, body in asked:
        answer = httpx.request(method, url + path, content=body)
        names = [answer.headers[n] for n in ("x-request-id", "request-id", "x-diglot-id")]
        assert len(set(names)) == 1, (path, names)
        assert answer.headers.get_list("request-id") == names[:1]
        seen.add(names[0])
    assert len(seen) == len(asked)


def test_a_page_elsewhere_may_read_when_to_come_back(backend: Scripted, tmp_path: Path) -> None:
    config = f"""
model_list:
  - {{model_name: "m", litellm_params: {{model: ollama/m, api_base: "{backend.url}"}}}}
diglot: {{cors: ["https://app.example"], keys: [{{name: shop, key: {KEY}, rpm: 1}}]}}
"""
    with gateway(config, tmp_path) as base:
        said = {"authorization": f"Bearer {KEY}", "origin": "https://app.example"}
        answers = [httpx.post(base + COMPAT, content=BODY, headers=said) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert int(answers[1].headers["retry-after"]) > 0
    for answer in answers:
        shown = answer.headers["access-control-expose-headers"].split(", ")
        assert {"retry-after", "x-request-id", "request-id"} <= {*shown}
        assert answer.headers["x-request-id"]
