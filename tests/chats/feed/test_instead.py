"""After an error a model is offered that can do it, and none that cannot."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.chats.feed.instead import model_instead, model_that_sees
from core.chats.service import Service
from core.chats.values.chat import ChatMessage
from core.translation.messages import Message
from tests.support.scripted_backend import Said, Scripted


def failed(message: str, model: str = "actor:1b") -> ChatMessage:
    return ChatMessage(
        id="a",
        chat_id="c",
        message=Message(role="assistant"),
        error={"code": "backend_error", "message": message, "status": 400},
        model=model,
        created=1,
        updated=1,
    )


def offers(backend: Scripted, *models: tuple[str, int]) -> None:
    entries: list[dict[str, Any]] = [
        {"name": name, "model": name, "size": size, "digest": name} for name, size in models
    ]
    backend.json("/api/tags", {"models": entries})


@pytest.mark.parametrize("said", ["this model cannot see images", "m does not support tools"])
def test_one_that_can_is_offered(service: Service, backend: Scripted, said: str) -> None:
    assert model_instead(service, failed(said)) == "second:3b"
    backend.json("/api/show", {"capabilities": ["completion"]})
    service.retry()
    assert model_instead(service, failed(said, "another")) in ("", "actor:1b", "second:3b")


def test_the_largest_of_the_smaller_ones_takes_the_place_of_one_too_large(
    service: Service, backend: Scripted
) -> None:
    said = "model requires more system memory (8.4 GiB) than is available (3.1 GiB)"
    offers(backend, ("actor:1b", 500), ("tiny", 10), ("middle", 300), ("huge", 900))
    service.retry()
    assert model_instead(service, failed(said)) == "middle"
    assert model_instead(service, failed(said, "tiny")) == ""


def test_nothing_is_offered_where_another_model_is_no_help(service: Service) -> None:
    assert model_instead(service, None) == ""
    assert model_instead(service, failed("the server is on fire")) == ""
    assert model_instead(service, failed("model 'gone' not found", "gone")) == "actor:1b"


def test_one_that_sees_is_known_before_an_image_is_sent(
    service: Service, backend: Scripted
) -> None:
    assert model_that_sees(service, "actor:1b", service.talkers()) == ""  # it can itself

    def shown(body: dict[str, Any]) -> Said:
        can = {"seer:4b": ["completion", "vision"]}.get(body["model"], ["completion"])
        return Said([json.dumps({"capabilities": can}).encode()])

    backend.thinks("/api/show", shown)
    offers(backend, ("blind:1b", 1), ("other:1b", 1), ("seer:4b", 1))
    service.retry()
    assert model_that_sees(service, "blind:1b", service.talkers()) == "seer:4b"
    assert model_that_sees(service, "seer:4b", service.talkers()) == ""
    assert model_that_sees(service, "", service.talkers()) == ""
