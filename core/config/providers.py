"""The providers of LiteLLM that Diglot speaks to: in which dialect, where, and by which rules.

A provider is what stands before the first ``/`` of ``litellm_params.model``. A provider whose API
is OpenAI's is one row here. Those of LiteLLM that have an API of their own are not served.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

BackendDialect = Literal["ollama", "openai"]


class Provider(Struct, frozen=True):
    """One provider.

    ``address`` is its usual one with its version, "" where there is none; ``base_variables`` and
    ``key_variables`` are the names of the variables that hold its address and its key.
    ``key_header`` carries the key where that is not ``Authorization: Bearer``. ``lists`` is
    whether it keeps a list of models at ``/models``. ``tool_ids`` is what ids of tool calls must
    match, "" where they may be any text. ``own_thinking``: a request takes Anthropic's
    ``thinking`` beside OpenAI's fields.
    """

    dialect: BackendDialect
    address: str = ""
    base_variables: tuple[str, ...] = ()
    key_variables: tuple[str, ...] = ()
    key_header: str = ""
    lists: bool = True
    tool_ids: str = ""
    own_thinking: bool = False

    @property
    def hosted(self) -> bool:
        """Whether the usual address is a service on the internet, which answers to keys only."""
        return self.address.startswith("https://")


def _named(variable: str, address: str = "", **rules: object) -> Provider:
    bases, keys = (f"{variable}_API_BASE",), (f"{variable}_API_KEY",)
    return Provider("openai", address, bases, keys, **rules)  # type: ignore[arg-type]  # by name


_OPENAI = Provider(
    "openai",
    "https://api.openai.com/v1",
    ("OPENAI_BASE_URL", "OPENAI_API_BASE"),
    ("OPENAI_API_KEY",),
)
_OLLAMA = Provider("ollama", key_variables=("OLLAMA_API_KEY",))
# Mistral refuses ids of tool calls that are not nine letters and digits (its error 3280).
_MISTRAL_IDS = "[a-zA-Z0-9]{9}"
_MISTRAL = _named("MISTRAL", "https://api.mistral.ai/v1", tool_ids=_MISTRAL_IDS)

# Addresses and names of variables as LiteLLM 1.110.2 has them. Anthropic's and Gemini's are those
# of their layers for OpenAI's clients: docs.claude.com/en/api/openai-sdk,
# ai.google.dev/gemini-api/docs/openai.
PROVIDERS: Mapping[str, Provider] = {
    "ollama": _OLLAMA,
    "ollama_chat": _OLLAMA,
    "embedded": Provider("openai"),
    "openai": _OPENAI,
    "custom_openai": _OPENAI,
    "text-completion-openai": _OPENAI,
    "aiohttp_openai": _OPENAI,
    "anthropic": _named(
        "ANTHROPIC", "https://api.anthropic.com/v1", lists=False, own_thinking=True
    ),
    # The resource's address must be named, so there is no usual one.
    "azure": _named("AZURE", key_header="api-key", lists=False),
    "gemini": Provider(
        "openai",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        ("GEMINI_API_BASE",),
        ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    ),
    "mistral": _MISTRAL,
    "codestral": _named("CODESTRAL", "https://codestral.mistral.ai/v1", tool_ids=_MISTRAL_IDS),
    "openai_like": _named("OPENAI_LIKE"),
    "litellm_proxy": _named("LITELLM_PROXY"),
    "hosted_vllm": _named("HOSTED_VLLM", "http://127.0.0.1:8000/v1"),
    "vllm": _named("HOSTED_VLLM", "http://127.0.0.1:8000/v1"),
    "lm_studio": _named("LM_STUDIO", "http://127.0.0.1:1234/v1"),
    "llamafile": _named("LLAMAFILE", "http://127.0.0.1:8080/v1"),
    "lemonade": _named("LEMONADE", "http://127.0.0.1:8000/api/v1"),
    "xinference": _named("XINFERENCE", "http://127.0.0.1:9997/v1"),
    "docker_model_runner": _named(
        "DOCKER_MODEL_RUNNER", "http://127.0.0.1:12434/engines/llama.cpp/v1"
    ),
    "ai21": _named("AI21", "https://api.ai21.com/studio/v1", lists=False),
    "ai21_chat": _named("AI21", "https://api.ai21.com/studio/v1", lists=False),
    "aiml": _named("AIML", "https://api.aimlapi.com/v1"),
    "baseten": _named("BASETEN", "https://inference.baseten.co/v1"),
    "cerebras": _named("CEREBRAS", "https://api.cerebras.ai/v1"),
    "cometapi": _named("COMETAPI", "https://api.cometapi.com/v1"),
    "dashscope": _named("DASHSCOPE", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"),
    "deepinfra": _named("DEEPINFRA", "https://api.deepinfra.com/v1/openai"),
    "deepseek": _named("DEEPSEEK", "https://api.deepseek.com/v1", own_thinking=True),
    "featherless_ai": _named("FEATHERLESS_AI", "https://api.featherless.ai/v1"),
    "fireworks_ai": _named("FIREWORKS_AI", "https://api.fireworks.ai/inference/v1"),
    "friendliai": Provider(
        "openai",
        "https://api.friendli.ai/serverless/v1",
        ("FRIENDLI_API_BASE",),
        ("FRIENDLIAI_API_KEY", "FRIENDLI_TOKEN"),
    ),
    "github": _named("GITHUB", "https://models.inference.ai.azure.com", lists=False),
    "groq": _named("GROQ", "https://api.groq.com/openai/v1"),
    "hyperbolic": _named("HYPERBOLIC", "https://api.hyperbolic.xyz/v1"),
    "inception": _named("INCEPTION", "https://api.inceptionlabs.ai/v1"),
    "lambda_ai": _named("LAMBDA", "https://api.lambda.ai/v1"),
    "meta_llama": _named("LLAMA", "https://api.llama.com/compat/v1"),
    "minimax": _named("MINIMAX", "https://api.minimax.io/v1", lists=False),
    "modelscope": _named("MODELSCOPE", "https://api-inference.modelscope.cn/v1"),
    "moonshot": _named("MOONSHOT", "https://api.moonshot.ai/v1", own_thinking=True),
    "morph": _named("MORPH", "https://api.morphllm.com/v1", lists=False),
    "nebius": _named("NEBIUS", "https://api.studio.nebius.ai/v1"),
    "novita": _named("NOVITA", "https://api.novita.ai/v3/openai"),
    "nscale": _named("NSCALE", "https://inference.api.nscale.com/v1"),
    "nvidia_nim": _named("NVIDIA_NIM", "https://integrate.api.nvidia.com/v1"),
    "openrouter": _named("OPENROUTER", "https://openrouter.ai/api/v1"),
    "perplexity": Provider(
        "openai",
        "https://api.perplexity.ai",
        ("PERPLEXITY_API_BASE",),
        ("PERPLEXITYAI_API_KEY", "PERPLEXITY_API_KEY"),
        lists=False,
    ),
    "sambanova": _named("SAMBANOVA", "https://api.sambanova.ai/v1"),
    "together_ai": Provider(
        "openai",
        "https://api.together.xyz/v1",
        ("TOGETHERAI_API_BASE", "TOGETHER_AI_API_BASE"),
        ("TOGETHERAI_API_KEY", "TOGETHER_API_KEY", "TOGETHER_AI_API_KEY"),
    ),
    "v0": _named("V0", "https://api.v0.dev/v1", lists=False),
    "vercel_ai_gateway": _named("VERCEL_AI_GATEWAY", "https://ai-gateway.vercel.sh/v1"),
    "volcengine": Provider(
        "openai",
        "https://ark.cn-beijing.volces.com/api/v3",
        ("VOLCENGINE_API_BASE",),
        ("VOLCENGINE_API_KEY", "ARK_API_KEY"),
        lists=False,
        own_thinking=True,
    ),
    "wandb": _named("WANDB", "https://api.inference.wandb.ai/v1"),
    "xai": _named("XAI", "https://api.x.ai/v1"),
    "zai": _named("ZAI", "https://api.z.ai/api/paas/v4", lists=False, own_thinking=True),
}
"""By the word before the slash."""

# Names without a provider that LiteLLM resolves by itself, and that can be of one provider only.
# A name with a colon is one of Ollama's, such as gpt-oss:20b.
_BARE: tuple[tuple[str, str], ...] = (
    (r"ft:(gpt-\d|davinci|babbage)[\w.:-]*", "openai"),
    (r"(gpt-\d|o[1-9](-|$)|chatgpt-|text-embedding-(3|ada)|dall-e-|whisper-1|tts-1)[\w.-]*",
     "openai"),
    (r"claude-[\w.-]+", "anthropic"),
    (r"gemini-[\w.-]+", "vertex_ai"),
    (r"(command-|embed-(english|multilingual)-|rerank-)[\w.-]*", "cohere"),
    (r"((us|eu|apac|global)\.)?(amazon|anthropic|meta|cohere|ai21|mistral|writer)\.[\w.:-]+",
     "bedrock"),
)  # fmt: skip
_WORD = re.compile(r"[a-z0-9_-]+")
# Providers of LiteLLM whose names look like one of those above, misspelt.
_OTHERS = frozenset({"clf_ai_gateway", "text-completion-codestral"})


def find_provider(text: str, given: str = "") -> tuple[str, str]:
    """Return provider and name of a ``model``; ``given`` is custom_llm_provider.

    The provider need not be one of PROVIDERS: LiteLLM has more. Raises ValueError, saying what to
    write, for a text that names none, and for one that looks like a known one misspelt.
    """
    if given and text.partition("/")[0] not in PROVIDERS:
        return given, text.removeprefix(f"{given}/")
    provider, slash, model = text.partition("/")
    if provider in PROVIDERS and model:
        return provider, model
    bare = next((name for form, name in _BARE if re.fullmatch(form, text)), "")
    if bare and not slash:
        return bare, text
    unknown = slash and provider not in PROVIDERS
    doubtful = unknown and provider not in _OTHERS
    near: list[str] = []
    if doubtful:
        import difflib  # hardly ever needed, and so not loaded by each gateway

        near = difflib.get_close_matches(provider, PROVIDERS, 1, 0.8)
    if near:
        raise ValueError(f"{provider!r} is no provider; did you mean {near[0]}/{model}?")
    if unknown and model and _WORD.fullmatch(provider):
        return provider, model
    raise ValueError(
        f"{text!r} does not start with a provider; write ollama/{text} for a model of Ollama, "
        f"openai/{text} with api_base for an OpenAI-compatible server, or embedded/{text}"
    )
