"""Every rule's keys, in everything that carries them; and what only looks like a key."""

from __future__ import annotations

import json
import re
import string
import sysconfig
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from random import Random
from urllib.parse import quote

import pytest

from core.exchanges.key_rules import Rule, key_rules
from core.exchanges.masking import mask_body, mask_pieces, mask_text, mask_url
from tests.support.samples import sample

ROOT = Path(__file__).parent.parent.parent
RULES = [rule for rule in key_rules().all if rule.pattern]
# In these the pattern's match is more than the key, or its parts are words when made by chance.
BY_HAND = {"named-token", "assigned-token", "basic", "bearer", "authorization-header",
           "cookie-header", "netrc", "user-of-curl", "user-in-address", "private-key-block",
           "putty-key", "azure-storage", "discord-client-id"}  # fmt: skip
# Between a product's name and its key stands what stands there in a program.
ASSIGNMENT = {
    r"[ \t\w.-]{0,20}+": "_key", r"""[\s'"\\]{0,5}+""": " ",
    r"(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)": "=", r"""[\x60'"\s=\\]{0,7}""": ' "',
}  # fmt: skip


def key_of(rule: Rule, seed: int) -> tuple[str, str]:
    """Return a text a rule is made for, and the secret in it."""
    pattern = rule.pattern
    for general, usual in ASSIGNMENT.items():
        pattern = pattern.replace(general, usual)
    for attempt in range(200):
        text = sample(pattern, seed * 1000 + attempt)
        masked = mask_body(text.encode()).decode()
        if masked != text and not set("\\\r\n") & set(text):
            begin, _, end = masked.partition("***")
            secret = text[len(begin) : len(text) - len(end.split("***")[-1])]
            if len(secret) >= 8:
                return text, secret
    raise AssertionError(f"no sample of {rule.id} is masked: {text!r}")


def in_deltas(text: str, size: int) -> list[bytes]:
    return [
        b"data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": text[i : i + size]}}],
                                "id": "chatcmpl-1"}).encode() + b"\n\n"
        for i in range(0, len(text), size)
    ]  # fmt: skip


CARRIERS: dict[str, Callable[[str], str]] = {
    "plain": lambda t: t,
    "after Chinese": lambda t: f"密钥是{t}。请保密",
    "before a stop": lambda t: f"Use {t}, then go on.",
    "in JSON": lambda t: json.dumps({"content": f"line\n{t}\nline"}),
    "in JSON in JSON": lambda t: json.dumps({"arguments": json.dumps({"text": f"a\n{t}\n"})}),
    "spelled": lambda t: '{"content":"' + "".join(f"\\u{ord(c):04x}" for c in t) + '"}',
    "partly spelled": lambda t: '{"content":"' + "".join(
        c if c.isalnum() or c in "\"'\\" else f"\\u{ord(c):04x}" for c in t
    ).replace('"', "'") + '"}',
    "percent-encoded": lambda t: "/x?next=" + quote(t, safe=""),
    "percent-encoded, every byte": lambda t: "".join(f"%{b:02X}" for b in t.encode()),
    "encoded twice": lambda t: quote(quote("?q=" + t, safe=""), safe=""),
    "in a header": lambda t: f"X-Note: {t}\r\nHost: x\r\n",
    "in an error": lambda t: json.dumps({"error": {"message": f"Incorrect API key: {t}. See /x"}}),
    "in markup": lambda t: f"<b>{t}</b>",
}  # fmt: skip


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_is_held_in_every_carrier(rule: Rule, seed: int) -> None:
    if rule.id in BY_HAND:
        pytest.skip("has samples of its own below")
    text, secret = key_of(rule, seed)
    for name, carry in CARRIERS.items():
        carried = carry(text).encode()
        masked = mask_body(carried)
        assert secret.encode() not in masked, (name, carried)
        assert b"***" in masked, (name, carried)
        if carried.startswith(b"{"):
            json.loads(masked)
    for size in (1, 7):
        pieces = in_deltas(text, size)
        shown = mask_pieces(pieces)
        assert shown is not None, text
        said = "".join(json.loads(p[6:])["choices"][0]["delta"]["content"] for p in shown)
        assert secret not in said and "***" in said
        assert len(shown) == len(pieces)


