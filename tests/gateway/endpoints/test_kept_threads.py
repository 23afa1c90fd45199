"""Anthropic's own client goes on by a thread, and is told what is not kept."""

from __future__ import annotations

import json

import anthropic
import pytest
from anthropic import Anthropic, beta_tool

from core.gateway.endpoints.threads import ThreadsEndpoint
from tests.gateway.endpoints.test_kept_conversations import NATIVE, backend, sent, url
from tests.support.scripted_backend import Scripted

__all__ = ["backend", "url"]

# The client alone takes a second to load.
pytestmark = pytest.mark.slow


@beta_tool
def write_file(text: str) -> str:
    """Write a file.

    Args:
        text: What to write.
    """
    return f"wrote {text}"


@pytest.mark.parametrize("stream", [False, True])
def test_anthropics_tool_runner_goes_on_by_its_thread(
    url: str, backend: Scripted, stream: bool
) -> None:
    client = Anthropic(base_url=url, api_key="-")
    runner = client.beta.messages.tool_runner(
        model="m",
        max_tokens=100,
        system="Be brief.",
        tools=[write_file],
        messages=[{"role": "user", "content": "write it"}],
        stream=stream,
    )
    last = runner.until_done()
    client.close()
    assert "".join(block.text for block in last.content if block.type == "text") == "done"
    assert [message["role"] for message in sent(backend)] == [
        "system",
        "user",
        "assistant",
        "tool",
    ]
    assert sent(backend)[-1]["content"] == "wrote hi"
    assert backend.bodies(NATIVE)[-1]["tools"][0]["function"]["name"] == "write_file"


def test_a_container_of_an_earlier_turn_is_refused(url: str) -> None:
    client = Anthropic(base_url=url, api_key="-", max_retries=0)
    with pytest.raises(anthropic.BadRequestError, match="container 'c1' is not kept here"):
        client.messages.create(
            model="m",
            max_tokens=5,
            messages=[{"role": "user", "content": "hi"}],
            container="c1",
        )
    client.close()


@pytest.mark.parametrize("length", [0, 100_000])
def test_a_thread_is_seen_in_a_body_of_any_length(length: int) -> None:
    endpoint = ThreadsEndpoint.__new__(ThreadsEndpoint)
    body = {"model": "m", "messages": [{"role": "user", "content": "thread " * length}]}
    assert endpoint.only_asks(json.dumps(body).encode())
    assert not endpoint.only_asks(json.dumps({**body, "thread": {"type": "create"}}).encode())
