"""LangChain's own tests of chat models, by OpenAI's and by Ollama's client, over both backends.

Skipped are, by LangChain's own switches: PDF and audio, which neither dialect carries to these
models; its recordings (VCR) and timings, which judge its own code; Anthropic's blocks, which
its OpenAI and Ollama clients do not send; and by Ollama's client tool_choice, which its API has
not, and images in tool results, which it does not send.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_ollama import ChatOllama
from langchain_openai import ChatOpenAI
from langchain_tests.integration_tests import ChatModelIntegrationTests

# No faults of what is tested here: LangChain's clients leave sockets for the garbage collector
# to close, and warn of schemas and types that its own tests use.
pytestmark = [
    pytest.mark.langchain,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


class ByClient(ChatModelIntegrationTests):
    """What holds for both clients."""

    name = ""

    url = ""

    @pytest.fixture(autouse=True)
    def _placed(self, diglot: str) -> Iterator[None]:
        type(self).url = diglot
        yield
        gc.collect()  # here, where what it finds is no error

    @property
    def model_override_value(self) -> str:
        return "over-openai" if self.name == "over-ollama" else "over-ollama"

    @property
    def supports_image_inputs(self) -> bool:
        return True

    @property
    def supports_json_mode(self) -> bool:
        return True


class ByOpenAI(ByClient):
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatOpenAI

    @property
    def chat_model_params(self) -> dict[str, Any]:
        # LangChain asks servers that are not OpenAI's own for no usage, unless told to.
        base = {"base_url": f"{self.url}/v1", "api_key": "any", "stream_usage": True}
        return {"model": self.name, **base}

    @property
    def supports_image_tool_message(self) -> bool:
        return True


class ByOllama(ByClient):
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatOllama

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": self.name, "base_url": self.url}

    @property
    def has_tool_choice(self) -> bool:
        return False  # Ollama's dialect has none


class TestOpenAIOverOllama(ByOpenAI):
    name = "over-ollama"


class TestOpenAIOverOpenAI(ByOpenAI):
    name = "over-openai"


class TestOllamaOverOllama(ByOllama):
    name = "over-ollama"


class TestOllamaOverOpenAI(ByOllama):
    name = "over-openai"
