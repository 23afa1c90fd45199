"""OpenAI's API: chat completions, completions, responses and embeddings, and its servers."""

from __future__ import annotations

import re
from typing import Any

from core.translation.dialects.api import Api, BackendKind, Operation
from core.translation.dialects.dialect import Choices, Dialect, EmbeddingDialect, Passing
from core.translation.dialects.openai import (
    chat,
    chat_stream,
    choices,
    completions,
    completions_stream,
    embeddings,
    fields,
    signature,
)
from core.translation.dialects.openai.responses import dialect as responses_dialect
from core.translation.dialects.openai.responses import stream as responses_stream
from core.translation.dialects.shared import operations as of
from core.translation.dialects.shared.plain import PLAIN_CHAT
from core.translation.dialects.shared.thinking import dump_effort
from core.translation.messages import Usage

_COUNT = "/v1/responses/input_tokens"


def _usage(body: dict[str, Any]) -> Usage | None:
    return chat.parse_usage(body.get("usage"))


_PASSING = Passing(
    whole="choices",
    usage=_usage,
    end=re.compile(rb'"finish_reason"\s*:\s*"').search,
    ended=chat_stream.is_finished,
    counts=(b"usage", b'"timings"'),
)

_CHAT = Dialect(
    name="openai",
    label="OpenAI",
    path="/v1/chat/completions",
    aligned=True,
    partner="ollama",
    settings=chat.SETTINGS,
    parse_request=chat.parse_request,
    dump_request=chat.dump_request,
    parse_response=chat.parse_response,
    dump_response=chat.dump_response,
    dump_error=chat.dump_error,
    decoder=chat_stream.StreamDecoder,
    encoder=chat_stream.StreamEncoder,
    signature=signature.CHAT_SIGNATURE,
    plain=PLAIN_CHAT,
    passing=_PASSING,
    dump_effort=dump_effort,
    choices=Choices(choices.split_chats, choices.join_choices, choices.ChoicesStream),
)

_COMPLETIONS = Dialect(
    name="completions",
    label="OpenAI completions",
    path="/v1/completions",
    task="text_completion",
    partner="generate",
    settings=completions.SETTINGS,
    parse_request=completions.parse_request,
    dump_request=completions.dump_request,
    parse_response=completions.parse_response,
    dump_response=completions.dump_response,
    dump_error=chat.dump_error,
    decoder=completions_stream.StreamDecoder,
    encoder=completions_stream.StreamEncoder,
    signature=signature.COMPLETIONS,
    passing=_PASSING,
    choices=Choices(choices.split_prompts, choices.join_choices, choices.ChoicesStream),
)

_RESPONSES = Dialect(
    name="responses",
    label="OpenAI responses",
    path="/v1/responses",
    partner="ollama",
    settings=responses_dialect.SETTINGS,
    parse_request=responses_dialect.parse_request,
    dump_request=responses_dialect.dump_request,
    parse_response=responses_dialect.parse_response,
    dump_response=responses_dialect.dump_response,
    dump_error=chat.dump_error,
    decoder=responses_stream.StreamDecoder,
    encoder=responses_stream.StreamEncoder,
    signature=signature.RESPONSES,
    keeps=True,
    counts_at=_COUNT,
    counted={"object": "response.input_tokens"},
)

_EMBEDDINGS = EmbeddingDialect(
    name="embeddings",
    label="OpenAI",
    partner="ollama",
    path="/v1/embeddings",
    chat="openai",
    plain=frozenset({"model", "input", "encoding_format"}),
    columns=fields.EMBEDDINGS,
    parse_request=embeddings.parse_request,
    dump_request=embeddings.dump_request,
    parse_response=embeddings.parse_response,
    dump_response=embeddings.dump_response,
    dump_error=chat.dump_error,
    signature=signature.EMBEDDINGS,
)

_BACKEND = BackendKind(
    name="openai",
    chat="openai",
    bare="completions",
    embeddings=("embeddings",),
    speaks=frozenset({"openai", "completions"}),
    fetches_images=True,
    knows_tool_choice=True,
    hosted=True,
)

_OPERATIONS = (
    Operation("post", "/v1/chat/completions", "Answer a conversation",
              ("model", "messages"), {**of.CHAT, "max_completion_tokens": of.COUNT}, streams=True),
    Operation("post", "/v1/completions", "Go on with a text",
              ("model", "prompt"), {**of.SAMPLED, "max_tokens": of.COUNT}, streams=True),
    Operation("post", "/v1/responses", "Answer, and remember the conversation",
              ("model", "input"),
              {"model": of.TEXT, "input": {"anyOf": [of.TEXT, of.OBJECTS]},
               "previous_response_id": of.TEXT, "stream": of.FLAG}, streams=True),
    Operation("post", _COUNT, "How many tokens a request has",
              ("model", "input"), {"model": of.TEXT, "input": {"anyOf": [of.TEXT, of.OBJECTS]},
                                   "previous_response_id": of.TEXT}),
    Operation("post", "/v1/responses/compact", "Not offered: 501 says what to do instead"),
    Operation("get", "/v1/responses/{id}", "A response that is kept"),
    Operation("delete", "/v1/responses/{id}", "Forget a response"),
    Operation("get", "/v1/responses/{id}/input_items", "What a response answers"),
    Operation("post", "/v1/embeddings", "Vectors of texts",
              ("model", "input"), {"model": of.TEXT, "input": of.ANY_TEXT}),
    Operation("get", "/v1/models", "All models"),
    Operation("get", "/v1/models/{name}", "One model"),
)  # fmt: skip

API = Api(
    name="openai",
    label="OpenAI",
    dialects=(_CHAT, _COMPLETIONS, _RESPONSES),
    embeddings=(_EMBEDDINGS,),
    backend=_BACKEND,
    # Whatever is no other API's is said in the words that most clients know.
    prefixes=("",),
    operations=_OPERATIONS,
    base_url="https://api.openai.com/v1",
)
