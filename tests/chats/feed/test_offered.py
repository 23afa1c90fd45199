"""The models of the picker: what each is and can; those that only make vectors are not offered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.chats.feed.offered import context_length, offer_models, talks
from core.words import words
from tests.support.scripted_backend import Said, running
from tests.support.whole_service import whole_service

NAMES = {"talker:7b": ["completion", "tools"], "vectors:1b": ["embedding"]}


def test_models_are_told_with_their_facts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running() as backend:
        entries = [
            {"name": name, "model": name, "size": 4_700_000_000, "digest": name,
             "details": {"parameter_size": "7.6B", "quantization_level": "Q4_K_M"}}
            for name in NAMES
        ]  # fmt: skip
        backend.json("/api/tags", {"models": entries})
        backend.json("/api/ps", {"models": []})

        def shown(body: dict[str, Any]) -> Said:
            about = {"qwen2.context_length": 32768}
            said = {"capabilities": NAMES[body["model"]], "model_info": about}
            return Said([json.dumps(said).encode()])

        backend.thinks("/api/show", shown)
        monkeypatch.setenv("OLLAMA_HOST", backend.url)
        with whole_service(tmp_path) as service:
            assert service.talkers() == ["talker:7b"]
            (one,) = offer_models(service, "en")
    assert one.name == "talker:7b"
    assert one.facts == "7.6B · Q4_K_M · 4.7 GB · context 32,768"
    assert one.can == (words("en")["models.can_tools"],)
    assert not one.loaded


def test_only_what_makes_nothing_but_vectors_does_not_talk() -> None:
    assert not talks(frozenset({"embedding"}))
    assert talks(frozenset()) and talks(frozenset({"completion", "embedding"}))


@pytest.mark.parametrize(
    ("shown", "length"),
    [
        ({"model_info": {"llama.context_length": 8192, "llama.block_count": 3}}, 8192),
        ({"model_info": {"llama.context_length": "many"}}, 0),
        ({"model_info": None}, 0),
        ({}, 0),
    ],
)
def test_the_context_length_is_read(shown: dict[str, Any], length: int) -> None:
    assert context_length(shown) == length
