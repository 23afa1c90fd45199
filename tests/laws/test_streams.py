"""Laws of streams: how the network cuts never shows, and no end is made up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DiglotError, InvalidResponse
from core.translation.codec.framing import NDJSONDecoder, SSEDecoder
from core.translation.conversions.passed_stream import PassedStream
from core.translation.dialects.registry import DIALECTS
from core.translation.events import Finish, StreamError, accumulate, replay
from core.translation.translate import SPLICERS, StreamTranslator
from tests.laws.basics import NOW, STAMP, booleans, compact, exact, texts
from tests.laws.streams import CLIENT_DIALECTS, PAIRS, Talker, cuts, junk, stops, talk, torn, wires
from tests.laws.values import event_streams
from tests.test_vectors import ending, says_finish

NEW = ("anthropic", "responses", "completions")
WIDER = [(client_dialect, new) for client_dialect in CLIENT_DIALECTS for new in NEW]
pairs = st.sampled_from(PAIRS)
among = pytest.mark.parametrize("pairs", [PAIRS, WIDER], ids=["backends", "clients"])
client_dialects = st.sampled_from(CLIENT_DIALECTS)


def seen(talker: Talker) -> tuple[Any, ...]:
    return talker.error, talker.finish, talker.spoke


def cutting_is_invisible(new: Callable[[], Talker], data: bytes, pieces: list[bytes]) -> None:
    whole, cut = new(), new()
    assert talk(cut, pieces) == talk(whole, [data])
    assert seen(cut) == seen(whole)
    # A stream has one end, and one sign of it.
    assert (whole.error is None) == (whole.finish is not None)


@among
@given(data=st.data())
def test_cutting_is_invisible(pairs: list[tuple[str, str]], data: st.DataObject) -> None:
    source, target = data.draw(st.sampled_from(pairs))
    wire = data.draw(torn(source))
    pieces = data.draw(cuts(wire))

    def new() -> Talker:
        return StreamTranslator(source, target, STAMP, include_usage=True)

    cutting_is_invisible(new, wire, pieces)
    whole = new()
    out = talk(whole, [wire])
    assert ending(target, out) == ("finish" if whole.error is None else "error")


@given(dialect=client_dialects, rename=st.booleans(), data=st.data())
def test_cutting_is_invisible_to_bytes_passed_through(
    dialect: str, rename: bool, data: st.DataObject
) -> None:
    wire = data.draw(torn(dialect))
    pieces = data.draw(cuts(wire))
    cutting_is_invisible(lambda: PassedStream(dialect, STAMP, rename=rename), wire, pieces)


@among
@given(data=st.data())
def test_a_stream_cut_short_ends_in_an_error(
    pairs: list[tuple[str, str]], data: st.DataObject
) -> None:
    source, target = data.draw(st.sampled_from(pairs))
    wire = data.draw(wires(source))
    at = data.draw(stops(wire))
    translator = StreamTranslator(source, target, STAMP, include_usage=True)
    out = talk(translator, [wire.data[:at]])
    if at < wire.arrived:
        assert ending(target, out) == "error"
        assert not says_finish(target, out)
        assert translator.finish is None
    elif at == len(wire.data):
        assert ending(target, out) == "finish"


@given(dialect=client_dialects, rename=st.booleans(), data=st.data())
def test_a_passed_stream_cut_short_ends_in_an_error(
    dialect: str, rename: bool, data: st.DataObject
) -> None:
    wire = data.draw(wires(dialect))
    at = data.draw(stops(wire))
    passed = PassedStream(dialect, STAMP, rename=rename)
    out = talk(passed, [wire.data[:at]])
    assert (passed.error is None) == (passed.finish is not None)
    if at < wire.arrived:
        assert passed.error is not None
        # The error's own record is the last, and stands apart from what was passed on.
        end = DIALECTS[dialect].encoder(STAMP, include_usage=False).encode([passed.error], now=NOW)
        assert out.endswith(end)
        before = out[: -len(end)]
        assert not before or before.endswith((b"\n", b"\r\r"))
    elif at == len(wire.data) and not rename:
        # Blank lines after the end may go: nothing follows it.
        kept = wire.data.rstrip()
        assert out.startswith(kept)
        assert out[len(kept) :].strip() in (b"", b"data: [DONE]")


@pytest.mark.parametrize(
    ("dialect", "wire"),
    [
        ("openai", b'data: {"choices":[{"delta":{"content":"%b"},"finish_reason":"stop"}]}\n\n'),
        ("ollama", b'{"message":{"content":"%b"},"done":true}\n'),
    ],
)
def test_half_a_pair_beside_the_end_does_not_hide_it(dialect: str, wire: bytes) -> None:
    # A server that escapes everything and stops inside an emoji.
    passed = PassedStream(dialect, STAMP, rename=False)
    out = talk(passed, [wire % rb"\ud83d"])
    assert passed.error is None
    assert out.startswith(wire % rb"\ud83d")


said = texts | st.sampled_from(["\n", 'say "no"', "C:\\a\r\n\tit", "你好", "sk-", "Aa1" * 9])
_lines = st.builds(
    lambda content, done, name: (
        compact(
            {
                "model": name,
                "created_at": "2026-01-01T00:00:00Z",
                "message": {"role": "assistant", "content": content},
                "done": done,
            }
        ).encode()
        + b"\n"
    ),
    said,
    st.just(False) | booleans,
    st.just("m") | texts,
)
_native = st.lists(_lines, max_size=5).map(b"".join) | torn("ollama")


_CHUNK = (
    b'data: {"id":"1","object":"chat.completion.chunk","created":%d,"model":"m","choices":'
    b'[{"index":0,"delta":{%b"content":%b},"finish_reason":null}]%b}\n\n'
)
_chunks = st.builds(
    lambda created, role, text, more: _CHUNK % (created, role, compact(text).encode(), more),
    st.sampled_from([1, 1, 1, 2]),
    st.sampled_from([b"", b"", b"", b'"role":"assistant",', b'"refusal":"no",', b'"content":"x",']),
    said,
    st.sampled_from([b"", b"", b"", b',"usage":null', b',"choices":[]', b',"error":"no"']),
)
_chunked = st.lists(_chunks, max_size=8).map(b"".join)
_ends = st.sampled_from([b"", b"data: [DONE]\n\n", b"data: {", b": ping\n\n", b"event: x\n"])
_streams = {
    "ollama": _native,
    "openai": st.builds(lambda a, odd, b: a + odd + b, _chunked, _ends, _chunked)
    | st.builds(lambda a, b: a + b, _chunked, torn("openai")),
}


def drawn(source: str, data: st.DataObject) -> tuple[bytes, list[bytes]]:
    """Draw a stream, as a rule a sound one, and the reads that it comes in."""
    wire = data.draw(_streams[source])
    at = data.draw(st.integers(0, len(wire)))
    wire = data.draw(st.just(wire) | st.sampled_from([b"\xff", b"\n", b" ", b"\x7f"]).map(
        lambda odd: wire[:at] + odd + wire[at:]))  # fmt: skip
    return wire, data.draw(cuts(wire))


@pytest.mark.parametrize("pair", SPLICERS)
@given(usage=booleans, data=st.data())
def test_the_short_way_says_what_the_long_one_says(
    pair: tuple[str, str], usage: bool, data: st.DataObject
) -> None:
    short, long = (
        StreamTranslator(*pair, STAMP, include_usage=usage, splice=splice)
        for splice in (True, False)
    )
    for now, piece in enumerate(drawn(pair[0], data)[1], NOW):
        assert short.feed(piece, now=now) == long.feed(piece, now=now)
        assert seen(short) == seen(long)
    assert short.close(now=NOW) == long.close(now=NOW)
    assert seen(short) == seen(long)


@pytest.mark.parametrize("source", _streams)
@given(rename=booleans, data=st.data())
def test_a_known_form_passes_on_as_what_is_looked_at(
    source: str, rename: bool, data: st.DataObject
) -> None:
    short, long = (
        PassedStream(source, STAMP, rename=rename, splice=splice) for splice in (True, False)
    )
    _, pieces = drawn(source, data)
    for piece in pieces:
        assert short.feed(piece, now=NOW) == long.feed(piece, now=NOW)
        assert seen(short) == seen(long)
    assert short.close(now=NOW) == long.close(now=NOW)
    assert seen(short) == seen(long)


@given(dialect=client_dialects, data=st.data())
def test_what_is_written_reads_the_same(dialect: str, data: st.DataObject) -> None:
    events = data.draw(event_streams(dialect))
    before = exact(events)
    encoder = DIALECTS[dialect].encoder(STAMP, include_usage=True)
    wire = encoder.encode(events, now=NOW)
    assert exact(events) == before
    decoder = DIALECTS[dialect].decoder(ids="x")
    read = decoder.decode(wire) + decoder.flush()
    assert exact(accumulate(read)) == exact(accumulate(events))
    assert exact(accumulate(replay(accumulate(read)))) == exact(accumulate(read))


@given(pair=pairs, data=st.data())
def test_a_stream_folded_is_the_whole_answer(pair: tuple[str, str], data: st.DataObject) -> None:
    source, target = pair
    events = data.draw(event_streams(source))
    there, here = DIALECTS[source], DIALECTS[target]
    wire = there.encoder(STAMP, include_usage=True).encode(events, now=NOW)
    out = talk(StreamTranslator(source, target, STAMP, include_usage=True), [wire])
    decoder = here.decoder(ids=STAMP.id)
    streamed = accumulate(decoder.decode(out) + decoder.flush())

    body = there.dump_response(accumulate(events), stamp=STAMP, now=NOW)
    answer = there.parse_response(body, ids=STAMP.id)
    whole = here.parse_response(here.dump_response(answer, stamp=STAMP, now=NOW), ids=STAMP.id)
    told = exact(whole), exact(streamed)
    if answer.timings is None:
        # A stream is measured as it comes; a whole answer has but one moment.
        told = exact({**plain(whole), "timings": None}), exact({**plain(streamed), "timings": None})
    assert told[0] == told[1]


def plain(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__struct_fields__}


@among
@given(data=st.data())
def test_two_streams_do_not_mix(pairs: list[tuple[str, str]], data: st.DataObject) -> None:
    source, target = data.draw(st.sampled_from(pairs))
    wires_ = [data.draw(torn(source)), data.draw(torn(source))]
    alone = [talk(new_translator(source, target), [wire]) for wire in wires_]
    translators = [new_translator(source, target) for _ in wires_]
    cut = [data.draw(cuts(wire)) for wire in wires_]
    out = [b"", b""]
    while any(cut):
        # By turns, the one with more pieces longer.
        for index, pieces in enumerate(cut):
            if pieces:
                out[index] += translators[index].feed(pieces.pop(0), now=NOW)
    for index, translator in enumerate(translators):
        out[index] += translator.close(now=NOW)
    assert out == alone


def new_translator(source: str, target: str) -> StreamTranslator:
    return StreamTranslator(source, target, STAMP, include_usage=True)


@pytest.mark.parametrize("dialect", [*CLIENT_DIALECTS, *NEW])
@given(pieces=st.lists(junk, max_size=4))
def test_garbage_ends_in_an_error(dialect: str, pieces: list[bytes]) -> None:
    decoder = DIALECTS[dialect].decoder(ids="x")
    events = [event for piece in pieces for event in decoder.decode(piece)] + decoder.flush()
    assert isinstance(events[-1], Finish | StreamError)
    assert not any(isinstance(event, Finish | StreamError) for event in events[:-1])
    assert decoder.decode(b'{"done":true}\n') == [] == decoder.flush()
    try:
        accumulate(events)
    except DiglotError as exc:
        assert exc.status >= 400


@given(dialect=client_dialects, rename=st.booleans(), pieces=st.lists(junk, max_size=4))
def test_garbage_passed_through_has_an_end(dialect: str, rename: bool, pieces: list[bytes]) -> None:
    passed = PassedStream(dialect, STAMP, rename=rename)
    talk(passed, pieces)
    assert (passed.error is None) == (passed.finish is not None)
    assert passed.feed(b"x", now=NOW) == b"" or passed.error is None


@pytest.mark.parametrize("framing", [NDJSONDecoder, SSEDecoder])
@given(data=st.data())
def test_framing_cuts_the_same_records(
    framing: type[NDJSONDecoder] | type[SSEDecoder], data: st.DataObject
) -> None:
    wire = data.draw(torn("openai") | torn("ollama") | junk)
    whole, cut = framing(), framing()
    records: list[Any] = [*whole.decode(wire), *whole.flush()]
    found: list[Any] = []
    for piece in data.draw(cuts(wire)):
        found += cut.decode(piece)
    try:
        found += cut.flush()
    except InvalidResponse as exc:
        pytest.fail(f"no record here is too long: {exc}")
    assert found == records
