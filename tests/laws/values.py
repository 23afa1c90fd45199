"""Canonical values: what a dialect can say in full, so that writing and reading change nothing."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy as Strategy

from core.translation.dialects.registry import DIALECTS
from core.translation.events import (
    Event,
    Finish,
    MessageStart,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
)
from core.translation.messages import (
    Audio,
    ChatRequest,
    ChatResponse,
    Image,
    Message,
    NamedTool,
    Part,
    ResponseFormat,
    Text,
    Timings,
    Tool,
    ToolCall,
    Usage,
)
from tests.laws.basics import (
    MODEL,
    PNG,
    booleans,
    compact,
    counts,
    ids,
    integers,
    maybe,
    media,
    names,
    numbers,
    objects,
    pictures,
    some,
    texts,
    values,
    words,
)
from tests.laws.bodies import FEW

_ROWS = {**DIALECTS["ollama"].settings.by_name, **DIALECTS["openai"].settings.by_name}
EVERYTHING = frozenset(_ROWS)
"""The settings of every kind, for a server that takes them all."""

_KINDS: dict[str, Strategy[Any]] = {
    "number": numbers,
    "integer": integers,
    "boolean": booleans,
    "strings": st.lists(words, min_size=1, max_size=2),
    "duration": numbers | st.just("5m"),
    "any": values.filter(lambda value: value is not None),
}


def _settings(*dialects: str) -> dict[str, Strategy[Any]]:
    return {
        name: st.integers(0, 99) if name == "max_tokens" else _KINDS[row.kind]
        for name, row in _ROWS.items()
        if all(dialect in row.paths for dialect in dialects)
    }


SETTINGS = {
    dialects: some({}, _settings(*dialects), odd=False)
    for dialects in (("ollama",), ("openai",), ("ollama", "openai"))
}
FEW_DEFAULTS = some({}, {name: _settings()[name] for name in FEW}, odd=False)
_choices = st.none() | st.sampled_from(["auto", "none", "required"]) | st.builds(NamedTool, names)
_EFFORTS: dict[tuple[str, ...], list[Any]] = {
    ("ollama",): [None, True, False, "low", "medium", "high", "max"],
    ("openai",): [None, "none", "minimal", "low", "medium", "high", "xhigh"],
    # "none" is false natively, and both can say it; a plain yes is a level to OpenAI.
    ("ollama", "openai"): [None, "low", "medium", "high"],
}


@st.composite
def requests(draw: st.DrawFn, *dialects: str) -> ChatRequest:
    """Requests that each of ``dialects`` (in the order of the alphabet) can say in full."""
    native, compatible = "ollama" in dialects, "openai" in dialects
    messages = [
        draw(_messages(native=native, compatible=compatible, turn=turn))
        for turn in range(draw(st.integers(compatible, 3)))
    ]
    tools = tuple(draw(st.lists(_tools(strict=not native), max_size=2)))
    stream = draw(booleans)
    return ChatRequest(
        model=draw(words),
        messages=tuple(messages),
        tools=tools,
        tool_choice=None if native or not tools else draw(_choices),
        format=draw(_formats(native=native, compatible=compatible)),
        thinking=draw(st.sampled_from(_EFFORTS[dialects])),
        # With both, a native client always gets its counts, and asks for them.
        stream=stream or (native and compatible),
        include_usage=native or (stream and draw(booleans)),
        settings=draw(SETTINGS[dialects]),
    )


@st.composite
def _messages(draw: st.DrawFn, *, native: bool, compatible: bool, turn: int) -> Message:
    role = draw(st.sampled_from(["system", "user", "assistant", "tool"]))
    return Message(
        role=role,
        parts=draw(_parts(native=native, compatible=compatible, role=role)),
        thinking=draw(texts),
        tool_calls=draw(_calls(turn)) if role == "assistant" else (),
        tool_call_id=draw(ids) if role == "tool" else "",
        name=draw(names) if role == "tool" or not native else "",
    )


@st.composite
def _parts(draw: st.DrawFn, *, native: bool, compatible: bool, role: str) -> tuple[Part, ...]:
    if not native:
        # A tool's message holds text alone there.
        said = st.builds(Text, texts) if role == "tool" else _openai_parts
        found: list[Any] = draw(st.lists(said, max_size=3))
        # A single empty text is the empty string, which has no parts.
        return () if found == [Text("")] else tuple(found)
    parts: list[Part] = [Text(text) for text in draw(st.lists(words, max_size=1))]
    if role == "user":
        # Natively no type is said: the picture's first bytes tell it.
        found = [PNG] if compatible else draw(st.lists(pictures, max_size=2))
        parts += [Image(data=data, media_type="image/png" if compatible else "") for data in found]
    return tuple(parts)


_details = st.sampled_from(["", "low", "auto"])
_openai_parts: Strategy[Part] = st.one_of(
    st.builds(Text, texts),
    st.builds(Image, data=pictures, media_type=media, detail=_details),
    st.builds(Image, url=st.sampled_from(["https://a.b/c.png", "http://a/?b=c"]), detail=_details),
    st.builds(Audio, data=texts, format=st.sampled_from(["", "wav", "mp3"])),
)


@st.composite
def _calls(draw: st.DrawFn, turn: int) -> tuple[ToolCall, ...]:
    return tuple(
        ToolCall(id=f"c{turn}_{i}", name=draw(names), arguments=compact(draw(objects)))
        for i in range(draw(st.integers(0, 2)))
    )


@st.composite
def _tools(draw: st.DrawFn, *, strict: bool) -> Tool:
    return Tool(
        name=draw(names),
        description=draw(texts),
        parameters=draw(maybe(objects)),
        strict=draw(maybe(booleans)) if strict else None,
    )


@st.composite
def _formats(draw: st.DrawFn, *, native: bool, compatible: bool) -> ResponseFormat | None:
    if draw(booleans):
        return None
    schema = draw(maybe(objects))
    if schema is None or not compatible:
        return ResponseFormat(schema=schema)
    if native:
        return ResponseFormat(schema=schema, name="answer")
    return ResponseFormat(
        schema=schema,
        name=draw(names),
        description=draw(texts),
        strict=draw(maybe(booleans)),
    )


# Answers and streams --------------------------------------------------------------------------

logprobs = st.builds(
    # In the order in which OpenAI's dialect writes what it completes.
    lambda token, logprob: {"bytes": [72], "top_logprobs": [], "token": token, "logprob": logprob},
    texts,
    st.sampled_from([-0.5, 0, -9999.0]),
)


@st.composite
def _usages(draw: st.DrawFn, *, native: bool) -> Usage:
    return Usage(
        prompt_tokens=draw(counts),
        completion_tokens=draw(counts),
        cached_tokens=draw(maybe(counts)),
        reasoning_tokens=None if native else draw(maybe(counts)),
    )


@st.composite
def _ends(draw: st.DrawFn, *, native: bool, called: bool) -> Finish:
    own = "tool_calls" if called else "stop"
    reasons = ["length", own] if native else ["length", "content_filter", own]
    timings = st.builds(Timings, total=counts, load=counts, prompt=counts, completion=counts)
    return Finish(
        reason=draw(st.sampled_from(reasons)),  # type: ignore[arg-type]  # all are reasons
        usage=draw(_usages(native=native)),
        timings=draw(timings) if native else None,
    )


@st.composite
def answers(draw: st.DrawFn, dialect: str) -> ChatResponse:
    """Whole answers that ``dialect`` (``ollama``, ``generate`` or ``openai``) can say in full."""
    calls = draw(_calls(0))
    text = draw(texts)
    end = draw(_ends(native=dialect != "openai", called=bool(calls)))
    return ChatResponse(
        model=MODEL,
        message=Message(
            role="assistant",
            parts=(Text(text),) if text else (),
            thinking=draw(texts),
            tool_calls=calls,
        ),
        finish_reason=end.reason,
        usage=end.usage,
        timings=end.timings,
        logprobs=tuple(draw(st.lists(logprobs, max_size=2))),
    )


@st.composite
def event_streams(draw: st.DrawFn, dialect: str) -> list[Event]:
    """Well-formed streams that ``dialect`` can say in full; arguments come in pieces."""
    events: list[Event] = [MessageStart(MODEL)]
    for kind in draw(st.lists(st.sampled_from([TextDelta, TextDelta, ThinkingDelta]), max_size=4)):
        logs = tuple(draw(st.lists(logprobs, max_size=1)))
        events.append(kind(draw(words), logs))
    opened = draw(st.sampled_from([0, 0, 1, 2]))
    for index in range(opened):
        text = compact(draw(objects))
        cut = draw(st.integers(0, len(text)))
        first = ToolCallDelta(index=index, id=f"c{index}", name=draw(names), arguments=text[:cut])
        events += [first, ToolCallDelta(index=index, arguments=text[cut:])]
    events.append(draw(_ends(native=dialect != "openai", called=opened > 0)))
    return events
