"""What the command line says beside a config file."""

from __future__ import annotations

import pytest

from core.config.config import Config, parse_config
from core.config.overrides import Overrides
from core.errors import ConfigError


def test_a_model_of_the_command_line_stands_before_those_of_the_file() -> None:
    config = parse_config("model_list: [{model_name: m, litellm_params: {model: ollama/m}}]",
                          environ={})  # fmt: skip
    given = Overrides(model="ollama/qwen3:4b", alias="gpt-4o", api_base="gpu:11434/v1",
                      temperature=0.2, max_tokens=9)  # fmt: skip
    first, second = given.apply(config, {}).deployments
    assert (first.model_name, first.model, first.base_url) == (
        "gpt-4o", "qwen3:4b", "http://gpu:11434")  # fmt: skip
    assert first.settings == {"temperature": 0.2, "max_tokens": 9}
    assert second == config.deployments[0]
    assert Overrides(model="ollama/x").apply(Config(), {}).deployments[0].model_name == "ollama/x"
    with pytest.raises(ConfigError, match="write ollama/x"):
        Overrides(model="x").apply(Config(), {})


def test_flags_for_all_models_win_over_the_file() -> None:
    config = parse_config(
        "litellm_settings: {drop_params: false}\n"
        "model_list: [{model_name: m, litellm_params: {model: ollama/m, timeout: 5, "
        "drop_params: false}}]",
        environ={},
    )
    assert config.strict and config.deployments[0].strict
    made = Overrides(request_timeout=30, drop_params=True).apply(config, {})
    assert not made.strict and made.deployments[0].strict is False
    assert made.deployments[0].timeout == made.deployments[0].stream_timeout == 30
    assert Overrides().apply(config, {}) == config
