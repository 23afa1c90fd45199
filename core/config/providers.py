"""The providers of LiteLLM that Diglot speaks to: in which dialect, and where when nobody says.

A provider is what stands before the first ``/`` of ``litellm_params.model``. Servers of
OpenAI's dialect have many names in LiteLLM; here they differ in their usual address alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

__all__ = ["PROVIDERS", "BackendDialect", "Provider"]

BackendDialect = Literal["ollama", "openai"]


class Provider(Struct, frozen=True):
    """One provider: its dialect, its usual address ("" where there is none), and the names of
    the variables that hold its address and its key."""

    dialect: BackendDialect
    address: str = ""
    base_variables: tuple[str, ...] = ()
    key_variable: str = ""


def _named(variable: str, address: str = "") -> Provider:
    return Provider("openai", address, (f"{variable}_API_BASE",), f"{variable}_API_KEY")


_OPENAI = Provider(
    "openai",
    "https://api.openai.com/v1",
    ("OPENAI_BASE_URL", "OPENAI_API_BASE"),
    "OPENAI_API_KEY",
)
_OLLAMA = Provider("ollama", key_variable="OLLAMA_API_KEY")

# Addresses as LiteLLM has them in litellm/llms/*/: read in 1.109.1.
PROVIDERS: Mapping[str, Provider] = {
    "ollama": _OLLAMA,
    "ollama_chat": _OLLAMA,
    "embedded": Provider("openai"),
    "openai": _OPENAI,
    "custom_openai": _OPENAI,
    "text-completion-openai": _OPENAI,
    "openai_like": _named("OPENAI_LIKE"),
    "litellm_proxy": _named("LITELLM_PROXY"),
    "hosted_vllm": _named("HOSTED_VLLM", "http://127.0.0.1:8000"),
    "vllm": _named("HOSTED_VLLM", "http://127.0.0.1:8000"),
    "lm_studio": _named("LM_STUDIO", "http://127.0.0.1:1234"),
    "llamafile": _named("LLAMAFILE", "http://127.0.0.1:8080"),
    "xinference": _named("XINFERENCE", "http://127.0.0.1:9997"),
    "docker_model_runner": _named(
        "DOCKER_MODEL_RUNNER", "http://127.0.0.1:12434/engines/llama.cpp"
    ),
    "openrouter": _named("OPENROUTER", "https://openrouter.ai/api"),
    "deepseek": _named("DEEPSEEK", "https://api.deepseek.com"),
    "groq": _named("GROQ", "https://api.groq.com/openai"),
    "mistral": _named("MISTRAL", "https://api.mistral.ai"),
    "together_ai": _named("TOGETHERAI", "https://api.together.xyz"),
    "moonshot": _named("MOONSHOT", "https://api.moonshot.ai"),
    "dashscope": _named("DASHSCOPE", "https://dashscope-intl.aliyuncs.com/compatible-mode"),
    "xai": _named("XAI", "https://api.x.ai"),
}
"""By the word before the slash."""
