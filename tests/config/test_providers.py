"""Providers: where each is asked, what is not served, and the parameters that deployments share."""

from __future__ import annotations

import pytest

from core.config.config import parse_config
from core.config.deployment import Deployment
from core.config.providers import PROVIDERS, find_provider
from core.http.addresses import openai_address
from tests.config.test_config import refused

CHAT = "/v1/chat/completions"


def made(params: str, **environ: str) -> Deployment:
    text = f"model_list: [{{model_name: m, litellm_params: {params}}}]"
    return parse_config(text, environ=environ).deployments[0]


@pytest.mark.parametrize(
    ("params", "url"),
    [
        ("{model: anthropic/claude-x, api_key: k}", "https://api.anthropic.com/v1/chat/completions"),
        ("{model: claude-sonnet-4-5, api_key: k}", "https://api.anthropic.com/v1/chat/completions"),
        ("{model: gpt-4o, api_key: k}", "https://api.openai.com/v1/chat/completions"),
        ("{model: gemini/x, api_key: k}",
         "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions"),
        ("{model: perplexity/sonar, api_key: k}", "https://api.perplexity.ai/chat/completions"),
        ("{model: zai/glm, api_key: k}", "https://api.z.ai/api/paas/v4/chat/completions"),
        ("{model: fireworks_ai/accounts/f/models/x, api_key: k}",
         "https://api.fireworks.ai/inference/v1/chat/completions"),
        ("{model: openai/glm, api_base: 'https://open.bigmodel.cn/api/paas/v4/'}",
         "https://open.bigmodel.cn/api/paas/v4/chat/completions"),
        ("{model: openai/m, api_base: 'https://h/v1/chat/completions'}",
         "https://h/v1/chat/completions"),
        ("{model: openai/m, api_base: 'http://h:1/proxy'}", "http://h:1/proxy/v1/chat/completions"),
        ("{model: azure/dep, api_base: 'https://r.openai.azure.com/', api_key: k, "
         "api_version: 2024-02-01-preview}",
         "https://r.openai.azure.com/openai/deployments/dep/chat/completions"
         "?api-version=2024-02-01-preview"),
        ("{model: azure/dep, api_key: k, api_base: 'https://r.openai.azure.com/openai/deployments/"
         "dep/chat/completions?api-version=2024-10-21'}",
         "https://r.openai.azure.com/openai/deployments/dep/chat/completions"
         "?api-version=2024-10-21"),
        ("{model: azure/dep, api_base: 'https://r.openai.azure.com', api_key: k}",
         "https://r.openai.azure.com/openai/v1/chat/completions"),
    ],
)  # fmt: skip
def test_where_chats_are_sent(params: str, url: str) -> None:
    assert made(params).url(CHAT) == url


