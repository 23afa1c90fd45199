"""The history of a model that writes its calls as text."""

from __future__ import annotations

from core.tools.emulation import in_own_words
from core.translation.messages import ChatRequest, Message, Text, Tool, ToolCall, text_of

ASKED = Message(role="user", parts=(Text("Rome?"),))
CALL = ToolCall(id="text_ab_0", name="weather", arguments='{"n":9007199254740993}')
OTHER = ToolCall(id="text_ab_1", name="clock", arguments="{}")


def result(identity: str, text: str) -> Message:
    return Message(role="tool", parts=(Text(text),), tool_call_id=identity)


def request(*messages: Message) -> ChatRequest:
    return ChatRequest(model="m", messages=(ASKED, *messages), tools=(Tool(name="weather"),))


def told(*messages: Message) -> list[tuple[str, str]]:
    made = in_own_words(request(*messages))
    assert made.tools == (Tool(name="weather"),)
    assert all(not m.tool_calls and m.role != "tool" for m in made.messages)
    return [(m.role, text_of(m)) for m in made.messages]


def test_calls_and_results_are_words() -> None:
    call = Message(role="assistant", parts=(Text("I look."),), tool_calls=(CALL, OTHER))
    assert told(call, result("text_ab_0", "31"), result("text_ab_1", "noon")) == [
        ("user", "Rome?"),
        ("assistant", 'I look.\n{"name": "weather", "arguments": {"n":9007199254740993}}\n'
                      '{"name": "clock", "arguments": {}}'),
        ("user", "Results of the calls:\nweather: 31\nclock: noon\n"
                 "Answer with them what was asked."),
    ]  # fmt: skip


def test_the_users_next_words_follow_in_the_same_message() -> None:
    call = Message(role="assistant", tool_calls=(CALL,))
    more = Message(role="user", parts=(Text("and Lima?"),))
    *_, (role, text) = told(call, result("text_ab_0", "31"), more)
    assert role == "user" and text.endswith("what was asked.\nand Lima?")


def test_what_a_server_made_stays() -> None:
    own = ToolCall(id="call_1", name="weather", arguments="{}")
    asked = request(Message(role="assistant", tool_calls=(own,)), result("call_1", "31"))
    assert in_own_words(asked) is asked
