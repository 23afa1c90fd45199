"""Embeddings in three dialects: OpenAI's /v1/embeddings, Ollama's /api/embed and its older
/api/embeddings.

Follows Ollama's docs/api.md and openai/openai.go (0.33.0-rc2) and OpenAI's API reference.
/api/embed gives vectors of length 1, the older route gives them as they are. OpenAI's SDKs ask
for base64 without being told to, so it must be given: little-endian 32-bit floats.
"""

from __future__ import annotations

import math
import struct
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, field

from core.errors import BackendError, InvalidRequest, InvalidResponse, Unsupported
from core.translation.codec.json import (
    encode_json,
    read_count,
    read_items,
    read_object,
    read_setting,
    read_text,
)
from core.translation.dialects.ollama import chat as ollama
from core.translation.dialects.openai import chat as openai
from core.translation.stamp import Stamp

__all__ = ["EMBEDDING_DIALECTS", "EmbeddingDialect", "EmbeddingRequest", "EmbeddingResponse"]

Vector = list[float]

_WANTED = "input must be a string or a list of strings"


class EmbeddingRequest(Struct, frozen=True, kw_only=True):
    """Texts to embed. ``dimensions`` cuts the vectors; ``settings`` are Ollama's own fields."""

    model: str
    inputs: tuple[str, ...] = ()
    dimensions: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


class EmbeddingResponse(Struct, frozen=True, kw_only=True):
    """One vector for each text, in order. Durations in ns, 0 where not measured."""

    model: str
    vectors: tuple[Vector, ...]
    prompt_tokens: int = 0
    total: int = 0
    load: int = 0


def _inputs(value: Any, path: str) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    items = read_items(value, path)
    if items and all(isinstance(item, int | list) for item in items):
        raise Unsupported(
            f"{path} holds token numbers, which mean another text to every model; send text",
            path=path,
        )
    for index, item in enumerate(items):
        if not isinstance(item, str):
            raise InvalidRequest(_WANTED, path=f"{path}[{index}]")
    return tuple(items)


def _native_settings(body: Mapping[str, Any]) -> dict[str, Any]:
    """Read what only Ollama knows. Nulls count as absent."""
    kinds = (("truncate", "boolean"), ("keep_alive", "duration"))
    settings: dict[str, Any] = {
        name: read_setting(body[name], kind, name)  # type: ignore[arg-type]
        for name, kind in kinds
        if body.get(name) is not None
    }
    if body.get("options"):
        settings["options"] = read_object(body["options"], "options")
    return settings


def _dimensions(body: Mapping[str, Any]) -> int | None:
    value = body.get("dimensions")
    if value is None:
        return None
    number = read_setting(value, "integer", "dimensions")
    return int(number) if number > 0 else None


def parse_openai(body: dict[str, Any]) -> EmbeddingRequest:
    """Read the body of POST /v1/embeddings."""
    inputs = _inputs(body.get("input"), "input")
    if not inputs:
        raise InvalidRequest(_WANTED, path="input")
    encoding = body.get("encoding_format")
    if encoding is not None and str(encoding).lower() not in ("float", "base64"):
        raise InvalidRequest('encoding_format must be "float" or "base64"', path="encoding_format")
    return EmbeddingRequest(
        model=read_text(body.get("model"), "model"),
        inputs=inputs,
        dimensions=_dimensions(body),
        settings=_native_settings(body),
    )


def parse_embed(body: dict[str, Any]) -> EmbeddingRequest:
    """Read the body of POST /api/embed; no input at all only loads the model."""
    inputs = _inputs(body.get("input"), "input")
    return EmbeddingRequest(
        model=read_text(body.get("model"), "model"),
        inputs=() if inputs == ("",) else inputs,
        dimensions=_dimensions(body),
        settings=_native_settings(body),
    )


def parse_legacy(body: dict[str, Any]) -> EmbeddingRequest:
    """Read the body of POST /api/embeddings: one prompt."""
    prompt = read_text(body.get("prompt"), "prompt")
    return EmbeddingRequest(
        model=read_text(body.get("model"), "model"),
        inputs=(prompt,) if prompt else (),
        settings=_native_settings(body),
    )


def dump_openai(request: EmbeddingRequest) -> dict[str, Any]:
    """Write the body of POST /v1/embeddings."""
    body: dict[str, Any] = {
        "model": request.model,
        "input": list(request.inputs),
        "encoding_format": "float",
    }
    return body if request.dimensions is None else {**body, "dimensions": request.dimensions}


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


def parse_openai_response(body: dict[str, Any]) -> EmbeddingResponse:
    """Read an answer of /v1/embeddings: numbers or base64, sorted by index."""
    _check_error(body, openai.parse_error)
    data = read_items(body.get("data"), "data", blame=InvalidResponse)
    entries = [read_object(e, f"data[{i}]", blame=InvalidResponse) for i, e in enumerate(data)]
    entries.sort(key=lambda entry: read_count(entry.get("index")))
    usage = body.get("usage")
    return EmbeddingResponse(
        model=read_text(body.get("model"), "model", blame=InvalidResponse),
        vectors=tuple(_vector(e.get("embedding"), f"data[{i}]") for i, e in enumerate(entries)),
        prompt_tokens=read_count(usage.get("prompt_tokens")) if isinstance(usage, dict) else 0,
    )