def test_every_provider_has_an_address_that_can_be_used() -> None:
    for name, provider in PROVIDERS.items():
        if provider.address:
            root, version = openai_address(provider.address, provider.address)
            assert root + version == provider.address, name


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("bedrock/anthropic.claude-3", "does not speak to bedrock"),
        ("anthropic.claude-3-sonnet-20240229-v1:0", "does not speak to bedrock"),
        ("vertex_ai/gemini", "does not speak to vertex_ai"),
        ("gemini-2.5-pro", "does not speak to vertex_ai"),
        ("some_new_cloud/x", "does not speak to some_new_cloud"),
        ("text-completion-codestral/x", "does not speak to"),
        ("gpt-4", "it has no key: write api_key, or set OPENAI_API_KEY"),
        ("perplexity/*", "PERPLEXITYAI_API_KEY"),
        ("azure/gpt-4o", "api_base is missing"),
    ],
)
def test_one_that_cannot_be_asked_stops_no_other(model: str, reason: str) -> None:
    cloud = (
        f"{{model_name: 'cloud*', litellm_params: {{model: '{model}', api_key: os.environ/NO}}}}"
    )
    local = "{model_name: local, litellm_params: {model: ollama/m}}"
    config = parse_config(f"model_list:\n  - {cloud}\n  - {local}", environ={})
    assert [one.model_name for one in config.deployments] == ["local"]
    (unserved,) = config.unserved
    assert (unserved.model_name, unserved.model) == ("cloud*", model)
    assert reason in unserved.reason
    assert any("cloud* is not served: " in warning for warning in config.warnings)
    # A config of which nothing can be served has no use.
    alone = refused(f"model_list:\n  - {cloud}")
    assert reason in alone.message and alone.message.endswith("(line 2)")


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("olama/m", "did you mean ollama/m?"),
        ("opeani/m", "did you mean openai/m?"),
        ("gpt-oss:20b", "write ollama/gpt-oss:20b"),
        ("gpt-oss", "write ollama/gpt-oss"),
        ("llama3", "write ollama/llama3"),
    ],
)
def test_a_model_that_is_meant_to_be_local_goes_nowhere_else(model: str, says: str) -> None:
    with pytest.raises(ValueError, match="provider") as caught:
        find_provider(model)
    assert says in str(caught.value)


CREDENTIALS = """
model_list:
  - {model_name: a, litellm_params: {model: openai/m, litellm_credential_name: one}}
  - {model_name: b, litellm_params: {model: openai/m, litellm_credential_name: one, api_key: own}}
credential_list:
  - credential_name: one
    credential_values: {api_base: "http://h:1/v1", api_key: os.environ/K}
    credential_info: {description: x}
"""


def test_credentials_are_joined_under_what_a_deployment_says_itself() -> None:
    config = parse_config(CREDENTIALS, environ={"K": "of-the-list", "OPENAI_API_KEY": "far"})
    assert [(d.base_url, d.api_key) for d in config.deployments] == [
        ("http://h:1", "of-the-list"), ("http://h:1", "own"),
    ]  # fmt: skip
    assert config.warnings == ()
    wrong = refused(
        CREDENTIALS.replace("litellm_credential_name: one}", "litellm_credential_name: onee}")
    )
    assert "names 'onee'" in wrong.message and "did you mean one?" in wrong.message
    assert wrong.message.endswith("(line 3)")
    twice = CREDENTIALS + "  - {credential_name: one, credential_values: {}}\n"
    assert "twice" in refused(twice).message


def test_the_routers_defaults_are_every_deployments() -> None:
    text = """
model_list:
  - {model_name: a, litellm_params: {model: openai/m}}
  - {model_name: b, litellm_params: {model: openai/m, temperature: 1}}
router_settings: {default_litellm_params: {api_base: "http://h", temperature: 0}}
"""
    config = parse_config(text, environ={})
    assert [d.settings for d in config.deployments] == [{"temperature": 0}, {"temperature": 1}]
    assert {d.base_url for d in config.deployments} == {"http://h"}


def test_what_goes_into_every_request() -> None:
    one = made(
        "{model: openai/m, api_base: h, headers: {X-A: '1'}, extra_headers: {X-B: '2'}, "
        "organization: org, extra_body: {guided_json: {a: os.environ/V}}}",
        V="v",
    )
    assert one.headers == {"openai-organization": "org", "x-a": "1", "x-b": "2"}
    assert one.body == {"guided_json": {"a": "v"}}
    thinking = "thinking: {type: enabled, budget_tokens: 1024}"
    assert made(f"{{model: ollama/m, {thinking}}}").thinking is True
    assert made("{model: ollama/m, thinking: {type: disabled}}").thinking is False
    claude = made(f"{{model: anthropic/m, api_key: k, {thinking}}}")
    assert claude.thinking is None
    assert claude.body == {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    entry = "model_list: [{model_name: m, litellm_params: {model: ollama/m, thinking: {type: on}}}]"
    assert "must have a type" in refused(entry).message
