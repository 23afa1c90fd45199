"""An ignored key must never change what a config does: what is refused, and with which words."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from core.config.config import parse_config
from core.config.keys.unknown_keys import likely
from tests.config.test_config import refused
from tests.support.programs import ROOT

ENTRY = "model_list:\n  - model_name: m\n    litellm_params:\n      model: openai/m\n      {}\n"


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("base_api: http://h", "api_base"),
        ("apibase: http://h", "api_base"),
        ("API_BASE: http://h", "api_base"),
        ("api-base: http://h", "api_base"),
        ("api_bse: http://h", "api_base"),
        ("baseurl: http://h", "base_url"),
        ("url: http://h", "api_base"),
        ("api_endpoint: http://h", "api_base"),
        ("server_address: http://h", "api_base"),
        ("apikey: x", "api_key"),
        ("token: x", "api_key"),
        ("credential_name: x", "litellm_credential_name"),
        ("temprature: 1", "temperature"),
        ("max_token: 1", "max_tokens"),
        ("time_out: 1", "timeout"),
    ],
)
def test_a_misspelt_parameter_is_refused_with_the_likely_word(line: str, meant: str) -> None:
    error = refused(ENTRY.format(line))
    if meant == "litellm_credential_name":
        assert "is not known here" in error.message or meant in error.message
    else:
        assert f"did you mean {meant}?" in error.message
    assert error.message.endswith("(line 5)")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("model_lists: []", "did you mean model_list?"),
        ("general_setting: {master_key: x}", "did you mean general_settings?"),
        ("general_settings: {masterkey: x}", "did you mean master_key?"),
        ("master_key: x", "it belongs at general_settings.master_key"),
        ("litellm_settings: {master_key: x}", "it belongs at general_settings.master_key"),
        ("model_list: [{model_name: m, api_base: h, litellm_params: {model: ollama/m}}]",
         "it belongs at model_list[].litellm_params.api_base"),
        ("diglot: {kyes: []}", "did you mean keys?"),
        ("diglot: {strikt: true}", "did you mean strict?"),
        ("diglot: {keys: [{name: a, key: 0123456789abcdef, model: [m]}]}", "did you mean models?"),
        ("diglot: {keys: [{name: a, key: 0123456789abcdef, routes: [m]}]}", "known are name, key"),
        ("mcp_servers: {a: {url: 'http://h', allowed_tool: [x]}}", "did you mean allowed_tools?"),
        ("router_settings: {falbacks: [{a: [b]}]}", "did you mean fallbacks?"),
        ("litellm_settings: {callbacks: [prometheus, presidio]}", "names presidio"),
        ("litellm_settings: {callbacks: hide_secrets}", "names hide_secrets"),
        ("general_settings: {allowed_ip: [10.0.0.1]}", "did you mean allowed_ips?"),
        ("general_settings: {allowed_ips: [10.0.0.1]}", "Addresses are not checked here"),
        ("general_settings: {completion_model: m}", "use router_settings.model_group_alias"),
        ("router_settings: {default_litellm_params: {apibase: h}}", "did you mean api_base?"),
        ("credential_list: [{credential_name: a, credential_values: {base_api: h}}]",
         "did you mean api_base?"),
        ("diglot: {images: {fetch: any, alow: []}}", "did you mean allow?"),
    ],
)  # fmt: skip
def test_what_decides_is_obeyed_or_refused(text: str, says: str) -> None:
    error = refused(text)
    assert says in error.message
    assert error.message.endswith("(line 1)")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("general_settings: {allowed_ips: [10.0.0.1]}", "allowed_ips"),
        ("general_settings: {enable_jwt_auth: true}", "general_settings.enable_jwt_auth"),
        ("guardrails: [{guardrail_name: a}]", "guardrails"),
        ("litellm_settings: {max_budget: 10}", "litellm_settings.max_budget"),
        ("general_settings: {enforced_params: [user]}", "enforced_params"),
        ("model_list: [{model_name: m, litellm_params: {model: ollama/m, max_budget: 1}}]",
         "litellm_params.max_budget"),
        ("litellm_settings: {callbacks: [presidio]}", "presidio"),
    ],
)  # fmt: skip
def test_what_is_refused_is_only_warned_of_once_somebody_has_acknowledged_it(
    text: str, name: str
) -> None:
    error = refused(text)
    assert "diglot: {acknowledge: [" in error.message and error.message.endswith("(line 1)")
    config = parse_config(f"{text}\ndiglot: {{acknowledge: [{name}]}}", environ={})
    (warning,) = (one for one in config.warnings if "diglot.acknowledge says" in one)
    assert name.rpartition(".")[2] in warning
    # Another key's word is not enough.
    assert refused(f"{text}\ndiglot: {{acknowledge: [custom_sso]}}").message


def test_only_what_is_refused_can_be_acknowledged() -> None:
    error = refused("diglot: {acknowledge: [allowed_ip]}")
    assert "did you mean allowed_ips?" in error.message
    assert "is no key that is refused" in refused("diglot: {acknowledge: [model_list]}").message


def test_a_refusal_names_the_file_and_the_line(tmp_path: Path) -> None:
    file = tmp_path / "litellm.yaml"
    file.write_text("model_list: []\ngeneral_settings:\n  allowed_ips: [10.0.0.1]\n")
    command = [sys.executable, "-m", "core", "--config", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"{file}: general_settings.allowed_ips is not obeyed here" in done.stderr
    assert done.stderr.strip().endswith("(line 3)")


@pytest.mark.parametrize(
    "line",
    [
        "{model: bedrock/x, aws_region: eu, endpoint: h}",
        "{model: ollama/m, repetition_penalty: 1.1}",
        "{model: ollama/m, top_a: 1}",
        "{model: ollama/m, input_cost_per_token_above_128k_tokens: 1}",
    ],
)
def test_what_decides_nothing_is_only_warned_of(line: str) -> None:
    parse_config(
        "model_list: [{model_name: n, litellm_params: {model: ollama/n}}, "
        f"{{model_name: m, litellm_params: {line}}}]",
        environ={},
    )


@pytest.mark.parametrize("value", [".nan", ".inf", "-.inf", "1e300", "-1"])
@pytest.mark.parametrize(
    "place",
    [
        "model_list: [{model_name: m, litellm_params: {model: ollama/m, timeout: %s}}]",
        "model_list: [{model_name: m, litellm_params: {model: ollama/m, stream_timeout: %s}}]",
        "model_list: [{model_name: m, litellm_params: {model: ollama/m, weight: %s}}]",
        "router_settings: {timeout: %s}",
        "router_settings: {cooldown_time: %s}",
        "litellm_settings: {request_timeout: %s}",
        "diglot: {queue: {timeout: %s}}",
        "diglot: {images: {timeout: %s}}",
    ],
)
def test_a_number_that_is_none_is_refused(place: str, value: str) -> None:
    error = refused(place % value)
    assert error.path is not None and error.message.endswith("(line 1)")


def test_a_number_that_comes_from_the_environment_is_looked_at_too() -> None:
    for value in ("nan", "inf", "-3", "1e400"):
        assert refused("router_settings: {timeout: os.environ/T}", T=value).path


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("router_settings: {model_group_alias: {a: n}}", "leads to n, and there is no such model"),
        ("router_settings: {model_group_alias: {a: modle}}", "did you mean model?"),
        ("router_settings: {fallbacks: [{model: [x]}]}", "fallbacks[0].model leads to x"),
        ("litellm_settings: {context_window_fallbacks: [{model: x}]}", "leads to x"),
        ("litellm_settings: {default_fallbacks: [x]}", "default_fallbacks leads to x"),
    ],
)
def test_a_rule_that_leads_to_no_model_is_refused(text: str, says: str) -> None:
    models = "model_list: [{model_name: model, litellm_params: {model: ollama/m}}]\n"
    error = refused(models + text)
    assert says in error.message and error.message.endswith("(line 2)")
    # Where no model is named, those that are found answer.
    parse_config(text, environ={})


def test_rules_may_lead_to_wildcards_aliases_backend_names_and_what_is_not_served() -> None:
    text = """
model_list:
  - {model_name: model, litellm_params: {model: ollama/m:latest}}
  - {model_name: "w/*", litellm_params: {model: "ollama/*"}}
  - {model_name: cloud, litellm_params: {model: bedrock/x}}
router_settings:
  model_group_alias: {a: model, b: w/any, c: cloud, d: M}
  fallbacks: [{model: [a, w/x, cloud]}, {nobody: [model]}]
"""
    warnings = parse_config(text, environ={}).warnings
    assert [w for w in warnings if "fallbacks" in w] == [
        "router_settings.fallbacks[1].nobody has no effect: there is no model nobody"
    ]


def test_the_likely_word() -> None:
    assert likely("keep-alive", ["keep_alive", "timeout"]) == "keep_alive"
    assert likely("name_model", ["model_name"]) == "model_name"
    assert likely("nothing", ["model_name"]) == ""
