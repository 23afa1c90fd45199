"""Keys and the other rules of access, as config.yaml and the environment say them."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from rich.pretty import pretty_repr

from core.config.access import Access, Digest, Key, environment_access
from core.config.config import parse_config
from core.errors import ConfigError

SECRET = "sk-canary-7f3a9c1e5b8d2046"


def access(text: str, **environ: str) -> Access:
    return parse_config(text, environ=environ).access


def refused(text: str, **environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_config(text, environ=environ)
    assert SECRET not in caught.value.message
    return caught.value.message


def test_everything_that_a_key_may_say() -> None:
    text = f"""
general_settings: {{master_key: os.environ/MASTER}}
diglot:
  keys:
    - name: shop
      key: os.environ/SHOP
      models: ["qwen-*", gpt-4o]
      rpm: 60
      tpm: 100000
      max_parallel: 4
      expires: 2027-01-31
    - name: graphs
      key_hash: sha256:{hashlib.sha256(SECRET.encode()).hexdigest()}
      models: []
      watch: true
  operators: [Ann@Example.org]
  cors: [https://app.example.org]
  hosts: [Chat.Example.Org]
"""
    environ = {"MASTER": "sk-master-0123456789abcdef", "SHOP": "sk-shop-0123456789abcdef"}
    found = parse_config(text, environ=environ)
    assert found.warnings == ()
    shop, graphs = found.access.keys
    assert shop.digest.matches(environ["SHOP"])
    assert (shop.models, shop.rpm, shop.tpm, shop.max_parallel) == (
        ("qwen-*", "gpt-4o"), 60, 100_000, 4,
    )  # fmt: skip
    assert shop.expires == datetime(2027, 2, 1, tzinfo=UTC).timestamp()
    assert graphs.digest.matches(SECRET)
    assert (graphs.models, graphs.watch, graphs.manage) == ((), True, False)
    assert found.access.master == Digest.of(environ["MASTER"])
    assert found.access.operators == ("ann@example.org",)
    assert found.access.hosts == ("chat.example.org",)
    assert found.access.guarded


def test_without_keys_nothing_is_guarded_and_open_opens() -> None:
    assert not access("{}").guarded
    key = f"keys: [{{name: a, key: {SECRET}}}]"
    assert access(f"diglot: {{{key}}}").guarded
    assert not access(f"diglot: {{{key}, open: true}}").guarded


def test_no_way_of_printing_shows_a_key() -> None:
    found = parse_config(
        f"{{general_settings: {{master_key: {SECRET}}}, "
        f"diglot: {{keys: [{{name: a, key: {SECRET}x}}]}}}}",
        environ={},
    )
    hashed = hashlib.sha256(SECRET.encode()).hexdigest()
    for shown in (repr(found), pretty_repr(found), str(found.access), repr(found.access.master)):
        assert SECRET not in shown
        assert hashed not in shown
        assert repr(bytes.fromhex(hashed)) not in shown


def test_keys_of_the_environment() -> None:
    found = environment_access(
        {
            "DIGLOT_KEYS": f"shop={SECRET}, bare-key-0123456789",
            "LITELLM_MASTER_KEY": "sk-master",
            "OLLAMA_ORIGINS": "https://a.example, https://b.example",
        }
    )
    assert [key.name for key in found.keys] == ["shop", "key-2"]
    assert found.keys[1].digest.matches("bare-key-0123456789")
    assert found.master == Digest.of("sk-master")
    assert found.cors == ("https://a.example", "https://b.example")
    assert parse_config("{}", environ={"DIGLOT_KEYS": f"shop={SECRET}"}).access.keys == (
        found.keys[0],
    )
    with pytest.raises(ConfigError, match="entry 1"):
        environment_access({"DIGLOT_KEYS": f"a b={SECRET}"})


@pytest.mark.parametrize(("key", "word"), [("sk-1234", "example"), ("short", "5 characters")])
def test_a_weak_key_works_and_is_warned_of(key: str, word: str) -> None:
    found = parse_config(f"diglot: {{keys: [{{name: a, key: {key}}}]}}", environ={})
    (warning,) = found.warnings
    assert word in warning
    assert "--new-key" in warning
    assert key not in warning
    assert found.access.known == (("a",) if key == "sk-1234" else ())


@pytest.mark.parametrize(
    ("entry", "path"),
    [
        (f"{{key: {SECRET}}}", "diglot.keys[0].name"),
        ("{name: a}", "diglot.keys[0].key"),
        (f"{{name: 'a b', key: {SECRET}}}", "diglot.keys[0].name"),
        (f'{{name: "a\\r\\nx", key: {SECRET}}}', "diglot.keys[0].name"),
        ("{name: a, key_hash: 'sha256:12'}", "diglot.keys[0].key_hash"),
        (f"{{name: a, key: {SECRET}, key_hash: {'0' * 64}}}", "diglot.keys[0].key_hash"),
        (f"{{name: a, key: {SECRET}, rpm: 0}}", "diglot.keys[0].rpm"),
        (f"{{name: a, key: {SECRET}, expires: soon}}", "diglot.keys[0].expires"),
        (f"{{name: a, key: {SECRET}, models: 5}}", "diglot.keys[0].models"),
        ("{name: a, key: os.environ/NOT_SET}", "diglot.keys[0].key"),
    ],
)
def test_what_cannot_be_used_is_named(entry: str, path: str) -> None:
    assert refused(f"diglot: {{keys: [{entry}]}}").startswith(path)


def test_a_master_key_that_is_not_set_does_not_leave_the_door_open() -> None:
    message = refused("general_settings: {master_key: os.environ/NOT_SET}")
    assert "NOT_SET, which is not set" in message and message.endswith("(line 1)")


@pytest.mark.parametrize("value", ["''", "' '", "os.environ/MASTER"])
def test_a_master_key_that_is_empty_does_not_either(value: str) -> None:
    message = refused(f"general_settings: {{master_key: {value}}}", MASTER="")
    assert "general_settings.master_key is empty" in message and message.endswith("(line 1)")


def test_two_keys_of_one_name_or_one_secret_are_refused() -> None:
    other = SECRET + "x"
    for second in ({"name": "a", "key": other}, {"name": "b", "key": SECRET}):
        keys = [{"name": "a", "key": SECRET}, second]
        assert "twice" in refused(yaml.safe_dump({"diglot": {"keys": keys}}))


def test_what_opens_the_pages_is_the_master_key_or_one_without_limits() -> None:
    one, other, old, known = (Digest.of(word) for word in ("one", "other", "old", "sk-1234"))
    keys = [Key(name="plain", digest=one), Key(name="old", digest=old, expires=10.0),
            Key(name="known", digest=known)]  # fmt: skip
    limits: tuple[dict[str, Any], ...] = (
        {"models": ("m",)},
        {"rpm": 1},
        {"tpm": 1},
        {"max_parallel": 1},
        {"models": ()},
    )
    for limit in limits:
        keys.append(Key(name="shop", digest=Digest.of(str(limit)), **limit))
    found = Access(keys=tuple(keys), master=Digest.of("master"), known=("known",))
    assert found.enters(one, now=0) and found.enters(Digest.of("master"), now=0)
    assert found.enters(old, now=9.9) and not found.enters(old, now=10.0)
    assert not found.enters(other, now=0) and not found.enters(known, now=0)
    assert not any(found.enters(Digest.of(str(limit)), now=0) for limit in limits)
    weak = Access(master=known, known=("master_key",))
    assert not weak.enters(known, now=0)
    assert not Access().enters(Digest.of(""), now=0)
