"""The short way for plain requests and answers says what the long way says."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from core.translation.conversions.incoming import read_plain
from core.translation.conversions.openai_over_ollama import write_answer, write_request
from core.translation.dialects.ollama.chat import parse_response
from core.translation.dialects.shared.plain import PlainChat
from core.translation.stamp import Stamp
from core.translation.translate import translate_request, translate_response
from tests.laws.basics import exact, integers, maybe, numbers, some, texts, unordered, values, words
from tests.laws.bodies import BODIES

STAMP = Stamp(id="0123456789abcdef", created=1_700_000_000_000_000_000, model="m\né")
ROLES = st.sampled_from(["system", "user", "assistant", "User", "tool", "developer", ""])
MESSAGES = st.lists(
    some({"role": ROLES, "content": texts}, {"name": words}, odd=False) | values, max_size=3
)
NUMBERS = maybe(numbers | st.sampled_from([10.0, 1e300, 1e16, 2**63, 2**70, True, "1"]))
CHATS = some(
    {"model": words, "messages": MESSAGES},
    {
        "stream": maybe(st.booleans() | st.just("true")),
        "temperature": NUMBERS,
        "top_p": NUMBERS,
        "seed": NUMBERS,
        "max_tokens": NUMBERS,
        "options": values,
    },
    odd=False,
)
COUNTS = integers | st.sampled_from([0, -1, 1.5, 2**53, 2**80, None, "7"])
ANSWERS = some(
    {
        "model": words,
        "message": some(
            {"role": st.sampled_from(["assistant", "user"]), "content": texts},
            {"thinking": texts, "images": values, "tool_calls": values},
            odd=False,
        ),
        "done": st.sampled_from([True, True, True, False, 1]),
    },
    {
        "created_at": words,
        "done_reason": st.sampled_from(["stop", "length", "load", ""]),
        "error": words,
        "logprobs": values,
        "total_duration": COUNTS,
        "load_duration": COUNTS,
        "prompt_eval_count": COUNTS,
        "prompt_eval_duration": COUNTS,
        "eval_count": COUNTS,
        "eval_duration": COUNTS,
    },
    odd=False,
)


def written(value: Any, *, escaped: bool) -> bytes:
    return json.dumps(value, ensure_ascii=escaped).encode("utf-8", "surrogatepass")


@given(CHATS | BODIES["openai"], words, st.booleans())
@example({"model": "m", "messages": [{"role": "user", "content": ""}], "seed": 1.0}, "n", True)
def test_a_plain_request_is_written_as_the_long_way_writes_it(
    body: dict[str, Any], model: str, escaped: bool
) -> None:
    plain = read_plain("openai", written(body, escaped=escaped))
    if not isinstance(plain, PlainChat):
        return
    long = translate_request(body, source="openai", target="ollama")
    short = json.loads(write_request(plain, model))
    assert exact(unordered(short)) == exact(unordered({**long, "model": model}))
    assert list(short) == list(long)


def test_the_plainest_requests_go_the_short_way() -> None:
    said = [{"role": "system", "content": "简短"}, {"role": "user", "content": "你好"}]
    for more in ({}, {"stream": True}, {"temperature": 0, "seed": 7, "top_p": 1, "max_tokens": 9}):
        body = written({"model": "m", "messages": said, **more}, escaped=False)
        assert isinstance(read_plain("openai", body), PlainChat)


@given(ANSWERS, st.booleans())
def test_a_plain_answer_is_written_as_the_long_way_writes_it(
    body: dict[str, Any], escaped: bool
) -> None:
    short = write_answer(written(body, escaped=escaped), STAMP)
    if short is None:
        return
    data, usage = short
    long = translate_response(body, source="ollama", target="openai", stamp=STAMP, now=0)
    assert exact(json.loads(data)) == exact(long)
    assert list(json.loads(data)) == list(long)
    assert usage == parse_response(body, ids="").usage


def test_the_plainest_answer_goes_the_short_way() -> None:
    answer = {
        "model": "m",
        "created_at": "2026-01-01T00:00:00Z",
        "message": {"role": "assistant", "content": "你好"},
        "done": True,
        "done_reason": "stop",
        "total_duration": 5,
        "prompt_eval_count": 3,
        "eval_count": 2,
    }
    assert write_answer(written(answer, escaped=False), STAMP) is not None
