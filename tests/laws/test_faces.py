"""Laws of the dialects that clients alone speak: Anthropic's, responses, completions.

The bodies are conversations that every dialect knows, written by the dialect itself, with odd
values put in where that is the point.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from core.errors import DiglotError
from core.translation.dialects.registry import DIALECTS
from core.translation.events import (
    Event,
    Finish,
    MessageStart,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    accumulate,
)
from core.translation.messages import ChatRequest, Text
from core.translation.report.report import explain_losses, explain_request
from core.translation.report.rows import ReportRow
from core.translation.report.scene import Circumstances
from core.translation.translate import translate_request
from tests.laws.basics import NOW, STAMP, exact
from tests.laws.bodies import broken
from tests.laws.oracle import above, at, leaves, steps
from tests.laws.values import EVERYTHING, event_streams, requests

NEW = ("anthropic", "responses")
new = pytest.mark.parametrize("client_dialect", NEW)
targets = st.sampled_from(["ollama", "openai"])


def with_calls_first(request: ChatRequest) -> ChatRequest:
    """A conversation whose roles and calls every dialect can hold."""
    kept = [m for m in request.messages if m.role != "tool"]
    messages = [replace(m, name="", tool_call_id="") for m in kept]
    for index, message in enumerate(messages):
        if message.role != "assistant":
            messages[index] = replace(message, thinking="", tool_calls=())
    return replace(request, messages=tuple(messages))


conversations = requests("ollama", "openai").map(with_calls_first).filter(lambda r: r.messages)


def body_of(client_dialect: str, request: ChatRequest) -> dict[str, Any]:
    return DIALECTS[client_dialect].dump_request(request, accepts=EVERYTHING)


def explained(
    client_dialect: str, target: str, body: dict[str, Any]
) -> tuple[dict[str, Any], tuple[ReportRow, ...]]:
    written = translate_request(body, source=client_dialect, target=target)
    return written, explain_request(body, written, source=client_dialect, target=target)


@new
@given(request=conversations, target=targets, data=st.data())
def test_losses_are_the_rows_of_the_report_of_what_was_dropped(
    client_dialect: str, request: ChatRequest, target: str, data: st.DataObject
) -> None:
    body = data.draw(
        st.just(body_of(client_dialect, request))
        | broken(st.just(body_of(client_dialect, request)))
    )
    try:
        written, rows = explained(client_dialect, target, body)
    except DiglotError:
        return
    found = explain_losses(
        body, written, source=client_dialect, target=target, about=Circumstances()
    )
    assert found == tuple(row for row in rows if row.outcome == "dropped")


@new
@given(request=conversations, target=targets)
def test_every_leaf_of_the_source_has_one_row(
    client_dialect: str, request: ChatRequest, target: str
) -> None:
    body = body_of(client_dialect, request)
    try:
        _, rows = explained(client_dialect, target, body)
    except DiglotError:
        return  # there is nothing in it but what is left out
    covered = [steps(row.path) for row in rows if row.path is not None]
    assert len(covered) == len(set(covered)), "a path has one row"
    for leaf in leaves(body):
        if leaf:
            assert sum(place in covered for place in above(leaf)) == 1, leaf


@new
@given(request=conversations, target=targets)
def test_every_leaf_of_the_target_has_a_reason(
    client_dialect: str, request: ChatRequest, target: str
) -> None:
    body = body_of(client_dialect, request)
    try:
        written, rows = explained(client_dialect, target, body)
    except DiglotError:
        return
    places = set()
    for row in rows:
        if row.target is not None:
            place = steps(row.target)
            places.add(place)
            at(written, place)
            if row.outcome == "kept":
                assert row.path is not None
                assert exact(at(written, place)) == exact(at(body, steps(row.path)))
    for leaf in leaves(written):
        assert any(place in places for place in above(leaf)), leaf


@new
@given(request=conversations)
def test_texts_calls_and_settings_survive(client_dialect: str, request: ChatRequest) -> None:
    body = body_of(client_dialect, request)
    try:
        read = DIALECTS[client_dialect].parse_request(body)
    except DiglotError:
        return

    def told(found: ChatRequest) -> dict[str, Any]:
        messages = found.messages
        return {
            "texts": "".join(getattr(p, "text", "") for m in messages for p in m.parts),
            "thinking": "".join(m.thinking for m in messages),
            "calls": [exact(call) for m in messages for call in m.tool_calls],
            "images": [p.data for m in messages for p in m.parts if not isinstance(p, Text)],
            "tools": [(tool.name, tool.description) for tool in found.tools],
        }

    # A system text comes first in Anthropic's dialect, so order is told within roles alone.
    for role in ("system", "user", "assistant"):
        sides = [
            told(replace(r, messages=tuple(m for m in r.messages if m.role == role)))
            for r in (read, request)
        ]
        assert sides[0] == sides[1]
    assert read.settings.get("temperature") == request.settings.get("temperature")


@new
@given(request=conversations, target=targets, data=st.data())
def test_broken_bodies_raise_only_errors_of_diglot(
    client_dialect: str, request: ChatRequest, target: str, data: st.DataObject
) -> None:
    body = data.draw(broken(st.just(body_of(client_dialect, request))))
    before = exact(body)
    try:
        explained(client_dialect, target, body)
    except DiglotError as exc:
        assert exc.message
        assert 400 <= exc.status < 500, "a client's fault"
    assert exact(body) == before


def plain(events: list[Event]) -> list[Event]:
    """Without what these dialects have no place for."""
    bare: list[Event] = []
    for event in events:
        if isinstance(event, TextDelta | ThinkingDelta):
            bare.append(replace(event, logprobs=()))
        elif isinstance(event, Finish):
            bare.append(replace(event, timings=None))
        else:
            bare.append(event)
    return bare


@new
@given(events=event_streams("openai").map(plain))
def test_a_stream_reads_as_it_was_written(client_dialect: str, events: list[Event]) -> None:
    wire = DIALECTS[client_dialect].encoder(STAMP, include_usage=True).encode(events, now=NOW)
    decoder = DIALECTS[client_dialect].decoder(ids="x")
    read = decoder.decode(wire) + decoder.flush()
    got, meant = accumulate(read), accumulate(events)
    assert exact(got.message) == exact(meant.message)
    assert got.usage is not None and meant.usage is not None
    assert got.usage.completion_tokens == meant.usage.completion_tokens
    assert got.usage.prompt_tokens >= meant.usage.prompt_tokens
    assert got.finish_reason == meant.finish_reason


@new
@given(events=event_streams("openai").map(plain))
def test_a_stream_folded_is_the_whole_answer(client_dialect: str, events: list[Event]) -> None:
    spoken = DIALECTS[client_dialect]
    whole = spoken.dump_response(accumulate(events), stamp=STAMP, now=NOW)
    answer = spoken.parse_response(whole, ids="x")
    wire = spoken.encoder(STAMP, include_usage=True).encode(events, now=NOW)
    decoder = spoken.decoder(ids="x")
    streamed = accumulate(decoder.decode(wire) + decoder.flush())
    assert exact(answer.message) == exact(streamed.message)
    assert answer.finish_reason == streamed.finish_reason


def test_the_laws_are_about_something() -> None:
    events: list[Event] = [
        MessageStart("m"),
        ToolCallDelta(index=0, id="c", name="f", arguments="{}"),
    ]
    assert plain([*events, Finish()]) == [*events, Finish()]
