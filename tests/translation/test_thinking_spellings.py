"""Every spelling of thinking that clients use reaches every kind of backend, from every dialect."""

from __future__ import annotations

from typing import Any

import pytest

from core.translation.translate import translate_request

HELLO = [{"role": "user", "content": "hi"}]
BODIES: dict[str, dict[str, Any]] = {
    "openai": {"model": "m", "messages": HELLO},
    "responses": {"model": "m", "input": "hi"},
    "anthropic": {"model": "m", "max_tokens": 9, "messages": HELLO},
}
# What is written, and what it is to Ollama and to a server of OpenAI's dialect.
SPELLINGS: list[tuple[dict[str, Any], Any, Any]] = [
    ({"reasoning_effort": "none"}, False, "none"),
    ({"reasoning_effort": "low"}, "low", "low"),
    ({"reasoning_effort": "high"}, "high", "high"),
    ({"reasoning": {"effort": "medium"}}, "medium", "medium"),
    ({"reasoning": {"enabled": False}}, False, "none"),
    ({"reasoning": {"enabled": True}}, True, "medium"),
    ({"reasoning": {"max_tokens": 2000}}, "low", "low"),
    ({"reasoning": {"max_tokens": 20_000}}, "high", "high"),
    ({"thinking": {"type": "disabled"}}, False, "none"),
    ({"thinking": {"type": "enabled"}}, True, "medium"),
    ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, "low", "low"),
    ({"thinking": {"type": "enabled", "budget_tokens": 20_000}}, "high", "high"),
    ({"enable_thinking": False}, False, "none"),
    ({"enable_thinking": True}, True, "medium"),
    ({"chat_template_kwargs": {"enable_thinking": False}}, False, "none"),
    ({"chat_template_kwargs": {"enable_thinking": True}}, True, "medium"),
    ({"chat_template_kwargs": {"thinking": True}}, True, "medium"),
    ({"think": False}, False, "none"),
    ({"think": True}, True, "medium"),
    ({"think": "high"}, "high", "high"),
]


@pytest.mark.parametrize("source", BODIES)
@pytest.mark.parametrize(("said", "native", "effort"), SPELLINGS, ids=lambda v: str(v))
def test_it_reaches_both_kinds_of_backends(
    source: str, said: dict[str, Any], native: Any, effort: Any
) -> None:
    body = {**BODIES[source], **said}
    assert translate_request(body, source=source, target="ollama")["think"] == native
    if source != "openai":
        sent = translate_request(body, source=source, target="openai")
        assert sent["reasoning_effort"] == effort


@pytest.mark.parametrize("think", [False, True, "low", "high"])
def test_a_native_client_says_it_to_the_other_kind(think: bool | str) -> None:
    body = {"model": "m", "messages": HELLO, "think": think}
    sent = translate_request(body, source="ollama", target="openai")["reasoning_effort"]
    assert sent == {False: "none", True: "medium"}.get(think, think)  # type: ignore[call-overload]


@pytest.mark.parametrize("source", ["openai", "responses"])
def test_who_says_nothing_leaves_it_to_the_model(source: str) -> None:
    assert "think" not in translate_request(BODIES[source], source=source, target="ollama")


def test_in_anthropics_api_it_is_off_unless_asked_for() -> None:
    assert (
        translate_request(BODIES["anthropic"], source="anthropic", target="ollama")["think"]
        is False
    )
