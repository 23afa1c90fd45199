"""Ollama's dialects of embeddings: POST /api/embed, and the older POST /api/embeddings.

Follows Ollama's docs/api.md (0.33.0-rc2). /api/embed gives vectors of length 1, the older route
gives them as they are.
"""

from __future__ import annotations

from typing import Any

from core.errors import InvalidResponse, Unsupported
from core.translation.codec.json import read_count, read_items, read_text
from core.translation.dialects.shared.embeddings import (
    EmbeddingRequest,
    EmbeddingResponse,
    cut,
    read_dimensions,
    read_inputs,
    read_settings,
    read_vector,
    unit,
)
from core.translation.dialects.shared.errors import check_error
from core.translation.stamp import Stamp


def parse_embed(body: dict[str, Any]) -> EmbeddingRequest:
    """Read the body of POST /api/embed; no input at all only loads the model."""
    inputs = read_inputs(body.get("input"), "input")
    return EmbeddingRequest(
        model=read_text(body.get("model"), "model"),
        inputs=() if inputs == ("",) else inputs,
        dimensions=read_dimensions(body),
        settings=read_settings(body),
    )


def parse_legacy(body: dict[str, Any]) -> EmbeddingRequest:
    """Read the body of POST /api/embeddings: one prompt."""
    prompt = read_text(body.get("prompt"), "prompt")
    return EmbeddingRequest(
        model=read_text(body.get("model"), "model"),
        inputs=(prompt,) if prompt else (),
        settings=read_settings(body),
    )


def dump_embed(request: EmbeddingRequest) -> dict[str, Any]:
    """Write the body of POST /api/embed."""
    body: dict[str, Any] = {"model": request.model, "input": list(request.inputs)}
    if request.dimensions is not None:
        body["dimensions"] = request.dimensions
    return {**body, **request.settings}


def dump_legacy(request: EmbeddingRequest) -> dict[str, Any]:
    """Write the body of POST /api/embeddings. Raises Unsupported for several texts."""
    if len(request.inputs) > 1:
        raise Unsupported("/api/embeddings takes one text at a time", path="input")
    settings = {k: v for k, v in request.settings.items() if k != "truncate"}
    return {"model": request.model, "prompt": "".join(request.inputs), **settings}


def parse_embed_response(body: dict[str, Any]) -> EmbeddingResponse:
    """Read an answer of /api/embed."""
    check_error(body)
    vectors = read_items(body.get("embeddings"), "embeddings", blame=InvalidResponse)
    return EmbeddingResponse(
        model=read_text(body.get("model"), "model", blame=InvalidResponse),
        vectors=tuple(read_vector(v, f"embeddings[{i}]") for i, v in enumerate(vectors)),
        prompt_tokens=read_count(body.get("prompt_eval_count")),
        total=read_count(body.get("total_duration")),
        load=read_count(body.get("load_duration")),
    )


def parse_legacy_response(body: dict[str, Any]) -> EmbeddingResponse:
    """Read an answer of /api/embeddings."""
    check_error(body)
    vector = read_vector(body.get("embedding"), "embedding")
    return EmbeddingResponse(model="", vectors=(vector,) if vector else ())


def dump_embed_response(
    response: EmbeddingResponse, request: EmbeddingRequest, stamp: Stamp
) -> dict[str, Any]:
    """Write an answer of /api/embed: vectors of length 1."""
    body: dict[str, Any] = {
        "model": stamp.model,
        "embeddings": [unit(cut(v, request.dimensions)) for v in response.vectors],
    }
    numbers = {
        "total_duration": response.total,
        "load_duration": response.load,
        "prompt_eval_count": response.prompt_tokens,
    }
    return {**body, **{name: value for name, value in numbers.items() if value}}


def dump_legacy_response(
    response: EmbeddingResponse, request: EmbeddingRequest, stamp: Stamp
) -> dict[str, Any]:
    """Write an answer of /api/embeddings: one vector as it is, or none."""
    del request, stamp
    return {"embedding": response.vectors[0] if response.vectors else []}
