"""What is masked, what is left alone, and that a masked body can still be read."""

from __future__ import annotations

import json
import re
import time
from base64 import b64encode

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.exchanges.masking import (
    MASK,
    mask_body,
    mask_headers,
    mask_text,
    mask_url,
    shorten_body,
)
from core.translation.translate import translate_request
from tests.support.examples import examples
from tests.support.hidden import hidden_data

PNG = b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(200)) * 3).decode()
WAV = b64encode(b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(300)).decode()


@pytest.mark.parametrize(
    "secret",
    [
        '{"api_key": "abcd1234efgh"}',
        '{"content": "my key is sk-proj-abcdefghijklmnop1234"}',
        '{"Authorization": "Bearer qwertyuiop123456"}',
        '{"headers": {"authorization":"Basic dXNlcjpwYXNzd29yZA=="}}',
        '{"password": "hunter2hunter2"}',
        '{"x-api-key":"hf_abcdefghijklmnopqrst"}',
        '{"text": "use gsk_0123456789abcdefghij please"}',
    ],
)
def test_keys_are_gone_and_the_rest_is_not(secret: str) -> None:
    masked = mask_body(secret.encode())
    assert b"***" in masked
    json.loads(masked)
    for word in ("abcd1234efgh", "abcdefghijklmnop", "qwertyuiop", "dXNlcjpw", "hunter2",
                 "0123456789"):  # fmt: skip
        assert word.encode() not in masked


FRAGMENTS = st.lists(
    st.sampled_from(
        """sk- pk- gsk_ hf_ xoxb- xox AIza AKIA eyJhbGciOi r8_ tvly- bearer Bearer BASIC basic Api
        api_key api-key apikey x-API-KEY authorization Authorization Passwort password secret
        access_token accesstoken cookie Cookie images data b64_json image ;base64, data: / = 7
        image/png " ' : [ , \\ abcdefghijklmnop0123 AbC+/9==
        iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYA""".split()
    )
    | st.sampled_from([" ", "\t", "\n", '"images":["', '"data":"', '": "', "é"]),
    max_size=14,
).map("".join)
# What must not be left, said once more.
LEFT = (
    re.compile(rb"\b(sk-|pk-|gsk_|hf_|xoxb-|AIza|eyJhbGciOi|r8_|tvly-)(?!\*\*\*)[A-Za-z0-9]{20,}"),
    re.compile(
        rb"[\"'][\w-]*(api[_-]?key|authorization|passwor[dt]|secret|access[_-]?token|cookie)[\"']"
        rb"\s*:\s*([\"'])(?!\*\*\*\2)([^\"'\\\r\n]|\\.)+\2",
        re.IGNORECASE,
    ),
    re.compile(rb"\b(bearer|basic)\s+(?=[\w.~+/-]*[\d=])[\w.~+/=-]{8,}", re.IGNORECASE),
)


@settings(max_examples=examples(1000))
@given(FRAGMENTS)
@example('"secret"images":["iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYA"]')
@example("bearer BASIC dXNlcjpwYXNzd29yZA==")
def test_the_quick_look_misses_nothing(text: str) -> None:
    masked = mask_body(text.encode())
    for pattern in LEFT:
        assert not pattern.search(masked)


PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYA"
DATA = [" data:image/png;base64,", "iVBOR3Jlc3Q=", PICTURE, '"', "'", ":", " ", "[", ",", "images"]


@given(st.lists(st.sampled_from(DATA), max_size=12).map("".join))
@example('{"image_url":"data:image/png;base64,iVBOR3Jlc3Q="}')
@example('{"images":["iVBOR3Jlc3Q=","%s"]}' % PICTURE)  # noqa: UP031 braces
def test_the_quick_look_misses_no_data(text: str) -> None:
    masked = mask_body(text.encode())
    for match in re.finditer(rb";base64,([\w+/]+)", masked):
        assert b"+hidden+" in match[1]
    images = re.search(rb"""(["'])images\1\s*:\s*\[\s*(["'].*)""", masked)
    assert images is None or not re.search(rb"""[,\[]\s*["'][\w/]{32,}["']""", images[2])


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=300))
def test_words_are_left_as_they_are(text: str) -> None:
    body = json.dumps({"messages": [{"role": "user", "content": text}], "max_tokens": 5}).encode()
    if not any(sign in text for sign in ("sk-", "earer", "data:", "asic")):
        assert mask_body(body) == body