def token(seed: int, length: int = 32) -> str:
    chance = Random(seed)
    return "".join(chance.choice("abcdefghjkmnpqrstuvwxyzABCDEFGH23456789") for _ in range(length))


SECRET = token(1)
PEM = "\n".join(["-----BEGIN RSA PRIVATE" " KEY-----", *(token(n, 64) for n in range(20)),
                 "-----END RSA PRIVATE" " KEY-----"])  # fmt: skip
NAMED = [
    '{"password": "%s"}', '{"api_key":"%s"}', '{"apiKey":"%s"}', '{"token": "%s"}',
    '{"auth_token":"%s"}',
    '{"X-API-KEY": "%s"}', '{"AUTHORIZATION":"Bearer %s"}', '{"proxy-Authorization": "%s"}',
    '{"headers":{"Cookie":"session=%s"}}', '{"client_secret":"%s"}', "{'password': '%s'}",
    '{"密码": "%s"}', '{"name":"password","value":"%s"}', '{"name": "api_key", "value": "%s"}',
    "password=%s&next=1", "user=a&client_secret=%s", "/v1?api_key=%s", "grant=x&refresh_token=%s",
    "Authorization: Bearer %s", "AUTHORIZATION: bearer %s", "authorization: Token %s",
    "curl -H 'X-Api-Key: %s' http://h", "Cookie: sid=%s; theme=dark",
    "> Set-Cookie: sid=%s; Path=/",
    "export OPENAI_API_KEY=%s", 'api_key = "%s"', "apiKey: '%s',", "password: %s", "密钥：%s",
    "token=%s", "AUTH_TOKEN: %s", "postgres://bob:%s@db:5432/x", "https://bob:%s@example.org/a",
    "curl -u bob:%s http://h", "machine h login bob password %s", "AccountName=a;AccountKey=%s==",
    'form-data; name="password"\r\n\r\n%s\r\n--x', "-d 'password=%s'",
]  # fmt: skip


@pytest.mark.parametrize("form", NAMED)
def test_what_stands_under_the_name_of_a_secret_is_masked(form: str) -> None:
    text = form % SECRET
    for carried in (text, json.dumps({"content": f"see:\n{text}"}),
                    json.dumps({"arguments": json.dumps({"text": text})}),
                    json.dumps({"a": json.dumps({"b": json.dumps({"c": text})})})):  # fmt: skip
        masked = mask_body(carried.encode()).decode()
        assert SECRET not in masked and SECRET[8:] not in masked, carried
        if carried[0] == "{" and '"' in carried[:3]:
            json.loads(masked)
        assert mask_body(masked.encode()).decode() == masked
        for size in (1, 3):
            shown = mask_pieces(in_deltas(carried, size)) or []
            said = "".join(json.loads(p[6:])["choices"][0]["delta"]["content"] for p in shown)
            assert shown and SECRET[8:] not in said, carried


@pytest.mark.parametrize("value", ["hunter2", "correct horse", 'with "quotes" and \\', "秘密的词"])
def test_any_value_of_a_field_for_secrets_is_masked_whole(value: str) -> None:
    inner = json.dumps({"user": "bob", "password": value, "n": 1})
    for body in (
        inner,
        json.dumps({"arguments": inner}),
        json.dumps({"a": json.dumps({"b": inner})}),
    ):
        masked = json.loads(mask_body(body.encode()))
        while "password" not in masked:
            masked = json.loads(next(iter(masked.values())))
        assert masked == {"user": "bob", "password": "***", "n": 1}


