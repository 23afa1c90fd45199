"""Laws of whole answers, of errors, and of the one thing that changes on the way through."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import errors
from core.errors import DiglotError, InvalidResponse
from core.translation.conversions.passed_stream import rename_model
from core.translation.dialects.registry import DIALECTS
from core.translation.messages import ChatResponse
from core.translation.translate import translate_response
from tests.laws.basics import MODEL, NOW, STAMP, exact, keys, texts, values, words
from tests.laws.bodies import BODIES, broken
from tests.laws.streams import CLIENT_DIALECTS, PAIRS, junk
from tests.laws.values import answers

KINDS = [kind for kind in vars(errors).values()
         if isinstance(kind, type) and issubclass(kind, errors.DiglotError)
         and kind is not errors.DiglotError]  # fmt: skip


def written(dialect: str, answer: ChatResponse) -> dict[str, Any]:
    return DIALECTS[dialect].dump_response(answer, stamp=STAMP, now=NOW)


def heard(dialect: str, body: dict[str, Any]) -> ChatResponse:
    return DIALECTS[dialect].parse_response(body, ids="x")


@pytest.mark.parametrize("dialect", CLIENT_DIALECTS)
@given(data=st.data())
def test_what_is_written_reads_the_same(dialect: str, data: st.DataObject) -> None:
    answer = data.draw(answers(dialect))
    before = exact(answer)
    assert exact(heard(dialect, written(dialect, answer))) == before
    assert exact(answer) == before


@given(pair=st.sampled_from(PAIRS), data=st.data())
def test_the_target_hears_what_the_source_said(pair: tuple[str, str], data: st.DataObject) -> None:
    source, target = pair
    answer = data.draw(answers(source))
    body = written(source, answer)
    before = exact(body)
    told = translate_response(body, source=source, target=target, stamp=STAMP, now=NOW)
    assert exact(body) == before
    found = heard(target, told)
    assert exact(found.message) == exact(answer.message)
    assert exact(found.logprobs) == exact(answer.logprobs)
    assert found.model == answer.model == MODEL
    reason = answer.finish_reason
    if target != "openai" and reason == "content_filter":
        # There is no native word for it.
        reason = "tool_calls" if answer.message.tool_calls else "stop"
    assert found.finish_reason == reason
    assert found.usage is not None and answer.usage is not None
    assert found.usage.prompt_tokens == answer.usage.prompt_tokens
    assert found.usage.completion_tokens == answer.usage.completion_tokens
    assert (found.usage.cached_tokens or None) == answer.usage.cached_tokens
    if "openai" not in pair:
        assert found.timings == answer.timings


@pytest.mark.parametrize("source", CLIENT_DIALECTS)
@given(data=st.data())
def test_broken_answers_raise_only_errors_of_diglot(source: str, data: st.DataObject) -> None:
    body = data.draw(broken(answers(source).map(lambda answer: written(source, answer))))
    before = exact(body)
    try:
        for target in CLIENT_DIALECTS:
            translate_response(body, source=source, target=target, stamp=STAMP, now=NOW)
    except DiglotError as exc:
        assert exc.message
        assert exc.status >= 500, "not the client's fault"
    assert exact(body) == before


@pytest.mark.parametrize("dialect", CLIENT_DIALECTS)
@given(data=junk, status=st.sampled_from([400, 401, 404, 429, 500, 503]))
def test_any_error_body_can_be_told(dialect: str, data: bytes, status: int) -> None:
    error = DIALECTS[dialect].parse_error(data, status)
    assert error.status == status
    assert error.message
    for target in CLIENT_DIALECTS:
        json.loads(json.dumps(DIALECTS[target].dump_error(error)))


@given(
    pair=st.sampled_from(PAIRS),
    kind=st.sampled_from(KINDS),
    message=words,
    path=st.none() | keys,
    code=st.none() | texts,
)
def test_an_error_is_told_on_in_its_own_words(
    pair: tuple[str, str], kind: type[DiglotError], message: str, path: str | None, code: str | None
) -> None:
    source, target = (DIALECTS[name] for name in pair)
    error = kind(message, path=path, code=code)
    told = source.parse_error(json.dumps(source.dump_error(error)).encode(), error.status)
    assert (told.message, told.status) == (message, error.status)
    again = target.parse_error(json.dumps(target.dump_error(told)).encode(), told.status)
    assert (again.message, again.status) == (message, error.status)


@given(
    body=st.one_of(list(BODIES.values())) | st.dictionaries(texts, values, max_size=3),
    model=texts,
    style=st.sampled_from([{}, {"ensure_ascii": False}, {"indent": 1}]),
)
def test_renaming_changes_the_model_alone(
    body: dict[str, Any], model: str, style: dict[str, Any]
) -> None:
    text = json.dumps(body, **style)
    renamed = rename_model(text.encode(), model).decode()
    # Numbers are compared as they are spelt: 1e16 is not to become 10000000000000000.
    spelt: dict[str, Any] = {
        "parse_float": lambda raw: f"f{raw}",
        "parse_int": lambda raw: f"i{raw}",
    }
    wanted = json.loads(text, **spelt)
    if "model" in wanted:
        wanted["model"] = model
    assert json.dumps(json.loads(renamed, **spelt)) == json.dumps(wanted)


@given(data=junk | st.binary(max_size=20).map(lambda raw: b'{"model":' + raw + b"}"), model=texts)
def test_renaming_garbage_raises_only_errors_of_diglot(data: bytes, model: str) -> None:
    try:
        renamed = rename_model(data, model, blame=InvalidResponse)
    except InvalidResponse as exc:
        assert exc.message
    else:
        assert isinstance(json.loads(renamed), dict)
