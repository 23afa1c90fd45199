"""What is fuzzed: each takes bytes, and may raise nothing but Diglot's own errors.

The first byte of an input says which target it is for, the second how a stream is cut.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from core.errors import DiglotError, InvalidRequest
from core.inspector.align.answer_leaves import answer_leaves
from core.inspector.align.request import align_request
from core.inspector.align.response import align_answer
from core.inspector.paste.detect import read_paste
from core.inspector.paste.sniff import tell
from core.inspector.timeline import read_line, timeline
from core.translation.codec.framing import NDJSONDecoder, SSEDecoder
from core.translation.codec.json import decode_json, encode_json, read_object
from core.translation.conversions.passed_stream import PassedStream, rename_model
from core.translation.dialects.registry import DIALECTS
from core.translation.events import Finish, StreamError, accumulate
from core.translation.stamp import Stamp
from core.translation.translate import StreamTranslator
from tests.test_vectors import VECTORS, ending

__all__ = ["TARGETS", "check", "describe", "seeds"]

CLIENT_DIALECTS = tuple(DIALECTS)
# What backends speak is passed on, too: these come first.
PASSED = ("ollama", "generate", "openai", "completions")
CLIENTS_ONLY = CLIENT_DIALECTS[len(PASSED) :]
assert CLIENT_DIALECTS[: len(PASSED)] == PASSED
STAMP = Stamp(id="1", created=1_700_000_000_000_000_000, model="m")
NOW = STAMP.created + 2_000_000_000


def _cut(data: bytes, how: int) -> list[bytes]:
    """One piece, or pieces of a size, or two pieces."""
    if how == 0:
        return [data]
    if how < 16:
        return [data[i : i + how] for i in range(0, len(data), how)]
    at = len(data) * how // 256
    return [data[:at], data[at:]]


def _talk(talker: StreamTranslator | PassedStream, pieces: list[bytes]) -> bytes:
    try:
        out = b"".join([talker.feed(piece, now=NOW) for piece in pieces])
        out += talker.close(now=NOW)
    except DiglotError as exc:
        raise AssertionError("a stream tells its errors and raises none") from exc
    assert (talker.error is None) == (talker.finish is not None)
    return out


def _stream(source: str) -> Callable[[bytes, int], None]:
    def run(data: bytes, how: int) -> None:
        for target in CLIENT_DIALECTS:
            whole = StreamTranslator(source, target, STAMP, include_usage=True)
            cut = StreamTranslator(source, target, STAMP, include_usage=True)
            out = _talk(whole, [data])
            assert _talk(cut, _cut(data, how)) == out
            assert (cut.error, cut.finish, cut.spoke) == (whole.error, whole.finish, whole.spoke)
            assert (ending(target, out) == "finish") == (whole.error is None)
        decoder = DIALECTS[source].decoder(ids="x")
        events = decoder.decode(data) + decoder.flush()
        assert [isinstance(e, Finish | StreamError) for e in events].index(True) == len(events) - 1
        accumulate(events)

    return run


def _passed(dialect: str) -> Callable[[bytes, int], None]:
    def run(data: bytes, how: int) -> None:
        for rename in (False, True):
            whole = PassedStream(dialect, STAMP, rename=rename)
            cut = PassedStream(dialect, STAMP, rename=rename)
            assert _talk(cut, _cut(data, how)) == _talk(whole, [data])
            assert (cut.error, cut.finish, cut.spoke) == (whole.error, whole.finish, whole.spoke)

    return run


def _request(source: str) -> Callable[[bytes, int], None]:
    def run(data: bytes, how: int) -> None:
        body = read_object(decode_json(data), "")
        before = encode_json(body)
        try:
            request = DIALECTS[source].parse_request(body)
            for target in CLIENT_DIALECTS:
                try:
                    written = DIALECTS[target].dump_request(request)
                except DiglotError:
                    continue
                encode_json(written)
                align_request(body, written, source=source, target=target)
                DIALECTS[target].settings.with_defaults(written, {"num_ctx": 1, "max_tokens": 1})
            tell(body)
        finally:
            assert encode_json(body) == before

    return run


def _response(source: str) -> Callable[[bytes, int], None]:
    def run(data: bytes, how: int) -> None:
        body = read_object(decode_json(data), "")
        before = encode_json(body)
        try:
            response = DIALECTS[source].parse_response(body, ids="x")
            for target in CLIENT_DIALECTS:
                encode_json(DIALECTS[target].dump_response(response, stamp=STAMP, now=NOW))
        finally:
            assert encode_json(body) == before

    return run


def _error(data: bytes, how: int) -> None:
    for source in CLIENT_DIALECTS:
        error = DIALECTS[source].parse_error(data, 400 + how % 200)
        assert error.message
        for target in CLIENT_DIALECTS:
            encode_json(DIALECTS[target].dump_error(error))


def _rename(data: bytes, how: int) -> None:
    renamed = decode_json(rename_model(data, "new", blame=InvalidRequest))
    body = decode_json(data)
    if "model" in body:
        body["model"] = "new"
    assert renamed == body


def _framing(data: bytes, how: int) -> None:
    for new in (NDJSONDecoder, SSEDecoder):
        whole, cut = new(), new()
        records = [*whole.decode(data), *whole.flush()]
        pieces = [cut.decode(piece) for piece in _cut(data, how)]
        assert [r for piece in (*pieces, cut.flush()) for r in piece] == records


def _paste(data: bytes, how: int) -> None:
    for piece in read_paste(data.decode("utf-8", "replace")):
        assert piece.line >= 1
        if piece.request is not None:
            encode_json(piece.request)


def _aligned(data: bytes, how: int) -> None:
    body = read_object(decode_json(data), "")
    source, target = (
        CLIENT_DIALECTS[how % len(CLIENT_DIALECTS)],
        CLIENT_DIALECTS[how // len(CLIENT_DIALECTS) % len(CLIENT_DIALECTS)],
    )
    rows = align_answer(body, body, source=source, target=target)
    shown = [row.path for row in rows if row.path is not None]
    assert len(shown) == len(set(shown)) == sum(1 for _ in answer_leaves(body, source))


def _lines(data: bytes, how: int) -> None:
    client_dialect = CLIENT_DIALECTS[how % len(CLIENT_DIALECTS)]
    pieces = [(STAMP.created + i, piece) for i, piece in enumerate(_cut(data, how))]
    line = read_line(client_dialect, pieces, started=STAMP.created)
    both = timeline(line, line, STAMP)
    assert both.moment(both.end).left == len(line.records)


TARGETS: list[Callable[[bytes, int], None]] = [
    *(_stream(client_dialect) for client_dialect in CLIENT_DIALECTS),
    *(_passed(client_dialect) for client_dialect in PASSED),
    *(_request(client_dialect) for client_dialect in CLIENT_DIALECTS),
    *(_response(client_dialect) for client_dialect in CLIENT_DIALECTS),
    _error,
    _rename,
    _framing,
    _aligned,
    _lines,
    _paste,
]
_STREAMS, _PASSED = 0, len(CLIENT_DIALECTS)
_REQUESTS = _PASSED + len(PASSED)
_RESPONSES = _REQUESTS + len(CLIENT_DIALECTS)
_OTHERS = _RESPONSES + len(CLIENT_DIALECTS)


def check(data: bytes) -> None:
    """Run one input. Raises whatever is no DiglotError: a crash."""
    if len(data) < 2:
        return
    try:
        TARGETS[data[0] % len(TARGETS)](data[2:], data[1])
    except DiglotError as exc:
        assert exc.message, "an error says something"


def seeds() -> list[bytes]:
    """Return the inputs of all vectors, each for every target that reads its like.

    A stream or an answer is there as it came, and as Diglot says it in the clients' dialects.
    """
    found = []
    for path in sorted(VECTORS.rglob("*.json")):
        case = json.loads(path.read_text("utf-8"))
        kinds = path.relative_to(VECTORS).parts
        if "source" not in case:
            continue  # a recording, or the list of traps
        if "streams" in kinds:
            inputs = _streams_of(case, next(path.parent.glob("input.*")).read_bytes())
            starts = [_STREAMS]
        else:
            inputs = {case["source"]: case["input"]}
            if kinds[0] == "responses":
                inputs |= _responses_of(case)
            inputs = {client_dialect: _text(body) for client_dialect, body in inputs.items()}
            starts = [_RESPONSES if "responses" in kinds else _REQUESTS]
        for client_dialect, data in inputs.items():
            places = [start + CLIENT_DIALECTS.index(client_dialect) for start in starts]
            if "streams" in kinds and client_dialect in PASSED:
                places.append(_PASSED + CLIENT_DIALECTS.index(client_dialect))
            if "bodies" in kinds or ("streams" in kinds and client_dialect == case["source"]):
                places += range(_OTHERS, _OTHERS + 3)
            if path.parent.name in ("text", "calls"):
                places += (len(TARGETS) - 3, len(TARGETS) - 2)
            found += [bytes([place, 1 + len(data) % 40]) + data for place in places]
    pastes = sorted((VECTORS / "pastes").glob("*.txt"))
    return [*found, *(bytes([len(TARGETS) - 1, 1]) + path.read_bytes() for path in pastes)]


def _text(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


def _streams_of(case: dict[str, Any], data: bytes) -> dict[str, bytes]:
    told = {
        client_dialect: _talk(
            StreamTranslator(case["source"], client_dialect, STAMP, include_usage=True), [data]
        )
        for client_dialect in CLIENTS_ONLY
    }
    return told | {case["source"]: data}


def _responses_of(case: dict[str, Any]) -> dict[str, Any]:
    response = DIALECTS[case["source"]].parse_response(case["input"], ids="x")
    return {
        client_dialect: DIALECTS[client_dialect].dump_response(response, stamp=STAMP, now=NOW)
        for client_dialect in CLIENTS_ONLY
    }


def describe(data: bytes) -> str:
    """Name the target of an input, and show its bytes as Python writes them."""
    name = TARGETS[data[0] % len(TARGETS)].__qualname__.split(".")[0] if data else "nothing"
    return f"{name} (target {data[:1]!r}, cut {data[1:2]!r}): {data[2:]!r}"