def parse_embed_response(body: dict[str, Any]) -> EmbeddingResponse:
    """Read an answer of /api/embed."""
    _check_error(body, ollama.parse_error)
    vectors = read_items(body.get("embeddings"), "embeddings", blame=InvalidResponse)
    return EmbeddingResponse(
        model=read_text(body.get("model"), "model", blame=InvalidResponse),
        vectors=tuple(_vector(v, f"embeddings[{i}]") for i, v in enumerate(vectors)),
        prompt_tokens=read_count(body.get("prompt_eval_count")),
        total=read_count(body.get("total_duration")),
        load=read_count(body.get("load_duration")),
    )


def parse_legacy_response(body: dict[str, Any]) -> EmbeddingResponse:
    """Read an answer of /api/embeddings."""
    _check_error(body, ollama.parse_error)
    vector = _vector(body.get("embedding"), "embedding")
    return EmbeddingResponse(model="", vectors=(vector,) if vector else ())


def dump_openai_response(
    response: EmbeddingResponse, request: EmbeddingRequest, stamp: Stamp
) -> dict[str, Any]:
    """Write an answer of /v1/embeddings, in base64 where that was asked for."""
    packed = str(stamp.asked.get("encoding_format")).lower() == "base64"
    vectors = [_cut(vector, request.dimensions) for vector in response.vectors]
    return {
        "object": "list",
        "data": [
            {
                "object": "embedding",
                "index": index,
                "embedding": _packed(vector) if packed else vector,
            }
            for index, vector in enumerate(vectors)
        ],
        "model": stamp.model,
        "usage": {
            "prompt_tokens": response.prompt_tokens,
            "total_tokens": response.prompt_tokens,
        },
    }


def dump_embed_response(
    response: EmbeddingResponse, request: EmbeddingRequest, stamp: Stamp
) -> dict[str, Any]:
    """Write an answer of /api/embed: vectors of length 1."""
    body: dict[str, Any] = {
        "model": stamp.model,
        "embeddings": [_unit(_cut(v, request.dimensions)) for v in response.vectors],
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


class EmbeddingDialect(Struct, frozen=True, kw_only=True):
    """One of the three routes, and the functions that read and write it."""

    name: str
    path: str
    chat: str
    """The chat dialect in whose words errors are said."""
    parse_request: Callable[[dict[str, Any]], EmbeddingRequest]
    dump_request: Callable[[EmbeddingRequest], dict[str, Any]]
    parse_response: Callable[[dict[str, Any]], EmbeddingResponse]
    dump_response: Callable[[EmbeddingResponse, EmbeddingRequest, Stamp], dict[str, Any]]


EMBEDDING_DIALECTS: Mapping[str, EmbeddingDialect] = {
    dialect.name: dialect
    for dialect in (
        EmbeddingDialect(
            name="embeddings",
            path="/v1/embeddings",
            chat="openai",
            parse_request=parse_openai,
            dump_request=dump_openai,
            parse_response=parse_openai_response,
            dump_response=dump_openai_response,
        ),
        EmbeddingDialect(
            name="embed",
            path="/api/embed",
            chat="ollama",
            parse_request=parse_embed,
            dump_request=dump_embed,
            parse_response=parse_embed_response,
            dump_response=dump_embed_response,
        ),
        EmbeddingDialect(
            name="embed_legacy",
            path="/api/embeddings",
            chat="ollama",
            parse_request=parse_legacy,
            dump_request=dump_legacy,
            parse_response=parse_legacy_response,
            dump_response=dump_legacy_response,
        ),
    )
}


def _check_error(body: dict[str, Any], parse: Callable[[bytes, int], BackendError]) -> None:
    if body.get("error"):
        raise parse(encode_json(body), BackendError.status)


def _vector(value: Any, path: str) -> Vector:
    if isinstance(value, str):
        try:
            data = b64decode(value, validate=True)
            return list(struct.unpack(f"<{len(data) // 4}f", data))
        except (Base64Error, ValueError, struct.error) as exc:
            raise InvalidResponse(f"{path} is no base64 of 32-bit floats", path=path) from exc
    numbers = read_items(value, path, blame=InvalidResponse)
    if not all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers):
        raise InvalidResponse(f"{path} must hold numbers", path=path)
    return numbers


def _packed(vector: Vector) -> str:
    try:
        return b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
    except (OverflowError, struct.error) as exc:
        raise InvalidResponse("the backend's vector does not fit 32-bit floats") from exc


def _cut(vector: Vector, dimensions: int | None) -> Vector:
    """Cut a vector that the backend left longer than asked, and make its length 1 again."""
    if dimensions is None or len(vector) <= dimensions:
        return vector
    return _unit(vector[:dimensions])


def _unit(vector: Vector) -> Vector:
    length = math.sqrt(math.fsum(x * x for x in vector))
    # Already of length 1 as far as 32-bit floats can tell: left as it was said.
    if length == 0 or abs(length - 1) < 1e-5 or not math.isfinite(length):
        return vector
    return [x / length for x in vector]
