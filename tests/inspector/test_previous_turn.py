"""What a request added to the one before, and where the cache breaks."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.inspector.previous_turn import TurnChange, compare_turns
from tests.laws.bodies import BODIES

TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


def message(role: str, content: str) -> dict[str, Any]:
    return {"role": role, "content": content}


FIRST = [message("system", "be brief"), message("user", "hello there")]
SECOND = [*FIRST, message("assistant", "hi"), message("user", "and now?")]


def body(messages: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": messages, **more}


def compare(before: dict[str, Any], after: dict[str, Any], **more: Any) -> TurnChange:
    return compare_turns(before, after, before_dialect="openai", after_dialect="openai", **more)


def test_a_chat_that_goes_on_keeps_its_beginning() -> None:
    change = compare(body(FIRST), body(SECOND), before_tokens=20, after_tokens=40)
    assert [(p.place, p.state, p.cached) for p in change.parts] == [
        ("messages[0]", "kept", True), ("messages[1]", "kept", True),
        ("messages[2]", "added", False), ("messages[3]", "added", False),
    ]  # fmt: skip
    assert change.breaks_at == "" and change.cached_characters == change.before_characters
    assert 0 < change.cached_share < 1 and 0 < change.cached_tokens < 40
    assert change.after_characters > change.before_characters


def test_a_changed_system_prompt_breaks_the_cache_at_once() -> None:
    changed = [message("system", "be brief. It is 10:31"), *SECOND[1:]]
    change = compare(body(SECOND), body(changed))
    assert change.breaks_at == "messages[0]"
    assert [p.state for p in change.parts] == ["changed", "kept", "kept", "kept"]
    assert not any(p.cached for p in change.parts)
    part = change.parts[0]
    assert part.same_characters == len("system\nbe brief") and "10:31" in part.preview
    assert change.cached_characters == part.same_characters


def test_tools_stand_first() -> None:
    change = compare(body(SECOND), body(SECOND, tools=[TOOL]))
    assert change.breaks_at == "tools" and change.cached_share == 0
    assert any("Tools are at the beginning" in note.text("en") for note in change.notes)
    same = compare(body(FIRST, tools=[TOOL]), body(SECOND, tools=[TOOL]))
    assert same.breaks_at == "" and same.parts[0].place == "tools" and same.parts[0].cached


def test_messages_that_were_dropped_at_the_beginning_are_named() -> None:
    longer = [*SECOND, message("assistant", "now"), message("user", "ok")]
    change = compare(body(longer), body([FIRST[0], *longer[3:]]))
    assert any("dropped" in note.text("en") for note in change.notes)
    assert change.breaks_at == "messages[1]"
    assert [p.state for p in change.parts[-2:]] == ["removed", "removed"]


def test_another_context_length_or_model_leaves_nothing() -> None:
    before = {"model": "m", "messages": FIRST, "options": {"num_ctx": 4096, "seed": 1}}
    after = {"model": "m", "messages": SECOND, "options": {"num_ctx": 8192, "seed": 2}}
    change = compare_turns(before, after, before_dialect="ollama", after_dialect="ollama")
    assert change.cached_share == 0 and change.breaks_at == "model"
    assert {name: (was, now) for name, was, now, _ in change.settings} == {
        "num_ctx": (4096, 8192), "seed": (1, 2),
    }  # fmt: skip
    other = compare(body(FIRST), {**body(SECOND), "model": "other"})
    assert other.cached_share == 0 and other.notes


@given(data=st.data())
def test_every_piece_of_both_prompts_stands_once(data: st.DataObject) -> None:
    before, after = data.draw(BODIES["openai"]), data.draw(BODIES["openai"])
    change = compare(before, after)
    assert sum(p.before for p in change.parts) == change.before_characters
    assert sum(p.after for p in change.parts) == change.after_characters
    assert 0 <= change.cached_share <= 1
    same = compare(after, after)
    assert same.cached_characters == same.after_characters and not same.settings
    assert all(p.state == "kept" for p in same.parts)
