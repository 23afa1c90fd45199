"""The short way for plain requests and answers says what the long way says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.translation.conversions.incoming import read_plain
from core.translation.conversions.plain_over_ollama import write_answer, write_request
from core.translation.dialects.ollama.chat import parse_response
from core.translation.dialects.shared.plain import PlainChat, PlainMessages
from core.translation.stamp import Stamp
from core.translation.translate import translate_request, translate_response
from tests.laws.basics import (
    booleans,
    exact,
    integers,
    maybe,
    numbers,
    some,
    texts,
    unordered,
    values,
    words,
)
from tests.laws.bodies import BODIES

STAMP = Stamp(id="0123456789abcdef", created=1_700_000_000_000_000_000, model="m\né")
ROLES = st.sampled_from(["system", "user", "assistant", "User", "tool", "developer", ""])
MESSAGES = st.lists(
    some({"role": ROLES, "content": texts}, {"name": words}, odd=False) | values, max_size=3
)
# Of what is drawn from all that is odd little is plain.
SAID = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["system", "user", "assistant"]), "content": texts}
    ),
    min_size=1,
    max_size=3,
)
FEW = {"stream": booleans, "temperature": numbers, "top_p": numbers | integers}
USUAL_CHATS = some(
    {"model": words, "messages": SAID},
    {**FEW, "seed": integers, "max_tokens": integers},
    odd=False,
)
USUAL_CLAUDES = some(
    {"model": words, "messages": SAID, "max_tokens": integers | st.sampled_from([1, 4096, 10.0])},
    {**FEW, "system": texts},
    odd=False,
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
CLAUDES = some(
    {"model": words, "messages": MESSAGES, "max_tokens": NUMBERS},
    {
        "stream": maybe(st.booleans() | st.just("true")),
        "system": maybe(texts | values),
        "temperature": NUMBERS,
        "top_p": NUMBERS,
        "top_k": NUMBERS,
        "metadata": values,
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
        "done_reason": st.sampled_from(["stop", "length", "load", "refusal", ""]),
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


def is_written_alike(client_dialect: str, body: dict[str, Any], model: str, data: bytes) -> None:
    plain = read_plain(client_dialect, data)
    if plain is None:
        return
    long = translate_request(body, source=client_dialect, target="ollama")
    short = json.loads(write_request(client_dialect, plain, model))
    assert exact(unordered(short)) == exact(unordered({**long, "model": model}))
    assert list(short) == list(long)


@given(CHATS | USUAL_CHATS | BODIES["openai"], words, st.booleans())
@example({"model": "m", "messages": [{"role": "user", "content": ""}], "seed": 1.0}, "n", True)
def test_a_plain_request_is_written_as_the_long_way_writes_it(
    body: dict[str, Any], model: str, escaped: bool
) -> None:
    is_written_alike("openai", body, model, written(body, escaped=escaped))


@given(CLAUDES | USUAL_CLAUDES, words, st.booleans())
@example(
    {"model": "m", "messages": [{"role": "user", "content": ""}], "max_tokens": 1.0}, "n", True
)
@example({"model": "m", "messages": [{"role": "user", "content": "a"}], "max_tokens": 1,
          "system": ""}, "n", True)  # fmt: skip
def test_plain_messages_are_written_as_the_long_way_writes_them(
    body: dict[str, Any], model: str, escaped: bool
) -> None:
    is_written_alike("anthropic", body, model, written(body, escaped=escaped))


def test_the_plainest_requests_go_the_short_way() -> None:
    said = [{"role": "system", "content": "简短"}, {"role": "user", "content": "你好"}]
    for more in ({}, {"stream": True}, {"temperature": 0, "seed": 7, "top_p": 1, "max_tokens": 9}):
        body = written({"model": "m", "messages": said, **more}, escaped=False)
        assert isinstance(read_plain("openai", body), PlainChat)
    fields: list[dict[str, Any]] = [{}, {"stream": True}, {"top_p": 1, "system": "简短"}]
    for field in fields:
        asked = {"model": "m", "messages": said[1:], "max_tokens": 9, **field}
        assert isinstance(read_plain("anthropic", written(asked, escaped=False)), PlainMessages)


@pytest.mark.parametrize("client_dialect", ["openai", "anthropic"])
@given(body=ANSWERS, escaped=st.booleans())
def test_a_plain_answer_is_written_as_the_long_way_writes_it(
    client_dialect: str, body: dict[str, Any], escaped: bool
) -> None:
    short = write_answer(client_dialect, written(body, escaped=escaped), STAMP)
    if short is None:
        return
    data, usage = short
    long = translate_response(body, source="ollama", target=client_dialect, stamp=STAMP, now=0)
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
    for client_dialect in ("openai", "anthropic"):
        assert write_answer(client_dialect, written(answer, escaped=False), STAMP) is not None
