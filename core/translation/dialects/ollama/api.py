"""Ollama's own API: chat, generate and embeddings, and its servers."""

from __future__ import annotations

import re
from typing import Any

from msgspec.structs import replace

from core.translation.dialects.api import Api, BackendKind, Operation
from core.translation.dialects.dialect import Dialect, EmbeddingDialect, Passing
from core.translation.dialects.ollama import (
    chat,
    chat_stream,
    embed,
    fields,
    generate,
    signature,
)
from core.translation.dialects.shared import operations as of
from core.translation.dialects.shared.plain import PLAIN
from core.translation.stamp import Stamp, rfc3339


def _loaded(stamp: Stamp, now: int, unload: bool, empty: dict[str, Any]) -> dict[str, Any]:
    return {
        "model": stamp.model,
        "created_at": rfc3339(now),
        **empty,
        "done": True,
        "done_reason": "unload" if unload else "load",
    }


def _chat_loaded(stamp: Stamp, *, now: int, unload: bool) -> dict[str, Any]:
    return _loaded(stamp, now, unload, {"message": {"role": "assistant", "content": ""}})


def _generate_loaded(stamp: Stamp, *, now: int, unload: bool) -> dict[str, Any]:
    return _loaded(stamp, now, unload, {"response": ""})


def _embed_loaded(stamp: Stamp, *, now: int, unload: bool) -> dict[str, Any]:
    return {"model": stamp.model, "embeddings": []}


def _legacy_loaded(stamp: Stamp, *, now: int, unload: bool) -> dict[str, Any]:
    return {"embedding": []}


_PASSING = Passing(
    whole="done",
    usage=chat.parse_usage,
    end=re.compile(rb'"done"\s*:\s*true').search,
    ended=chat_stream.is_done,
    counts=(b'"done"',),
)

_CHAT = Dialect(
    name="ollama",
    label="Ollama chat",
    path="/api/chat",
    native=True,
    aligned=True,
    partner="openai",
    stream_type="application/x-ndjson",
    settings=chat.SETTINGS,
    parse_request=chat.parse_request,
    dump_request=chat.dump_request,
    parse_response=chat.parse_response,
    dump_response=chat.dump_response,
    dump_error=chat.dump_error,
    decoder=chat_stream.StreamDecoder,
    encoder=chat_stream.StreamEncoder,
    signature=signature.CHAT_SIGNATURE,
    plain=PLAIN,
    loaded=_chat_loaded,
    passing=_PASSING,
    dump_effort=chat.dump_think,
)

_GENERATE = replace(
    _CHAT,
    name="generate",
    label="Ollama generate",
    path="/api/generate",
    task="text_completion",
    settings=generate.SETTINGS,
    parse_request=generate.parse_request,
    dump_request=generate.dump_request,
    parse_response=generate.parse_response,
    dump_response=generate.dump_response,
    decoder=generate.StreamDecoder,
    encoder=generate.StreamEncoder,
    signature=signature.GENERATE,
    plain=None,
    loaded=_generate_loaded,
)

_EMBED = EmbeddingDialect(
    name="embed",
    label="Ollama embed",
    partner="openai",
    path="/api/embed",
    chat="ollama",
    native=True,
    columns=fields.EMBED,
    parse_request=embed.parse_embed,
    dump_request=embed.dump_embed,
    parse_response=embed.parse_embed_response,
    dump_response=embed.dump_embed_response,
    dump_error=chat.dump_error,
    signature=signature.EMBED,
    loaded=_embed_loaded,
)

_EMBED_LEGACY = replace(
    _EMBED,
    name="embed_legacy",
    label="Ollama embeddings",
    path="/api/embeddings",
    columns=fields.EMBED_LEGACY,
    parse_request=embed.parse_legacy,
    dump_request=embed.dump_legacy,
    parse_response=embed.parse_legacy_response,
    dump_response=embed.dump_legacy_response,
    signature=signature.EMBED_LEGACY,
    loaded=_legacy_loaded,
)

_BACKEND = BackendKind(
    name="ollama",
    chat="ollama",
    bare="generate",
    # The older route gives vectors as they are, which no other native route does.
    embeddings=("embed", "embed_legacy"),
    speaks=frozenset({"ollama", "generate"}),
    manages_models=True,
    loads_on_demand=True,
    switches_thinking=True,
    # Models that do not hear have been refused sounds before.
    accepts=frozenset({"audio"}),
)

_OPERATIONS = (
    Operation("post", "/api/chat", "Answer a conversation",
              ("model", "messages"), {**of.CHAT, "options": {"type": "object"},
                                      "keep_alive": {"anyOf": [of.TEXT, of.NUMBER]}}, streams=True),
    Operation("post", "/api/generate", "Go on with a text",
              ("model", "prompt"), of.SAMPLED, streams=True),
    Operation("post", "/api/embed", "Vectors of texts",
              ("model", "input"), {"model": of.TEXT, "input": of.ANY_TEXT}),
    Operation("post", "/api/embeddings", "The vector of a text",
              ("model", "prompt"), {"model": of.TEXT, "prompt": of.TEXT}),
    Operation("get", "/api/tags", "All models"),
    Operation("get", "/api/ps", "The models in memory"),
    Operation("get", "/api/version", "The version of the API"),
    Operation("post", "/api/show", "What a model is", ("model",), of.NAMED),
    Operation("post", "/api/pull", "Fetch a model", ("model",), of.NAMED, streams=True),
    Operation("post", "/api/push", "Upload a model", ("model",), of.NAMED, streams=True),
    Operation("post", "/api/create", "Make a model", ("model",),
              {**of.NAMED, "from": of.TEXT}, streams=True),
    Operation("post", "/api/copy", "Copy a model", ("source", "destination"),
              {"source": of.TEXT, "destination": of.TEXT}),
    Operation("delete", "/api/delete", "Delete a model", ("model",), of.NAMED),
    Operation("head", "/api/blobs/{digest}", "Whether a blob is there"),
    Operation("post", "/api/blobs/{digest}", "Upload a blob"),
)  # fmt: skip

API = Api(
    name="ollama",
    label="Ollama",
    dialects=(_CHAT, _GENERATE),
    embeddings=(_EMBED, _EMBED_LEGACY),
    backend=_BACKEND,
    prefixes=("/api",),
    operations=_OPERATIONS,
    base_url="http://localhost:11434",
)