def test_a_block_of_many_lines_is_masked_whole_and_cut() -> None:
    for pem in (PEM, PEM[:700]):
        for carried in (pem, json.dumps({"content": f"it is\n{pem}\nso"}),
                        json.dumps({"arguments": json.dumps({"key": pem})})):  # fmt: skip
            masked = mask_body(carried.encode()).decode()
            assert not any(token(n, 64)[:40] in masked for n in range(20))
        shown = mask_pieces(in_deltas(pem, 5)) or []
        said = [json.loads(p[6:])["choices"][0]["delta"]["content"] for p in shown]
        assert said and not re.search("[A-Za-z0-9]{20}", "".join(said))


@pytest.mark.parametrize("escape", [
    lambda text: json.dumps(text).replace("/", "\\/"),
    lambda text: json.dumps(json.dumps(text).replace("/", "\\/")),
    lambda text: json.dumps(text).replace("/", "\\u002f").replace("+", "\\u002B"),
    lambda text: quote(text, safe=""),
    lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text),
    lambda text: text[:700] + f"\\u{ord(text[700]):04x}" + text[701:],
    lambda text: text.replace("A", "%41"),
    lambda text: "".join(c if c.isalnum() else f"&#{ord(c)};" for c in text),
])  # fmt: skip
def test_a_long_key_with_escapes_is_masked_whole(escape: Callable[[str], str]) -> None:
    """Far from the escapes nothing is read twice: what is masked must reach over them."""
    long = "\n".join([*PEM.split("\n")[:-1], *(token(n, 64) for n in range(120))])
    before, after = "words of prose. " * 300, " words\u2028of prose" * 300
    for key in (long, PEM):
        # As in base64, every 32nd letter is none.
        escaped = escape(key.replace("k", "/").replace("m", "+"))
        body = f"{before}{escaped}{after}".encode()
        masked = mask_body(body).decode()
        assert masked.startswith(before) and masked.endswith(after[20:])
        assert not re.search(r"[A-Za-z0-9]{30}", masked)
        assert len(masked) < len(before) + len(after) + 200


def test_basic_credentials_are_told_from_basic_words() -> None:
    held = b64encode(f"bob:{SECRET}".encode()).decode()
    assert held not in mask_text(f"authorization: basic {held}")
    assert held not in mask_body(json.dumps({"h": f"Basic {held}"}).encode()).decode()
    for words in ("basic understanding of it", "basic authentication", "Basic principles"):
        assert mask_text(words) == words


@pytest.mark.parametrize("cut", range(0, 130))
def test_a_key_cut_by_the_network_at_any_byte_is_masked(cut: int) -> None:
    events = b"".join(in_deltas(f"it is sk-{SECRET} ok", 100))
    for pieces in (
        [events[:cut], events[cut:]],
        [events[:cut], events[cut : cut + 1], events[cut + 1 :]],
    ):
        shown = mask_pieces(pieces)
        assert shown is not None and SECRET[4:].encode() not in b"".join(shown)
        assert b'"it is sk-*** ok"' in b"".join(shown)


def test_calls_that_come_in_turns_are_each_read_alone() -> None:
    texts = [json.dumps({"password": token(n)}) for n in range(3)]
    pieces = [
        b"data: " + json.dumps({"choices": [{"index": 0, "delta": {"tool_calls": [
            {"index": n, "function": {"arguments": text[i : i + 4]}}]}}]}).encode() + b"\n\n"
        for i in range(0, max(map(len, texts)), 4)
        for n, text in enumerate(texts)
    ]  # fmt: skip
    said = ["", "", ""]
    for piece in mask_pieces(pieces) or []:
        call = json.loads(piece[6:])["choices"][0]["delta"]["tool_calls"][0]
        said[call["index"]] += call["function"]["arguments"]
    assert [json.loads(text) for text in said] == [{"password": "***"}] * 3