@pytest.mark.parametrize("data", [PNG, WAV])
def test_data_gives_way_to_a_note_that_every_reader_takes(data: str) -> None:
    native = {"model": "m", "messages": [{"role": "user", "content": "?", "images": [data]}]}
    open_ = translate_request(native, source="ollama", target="openai")
    masked = json.loads(mask_body(json.dumps(native).encode()))
    masked_open = json.loads(mask_body(json.dumps(open_).encode()))
    note = masked["messages"][0]["images"][0]
    known = hidden_data(note)
    assert known is not None and known.size == len(data) * 3 // 4 - data.count("=")
    assert known.type in ("image/png", "audio/wav")
    assert len(json.dumps(masked)) < 300
    # Translating what is masked gives what masking the translation gives.
    assert translate_request(masked, source="ollama", target="openai") == masked_open
    assert mask_body(json.dumps(masked).encode()) == json.dumps(masked).encode()


@pytest.mark.parametrize(
    "text",
    [
        "a basic understanding of bearer certificates, task-based-approaches-to-everything",
        "my favourite cookie: chocolate-with-nuts",
        "the risk-taking-behaviour of secret agents who access tokens",
    ],
)
def test_ordinary_words_are_no_secrets(text: str) -> None:
    assert mask_text(text) == text
    body = json.dumps({"messages": [{"content": text}]}).encode()
    assert mask_body(body) == body


def test_slashes_may_be_escaped_as_some_clients_do() -> None:
    body = json.dumps({"images": [PNG]}).replace("/", "\\/").encode()
    note = hidden_data(json.loads(mask_body(body))["images"][0])
    assert note == hidden_data(json.loads(mask_body(json.dumps({"images": [PNG]}).encode()))
                               ["images"][0])  # fmt: skip


def test_of_most_headers_only_the_name_is_shown() -> None:
    shown = mask_headers(
        [(b"Authorization", b"Bearer x"), (b"User-Agent", b"curl/8"), (b"Cookie", b"a=b"),
         (b"X-Diglot-Id", b"7"), (b"x-my-own", b"secret")]
    )  # fmt: skip
    assert dict(shown) == {
        "authorization": MASK, "user-agent": "curl/8", "cookie": MASK, "x-diglot-id": "7",
        "x-my-own": MASK,
    }  # fmt: skip


def test_headers_that_may_be_shown_are_looked_through_and_cut() -> None:
    key = "ghp_" + "a1B2c3D4e5F6" * 3
    for value in (f"curl {key}", f"curl {key}".encode()):
        name = "user-agent" if isinstance(value, str) else b"user-agent"
        ((_, shown),) = mask_headers([(name, value)])  # type: ignore[list-item]
        assert shown.startswith("curl ") and key not in shown and MASK in shown
    assert mask_headers([(b"Accept", b"\xe9" * 2000)]) == (("accept", "é" * 1000),)


def test_keys_in_commands_logs_and_addresses_are_masked() -> None:
    text = "curl -H 'x-api-key: abcdefgh1234' -H 'Authorization: Bearer zyxwvut9876' http://h"
    assert mask_text(text) == "curl -H 'x-api-key: ***' -H 'Authorization: Bearer ***' http://h"
    code = 'OpenAI(api_key="verysecretvalue", base_url="http://h/v1")'
    assert mask_text(code) == 'OpenAI(api_key="***", base_url="http://h/v1")'
    assert mask_text('OpenAI(api_key="not-needed")') == 'OpenAI(api_key="not-needed")'
    assert mask_url("http://me:pass@h/v1?api_key=abc&x=1") == "http://***@h/v1?api_key=***&x=1"


def test_a_long_body_is_shortened_and_still_json() -> None:
    body = json.dumps({"messages": [{"content": "x" * 5_000_000}], "n": [1, 2]}).encode()
    short = json.loads(shorten_body(body, 100_000))
    assert short["n"] == [1, 2] and "characters not kept" in short["messages"][0]["content"]
    many = json.dumps({"messages": [{"content": "word " * 20} for _ in range(20_000)]}).encode()
    assert len(shorten_body(many, 1_000_000)) <= 1_000_000
    assert shorten_body(b"no json" * 100, 50) == (b"no json" * 100)[:50]


def test_a_long_word_costs_no_more_than_its_length() -> None:
    began = time.process_time()
    assert mask_text("x" * 2_000_000) == "x" * 2_000_000
    assert mask_text("my_api_key = abcdefghijk") == "my_api_key = ***"
    assert time.process_time() - began < 10
