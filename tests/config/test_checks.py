"""Configs without sense: refused where they decide who may ask or where data goes, else warned."""

from __future__ import annotations

import re

import pytest

from core.config.config import parse_config
from tests.config.test_config import refused

MODELS = """
model_list:
  - {model_name: a, litellm_params: {model: ollama/a}}
  - {model_name: b, litellm_params: {model: ollama/b}}
"""


@pytest.mark.parametrize(
    ("text", "path", "says"),
    [
        ("general_settings: {master_key: ''}", "general_settings.master_key", "is empty"),
        ("environment_variables: {HTTPS_PROXY: 'http://p'}", "environment_variables.HTTPS_PROXY",
         "straight to their server"),
        ("litellm_settings: {fallbacks: [{a: [{model: b}]}]}",
         "litellm_settings.fallbacks[0].a[0]", "must be text, not a mapping"),
    ],
)  # fmt: skip
def test_what_decides_where_data_goes_or_who_may_ask_is_no_nonsense(
    text: str, path: str, says: str
) -> None:
    error = refused(MODELS + text)
    assert error.path == path
    assert says in error.message
    assert "quotes" not in error.message
    assert re.search(r"\(line \d+\)$", error.message)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("router_settings: {model_group_alias: {a: b}}", "nobody reaches by it any more: b is"),
        ("litellm_settings: {fallbacks: [{a: [a, b]}]}", "no effect where it leads to a itself"),
        ("diglot: {keys: [{name: x, key: sk-0123456789abcdefgh, models: [a, c]}]}",
         "diglot.keys[0].models names c, and there is no such model"),
        ("diglot: {keys: [{name: x, key: sk-0123456789abcdefgh, models: 'c*'}]}",
         "diglot.keys[0].models names c*, and there is no such model"),
    ],
)  # fmt: skip
def test_what_is_harmless_and_makes_no_sense_is_warned_of(text: str, says: str) -> None:
    assert [one for one in parse_config(MODELS + text, environ={}).warnings if says in one]
