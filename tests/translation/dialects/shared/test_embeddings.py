"""Embeddings in three dialects."""

from __future__ import annotations

import math
import struct
from base64 import b64decode
from typing import Any

import pytest

from core.errors import DiglotError, InvalidRequest, InvalidResponse, Unsupported
from core.translation.dialects.registry import EMBEDDING_DIALECTS
from core.translation.dialects.shared.embeddings import EmbeddingResponse
from core.translation.stamp import Stamp

OPENAI, EMBED, LEGACY = (EMBEDDING_DIALECTS[n] for n in ("embeddings", "embed", "embed_legacy"))
VECTORS = EmbeddingResponse(model="m", vectors=([3.0, 4.0], [0.1, -0.2]), prompt_tokens=7, total=9)


def written(dialect: Any, asked: dict[str, Any], response: EmbeddingResponse = VECTORS) -> Any:
    stamp = Stamp(id="1", created=0, model="alias", asked=asked)
    return dialect.dump_response(response, dialect.parse_request(asked), stamp)


@pytest.mark.parametrize("encoding", ["base64", "BASE64"])
def test_base64_is_little_endian_floats(encoding: str) -> None:
    body = written(OPENAI, {"model": "m", "input": ["a", "b"], "encoding_format": encoding})
    packed = [entry["embedding"] for entry in body["data"]]
    assert struct.unpack("<2f", b64decode(packed[0])) == (3.0, 4.0)
    # Ollama 0.33 openai/openai_encoding_format_test.go
    golden = EmbeddingResponse(model="m", vectors=([0.1, -0.2, 0.3],))
    asked = {"model": "m", "input": "a", "encoding_format": encoding}
    assert written(OPENAI, asked, golden)["data"][0]["embedding"] == "zczMPc3MTL6amZk+"
    assert OPENAI.parse_response(body).vectors[0] == [3.0, 4.0]


def test_floats_are_the_default_and_the_order_stays() -> None:
    body = written(OPENAI, {"model": "m", "input": ["a", "b"]})
    assert [(e["index"], e["embedding"]) for e in body["data"]] == [
        (0, [3.0, 4.0]),
        (1, [0.1, -0.2]),
    ]
    assert body["usage"] == {"prompt_tokens": 7, "total_tokens": 7}
    assert body["model"] == "alias"
    turned = {"data": [{"index": 1, "embedding": [1.0]}, {"index": 0, "embedding": [2.0]}]}
    assert OPENAI.parse_response(turned).vectors == ([2.0], [1.0])


def test_embed_gives_unit_vectors() -> None:
    body = written(EMBED, {"model": "m", "input": ["a", "b"]})
    assert [math.hypot(*vector) for vector in body["embeddings"]] == pytest.approx([1, 1])
    assert body["prompt_eval_count"] == 7 and body["total_duration"] == 9
    assert "load_duration" not in body
    assert written(LEGACY, {"model": "m", "prompt": "a"})["embedding"] == [3.0, 4.0]


def test_a_vector_that_is_too_long_is_cut() -> None:
    long = EmbeddingResponse(model="m", vectors=([3.0, 4.0, 12.0],))
    asked = {"model": "m", "input": "a", "dimensions": 2}
    assert written(OPENAI, asked, long)["data"][0]["embedding"] == pytest.approx([0.6, 0.8])
    assert written(EMBED, asked, long)["embeddings"] == [pytest.approx([0.6, 0.8])]


def test_no_text_only_loads_natively() -> None:
    for empty in ("", [], None):
        assert EMBED.parse_request({"model": "m", "input": empty}).inputs == ()
    assert LEGACY.parse_request({"model": "m", "prompt": ""}).inputs == ()
    assert OPENAI.parse_request({"model": "m", "input": ""}).inputs == ("",)


@pytest.mark.parametrize(
    ("body", "kind", "path"),
    [
        ({"input": None}, InvalidRequest, "input"),
        ({"input": []}, InvalidRequest, "input"),
        ({"input": [1, 2]}, Unsupported, "input"),
        ({"input": [[1]]}, Unsupported, "input"),
        ({"input": ["a", {}]}, InvalidRequest, "input[1]"),
        ({"input": "a", "encoding_format": "hex"}, InvalidRequest, "encoding_format"),
        ({"input": "a", "dimensions": "x"}, InvalidRequest, "dimensions"),
    ],
)
def test_bad_requests_name_the_place(
    body: dict[str, Any], kind: type[DiglotError], path: str
) -> None:
    with pytest.raises(kind) as caught:
        OPENAI.parse_request({"model": "m", **body})
    assert (caught.value.path, caught.value.status) == (path, 400)


def test_ollamas_own_settings_of_another_kind_are_left_out() -> None:
    """As Ollama's own /v1 passes them over."""
    odd = {"keep_alive": True, "truncate": "x", "options": 7}
    assert OPENAI.parse_request({"model": "m", "input": "a", **odd}).settings == {}
    good = {"keep_alive": 5, "truncate": True, "options": {"num_ctx": 8}}
    assert OPENAI.parse_request({"model": "m", "input": "a", **good}).settings == good


@pytest.mark.parametrize(
    "body", [{"data": 5}, {"data": [5]}, {"data": [{"embedding": "x"}]},
             {"data": [{"embedding": [True]}]}]
)  # fmt: skip
def test_bad_answers_are_the_backends_fault(body: dict[str, Any]) -> None:
    with pytest.raises(InvalidResponse):
        OPENAI.parse_response(body)


def test_settings_of_ollama_may_come_from_any_client() -> None:
    request = OPENAI.parse_request(
        {"model": "m", "input": "a", "keep_alive": "-1", "options": {"num_ctx": 9}}
    )
    assert EMBED.dump_request(request) == {
        "model": "m",
        "input": ["a"],
        "keep_alive": -1,
        "options": {"num_ctx": 9},
    }
    assert OPENAI.dump_request(request) == {
        "model": "m",
        "input": ["a"],
        "encoding_format": "float",
    }
