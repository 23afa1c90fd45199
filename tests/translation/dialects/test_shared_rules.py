"""Rules that all dialects have in common: what one reads or writes so, the others do, too."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import BackendError
from core.translation.dialects.registry import DIALECTS
from core.translation.events import Finish, ToolCallDelta, accumulate, calls_of
from core.translation.stamp import Stamp
from core.translation.translate import translate_response

NOW = 1_700_000_000_000_000_000
STAMP = Stamp(id="1", created=NOW, model="m")
ANSWER: dict[str, Any] = {
    "id": "c", "object": "chat.completion", "created": 1, "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"},
                 "finish_reason": "stop"}],
}  # fmt: skip


@pytest.mark.parametrize("dialect", ["openai", "completions", "ollama", "generate", "anthropic"])
@pytest.mark.parametrize(
    "error", [{"type": "error", "error": {"message": "no room"}}, {"error": {"message": "no room"}}]
)
def test_an_error_with_a_good_status_is_an_error(dialect: str, error: dict[str, Any]) -> None:
    with pytest.raises(BackendError, match="no room"):
        DIALECTS[dialect].parse_response(error, ids="x")


@pytest.mark.parametrize("target", ["ollama", "generate"])
def test_no_answer_takes_no_time(target: str) -> None:
    # Clients divide by it.
    written = translate_response(ANSWER, source="openai", target=target, stamp=STAMP, now=NOW)
    assert written["total_duration"] == 1


def test_calls_stand_in_the_order_of_their_numbers_whole_or_streamed() -> None:
    pieces = [
        ToolCallDelta(index=1, id="b", name="second", arguments="{}"),
        ToolCallDelta(index=0, id="a", name="first", arguments="{"),
        ToolCallDelta(index=0, id="", name="", arguments="}"),
    ]
    assert [(call.name, call.arguments) for call in calls_of(pieces)] == [
        ("first", "{}"), ("second", "{}"),
    ]  # fmt: skip
    assert [call.name for call in accumulate([*pieces, Finish()]).message.tool_calls] == [
        "first",
        "second",
    ]