@pytest.mark.parametrize(
    ("begin", "length"),
    [("dckr_pat_", 27), ("GOCSPX-", 28), ("sb_secret_", 31), ("figd_", 40), ("glpat-", 20)],
)
def test_dashes_that_part_a_key_do_not_hide_it(begin: str, length: int) -> None:
    """Of a thousand keys with the letters of URL-safe base64, at most 20 look like words."""
    chance = Random(11)
    letters = string.ascii_letters + string.digits + "-_"
    keys = [begin + "".join(chance.choices(letters, k=length)) for _ in range(1000)]
    assert sum(mask_body(f"it is {key} ok".encode()).endswith(f"{key} ok".encode())
               for key in keys) <= 20  # fmt: skip


HARMLESS = [
    "hf_transformer_model", "the sk-learn-contrib-examples folder", "pk-primary-button-large",
    "550e8400-e29b-41d4-a716-446655440000", "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "a-very-long-identifier-with-many-words-in-it", "get_secret_value_from_environment()",
    "the password must have eight characters", "密码必须至少有八个字符", "token: a piece of a word",
    '{"token":"hello","logprob":-0.5}', '{"token": "12345678", "logprob": -1, "bytes": [1]}',
    '{"bos_token": "<|begin_of_text|>", "max_tokens": 20}', "https://example.org/a@b?c=1",
    "password = os.environ['PASSWORD']", "api_key=None", "task-sk-estimator-doc-link",
    '{"required": ["password", "username"], "properties": {"password": {"type": "string"}}}',
    "gsk_annual_report_for_investors", "risk-free-rate-of-return", "ssh://git@github.com/a/b",
    '{"type": "object", "title": "Password", "description": "secret: the word"}',
]  # fmt: skip


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_a_key_stays(text: str) -> None:
    for carried in (
        text,
        json.dumps({"content": text}),
        json.dumps({"a": json.dumps({"b": text})}),
    ):
        assert mask_body(carried.encode()).decode() == carried


def test_few_words_of_real_texts_are_taken_for_keys() -> None:
    """At most 4 in a MB of code and documents; none in base64, hashes and identifiers."""
    library = Path(sysconfig.get_path("stdlib"))
    files = [*sorted(library.glob("*.py")), *sorted(library.glob("[a-i]*/*.py"))]
    texts = [path.read_bytes() for path in files if "site-packages" not in path.parts]
    texts += [p.read_bytes() for p in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]]
    size = sum(map(len, texts))
    taken = sum(mask_body(text).count(b"***") - text.count(b"***") for text in texts)
    assert size > 5_000_000 and taken <= 4 * size / 1e6, (taken, size)
    chance = Random(7)
    noise = b64encode(chance.randbytes(1_500_000))
    lines = b"\n".join(noise[i : i + 76] for i in range(0, len(noise), 76))
    hashes = b" ".join(chance.randbytes(20).hex().encode() for _ in range(20_000))
    for text in (lines, hashes):
        assert mask_body(text).count(b"***") <= 2


UNITS = [b"sk", b"password", b'"password":"', b"-eyJa", b"\\", b"://a:", b"Bearer ", b"Cookie:"]
SLOW_UNITS = [
    b"sk-", b"password: ", b"-----BEGIN PRIVATE" b" KEY-----", b"eyJ", b"token=", b"%73",
    b"\\u0073", b'\\"secret\\":\\"', b"secret ", b"&password=", b"jira ", b"adafruit_",
    b"atlasv1", b"machine ",
]  # fmt: skip


@pytest.mark.parametrize(
    "unit", [*UNITS, *(pytest.param(unit, marks=pytest.mark.slow) for unit in SLOW_UNITS)]
)
def test_no_text_takes_long(unit: bytes) -> None:
    data = unit * (300_000 // len(unit))
    mask_body(data[:1000])
    began = time.process_time()
    mask_body(data)
    mask_text(data.decode())
    assert time.process_time() - began < 3


def test_addresses_lose_their_users_and_keys() -> None:
    assert mask_url("http://me:pass@h/v1?api_key=abc&x=1") == "http://***@h/v1?api_key=***&x=1"
    assert SECRET not in mask_url(f"https://h/v1?x=1&sig={SECRET}&code={SECRET}")
    assert SECRET not in mask_url(f"https://h/sk-{SECRET}/v1")
