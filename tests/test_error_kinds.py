"""The kinds of trouble, in the words that servers really use."""

from __future__ import annotations

import pytest

from core.error_kinds import KINDS, error_facts, fault_kind
from core.errors import BackendError, BackendUnavailable, InvalidRequest

SAID = [
    ("registry.ollama.ai/library/gemma3:270m does not support tools", 400, "no_tools"),
    ("model 'qwen9' not found", 404, "model_not_found"),
    ('model "qwen9" not found, try pulling it first', 404, "model_not_found"),
    ("The model `gpt-9` does not exist or you do not have access to it.", 404, "model_not_found"),
    ("model requires more system memory (8.4 GiB) than is available (3.1 GiB)", 500,
     "out_of_memory"),
    ("llama runner process has terminated: cudaMalloc failed: out of memory", 500,
     "out_of_memory"),
    ("request (5120 tokens) exceeds the available context size (4096 tokens), try increasing it",
     400, "context_exceeded"),
    ("This model's maximum context length is 4096 tokens. However, you requested 5000 tokens",
     400, "context_exceeded"),
    ("smollm2 cannot see images. Ask a model with the capability vision", 400, "no_vision"),
    ("write /models/models/blobs/x: no space left on device", 500, "disk_full"),
    ("Incorrect API key provided", 401, "access_denied"),
    ("something else", 500, "other"),
]  # fmt: skip


@pytest.mark.parametrize(("message", "status", "kind"), SAID)
def test_what_a_server_says_is_of_a_kind(message: str, status: int, kind: str) -> None:
    assert fault_kind(error_facts(BackendError(message, status=status))) == kind
    assert kind in KINDS


def test_a_closed_door_is_another_thing_in_a_container() -> None:
    facts = error_facts(
        BackendUnavailable("nothing answers at http://127.0.0.1:11434", code="backend_refused")
    )
    assert fault_kind(facts, container=False) == "backend_refused"
    assert fault_kind(facts, container=True) == "refused_in_container"
    far = {**facts, "message": "nothing answers at http://gpu.lan:11434"}
    assert fault_kind(far, container=True) == "backend_refused"


def test_our_own_codes_are_kinds_of_their_own() -> None:
    busy = InvalidRequest("this chat is still being answered", status=409, code="busy")
    assert fault_kind(error_facts(busy)) == "busy"
    assert fault_kind({}) == "other"
