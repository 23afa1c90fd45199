"""Config files that include others, and all that one says of routing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.config.config import load_config, parse_config
from core.config.routing import Routing
from core.errors import ConfigError
from tests.config.test_config import refused


def test_an_error_says_at_which_line(tmp_path: Path) -> None:
    text = (
        "model_list:\n  - model_name: m\n    litellm_params:\n      model: ollama/m\n      rpm: no"
    )
    assert refused(text).message.endswith("(line 5)")
    (tmp_path / "inner.yaml").write_text("router_settings:\n  num_retries: many\n")
    outer = tmp_path / "outer.yaml"
    outer.write_text("include: [inner.yaml]\n")
    with pytest.raises(ConfigError, match=r"whole number.* \(inner\.yaml, line 2\)"):
        load_config(outer, environ={})


def test_included_files_add_to_lists_and_replace_the_rest(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    entry = "model_list: [{{model_name: {0}, litellm_params: {{model: ollama/{0}}}}}]\n"
    (tmp_path / "deep/b.yaml").write_text(entry.format("b") + "include: [c.yaml]\n")
    (tmp_path / "deep/c.yaml").write_text(entry.format("c") + "router_settings: {num_retries: 7}\n")
    outer = tmp_path / "a.yaml"
    outer.write_text(
        entry.format("a") + "include: [deep/b.yaml]\n"
        "router_settings: {num_retries: 1, allowed_fails: 9}\n"
    )
    config = load_config(outer, environ={})
    assert [d.model_name for d in config.deployments] == ["a", "b", "c"]
    assert config.routing == Routing(num_retries=7)
    assert [file.name for file in config.files] == ["a.yaml", "b.yaml", "c.yaml"]
    (tmp_path / "deep/c.yaml").write_text("include: [b.yaml]\n")
    with pytest.raises(ConfigError, match="includes itself"):
        load_config(outer, environ={})
    outer.write_text("include: [none.yaml]\n")
    with pytest.raises(ConfigError, match=r"none\.yaml cannot be read"):
        load_config(outer, environ={})


@pytest.mark.parametrize(
    "text",
    [
        "litellm_settings:\n  set_verbose: true\n  set_verbose: false\n",
        "model_list: []\nx: {y: [{z: 1,\n z: 2}]}\n",
        "model_list: []\nunknown: 1\nunknown: 2\n",
    ],
)
def test_a_key_that_is_there_twice_is_refused(text: str) -> None:
    assert re.search(r" is written twice.*\(line \d\)$", refused(text).message)


@pytest.mark.slow
@pytest.mark.parametrize("text", ["a: &a [*a]", "a: &a {b: *a}", "[" * 5000 + "]" * 5000])
def test_a_file_that_has_no_end_is_read_or_refused(text: str) -> None:
    try:
        assert parse_config(text, environ={}).warnings == ("a has no effect",)
    except ConfigError as exc:
        assert "nested too deeply" in exc.message


def test_many_layers_of_anchors_take_no_time() -> None:
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, 30)]
    assert len(parse_config("\n".join(lines), environ={}).warnings) == 30


ROUTED = """
model_list:
  - {model_name: a, litellm_params: {model: ollama/a, max_retries: 4, order: 1, weight: 2.5,
     rpm: 6, tpm: 700, max_parallel_requests: 3, drop_params: false, stream_timeout: 8,
     additional_drop_params: [user, "tools[*].strict"], extra_headers: {X-Team: blue}}}
  - {model_name: a, litellm_params: {model: ollama/a}}
  - {model_name: b, litellm_params: {model: hosted_vllm/b, api_base: "http://v:8000/v1"},
     model_info: {id: bee, mode: embedding, supports_vision: false}}
router_settings:
  routing_strategy: latency-based-routing
  fallbacks: [{a: [b]}, {"*": b}]
  context_window_fallbacks: [{a: [b]}]
  model_group_alias: {gpt-4o: a, hush: {model: b, hidden: true}}
  disable_cooldowns: true
  retry_after: 2
  redis_host: cache
  redis_password: p@ss
litellm_settings: {num_retries: 3, cooldown_time: 30, allowed_fails: 0}
diglot: {queue: {length: 5, timeout: 2}, routing: {prefer_loaded: false, busy: 9, wait_loaded: 3}}
"""


def test_all_of_routing_is_read() -> None:
    config = parse_config(ROUTED, environ={})
    assert config.warnings == ()
    first, second, third = config.deployments
    assert (first.max_retries, first.order, first.weight, first.rpm, first.tpm, first.parallel) == (
        4, 1, 2.5, 6, 700, 3)  # fmt: skip
    assert first.strict is True and second.strict is None
    assert first.unwanted == ("user", "tools[*].strict")
    assert first.headers == {"x-team": "blue"} and "blue" not in repr(first)
    assert (first.timeout, first.stream_timeout) == (None, 8)
    assert first.id != second.id and third.id == "bee"
    assert (third.dialect, third.base_url, third.mode) == ("openai", "http://v:8000", "embedding")
    assert third.abilities == {"vision": False}
    assert config.routing == Routing(
        strategy="latency-based-routing",
        num_retries=3,
        retry_after=2.0,
        fallbacks={"a": ("b",)},
        default_fallbacks=("b",),
        context_fallbacks={"a": ("b",)},
        allowed_fails=0,
        cooldown_time=30.0,
        cooldowns=False,
        aliases={"gpt-4o": "a", "hush": "b"},
        hidden=frozenset({"hush"}),
        queue_length=5,
        queue_timeout=2.0,
        prefer_loaded=False,
        busy=9,
        wait_loaded=3.0,
        redis_url="redis://:p%40ss@cache:6379",
    )
    assert "p%40ss" not in repr(config.routing)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("router_settings: {routing_strategy: best}", "must be one of simple-shuffle"),
        ("router_settings: {model_group_alias: {a: b, b: c}}", "an alias itself"),
        ("router_settings: {redis_url: 'http://x'}", "must begin with redis://"),
        ("router_settings: {fallbacks: {a: b}}", "must be a list"),
        ("router_settings: {fallbacks: [{a: 1}]}", "a list of names"),
        ("router_settings: {num_retries: -1}", "zero or more"),
        ("model_list: [{model_name: m, litellm_params: {model: openai_like/m}}]",
         "name the server, here or in OPENAI_LIKE_API_BASE"),
        ("model_list: [{model_name: m, litellm_params: {model: ollama/m, extra_headers: "
         "{Host: x}}}]", "cannot be sent as a header"),
        ("model_list: [{model_name: m, litellm_params: {model: ollama/m, extra_headers: "
         '{x: "a\\r\\nb: c"}}}]', "cannot be sent as a header"),
    ],
)  # fmt: skip
def test_routing_that_cannot_be_is_refused(text: str, says: str) -> None:
    assert says in refused(text).message
