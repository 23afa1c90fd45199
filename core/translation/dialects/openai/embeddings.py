"""OpenAI's dialect of embeddings: POST /v1/embeddings.

Follows OpenAI's API reference (2026-08). OpenAI's SDKs ask for base64 without being told to, so
it must be given: little-endian 32-bit floats.
"""

from __future__ import annotations

from typing import Any

from core.errors import InvalidRequest, InvalidResponse
from core.translation.codec.json import read_count, read_items, read_object, read_text
from core.translation.dialects.shared.embeddings import (
    WANTED,
    EmbeddingRequest,
    EmbeddingResponse,
    cut,
    pack,
    read_dimensions,
    read_inputs,
    read_settings,
    read_vector,
)
from core.translation.dialects.shared.errors import check_error
from core.translation.stamp import Stamp


def parse_request(body: dict[str, Any]) -> EmbeddingRequest:
    """Read the body of POST /v1/embeddings."""
    inputs = read_inputs(body.get("input"), "input")
    if not inputs:
        raise InvalidRequest(WANTED, path="input")
    encoding = body.get("encoding_format")
    if encoding is not None and str(encoding).lower() not in ("float", "base64"):
        raise InvalidRequest('encoding_format must be "float" or "base64"', path="encoding_format")
    return EmbeddingRequest(
        model=read_text(body.get("model"), "model"),
        inputs=inputs,
        dimensions=read_dimensions(body),
        settings=read_settings(body),
    )


def dump_request(request: EmbeddingRequest) -> dict[str, Any]:
    """Write the body of POST /v1/embeddings."""
    body: dict[str, Any] = {
        "model": request.model,
        "input": list(request.inputs),
        "encoding_format": "float",
    }
    return body if request.dimensions is None else {**body, "dimensions": request.dimensions}


def parse_response(body: dict[str, Any]) -> EmbeddingResponse:
    """Read an answer of /v1/embeddings: numbers or base64, sorted by index."""
    check_error(body)
    data = read_items(body.get("data"), "data", blame=InvalidResponse)
    entries = [read_object(e, f"data[{i}]", blame=InvalidResponse) for i, e in enumerate(data)]
    entries.sort(key=lambda entry: read_count(entry.get("index")))
    usage = body.get("usage")
    return EmbeddingResponse(
        model=read_text(body.get("model"), "model", blame=InvalidResponse),
        vectors=tuple(read_vector(e.get("embedding"), f"data[{i}]") for i, e in enumerate(entries)),
        prompt_tokens=read_count(usage.get("prompt_tokens")) if isinstance(usage, dict) else 0,
    )


def dump_response(
    response: EmbeddingResponse, request: EmbeddingRequest, stamp: Stamp
) -> dict[str, Any]:
    """Write an answer of /v1/embeddings, in base64 where that was asked for."""
    packed = str(stamp.asked.get("encoding_format")).lower() == "base64"
    vectors = [cut(vector, request.dimensions) for vector in response.vectors]
    return {
        "object": "list",
        "data": [
            {
                "object": "embedding",
                "index": index,
                "embedding": pack(vector) if packed else vector,
            }
            for index, vector in enumerate(vectors)
        ],
        "model": stamp.model,
        "usage": {
            "prompt_tokens": response.prompt_tokens,
            "total_tokens": response.prompt_tokens,
        },
    }
