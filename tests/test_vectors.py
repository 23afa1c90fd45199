"""Runs every vector: one file or folder below tests/vectors is one case.

A stream's case runs whole, fed byte by byte, split in two at every byte, and cut short at
every byte: a cut stream must end in the target's error event and hold no finish, unless all
that matters had arrived before the cut.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core import errors
from core.translation.dialects.registry import DIALECTS
from core.translation.report.report import dropped, explain_request
from core.translation.stamp import Stamp
from core.translation.translate import StreamTranslator, translate_request, translate_response

VECTORS = Path(__file__).parent / "vectors"
STAMP = Stamp(id="1", created=1_700_000_000_000_000_000, model="m")
NOW = STAMP.created + 2_000_000_000


def cases(kind: str, pattern: str) -> Any:
    found = sorted((VECTORS / kind).rglob(pattern))
    assert found, f"no vectors in {kind}"
    names = [str(path.relative_to(VECTORS / kind)).removesuffix(".json") for path in found]
    return pytest.mark.parametrize("path", found, ids=[n.removesuffix("/case") for n in names])


def load(path: Path) -> dict[str, Any]:
    # Strictly: a surrogate half or a NaN in a vector would be a mistake of its author.
    case: dict[str, Any] = json.loads(path.read_text("utf-8"), parse_constant=pytest.fail)
    assert case["shows"] and case["rule"], "a vector says what it shows, and by which rule"
    return case


def exact(value: Any) -> str:
    """Text that differs wherever two bodies do: 1 and 1.0 and true, and the order of keys."""
    return json.dumps(value, ensure_ascii=False, indent=1)


@cases("requests", "*.json")
def test_requests(path: Path) -> None:
    case = load(path)
    ways = {"source": case["source"], "target": case["target"]}
    accepts = case.get("accepts", ())
    written = translate_request(case["input"], **ways, accepts=accepts)
    rows = explain_request(case["input"], written, **ways, accepts=accepts)
    assert exact(written) == exact(case["expected"])
    assert list(dropped(rows)) == case["dropped"]


@cases("responses", "*.json")
def test_responses(path: Path) -> None:
    case = load(path)
    body = translate_response(
        case["input"], source=case["source"], target=case["target"], stamp=STAMP, now=NOW
    )
    assert exact(body) == exact(case["expected"])


@cases("errors/requests", "*.json")
def test_requests_that_break_their_dialect(path: Path) -> None:
    case = load(path)
    wanted = case["expected"]
    kind = getattr(errors, wanted["error"])
    with pytest.raises(kind) as caught:
        translate_request(case["input"], source=case["source"], target=case["target"])
    error = caught.value
    assert type(error) is kind
    assert (error.status, error.path) == (wanted["status"], wanted["path"])
    assert wanted["says"] in error.message


@cases("errors/responses", "*.json")
def test_answers_that_break_their_dialect(path: Path) -> None:
    case = load(path)
    wanted = case["expected"]
    with pytest.raises(getattr(errors, wanted["error"])) as caught:
        translate_response(
            case["input"], source=case["source"], target=case["target"], stamp=STAMP, now=NOW
        )
    assert caught.value.status == wanted["status"]
    assert wanted["says"] in caught.value.message


@cases("errors/bodies", "*.json")
def test_error_bodies(path: Path) -> None:
    case = load(path)
    data = case["input"]
    raw = data.encode() if isinstance(data, str) else json.dumps(data).encode()
    error = DIALECTS[case["source"]].parse_error(raw, case["status"])
    assert error.status == case.get("becomes", case["status"])
    assert exact(DIALECTS[case["target"]].dump_error(error)) == exact(case["expected"])


class Stream:
    """One case of a stream: its bytes, how it is to be read, and what must come out."""

    def __init__(self, path: Path) -> None:
        self.case = load(path)
        folder = path.parent
        self.source = self.case["source"]
        self.target = self.case["target"]
        self.input = next(folder.glob("input.*")).read_bytes()
        self.expected = next(folder.glob("expected.*")).read_bytes()

    def run(self, *pieces: bytes) -> bytes:
        """Translate ``pieces`` as they would have come from the network, one read each."""
        translator = StreamTranslator(
            self.source, self.target, STAMP, include_usage=self.case.get("include_usage", True)
        )
        out = b"".join([translator.feed(piece, now=NOW) for piece in pieces])
        out += translator.close(now=NOW)
        assert (translator.error is None) == (translator.finish is not None)
        assert (translator.error is None) == (ending(self.target, out) == "finish")
        return trimmed(out)


def trimmed(data: bytes) -> bytes:
    """Leave out what msgspec says about broken JSON, as its words change with its versions."""
    return re.sub(rb'(this API speaks|text of an object): [^"]*', rb"\1", data)


@cases("streams", "case.json")
def test_streams_whole(path: Path) -> None:
    stream = Stream(path)
    assert stream.run(stream.input).decode() == stream.expected.decode()
    assert ending(stream.target, stream.expected) == stream.case["ends_in"]


@pytest.mark.slow
@cases("streams", "case.json")
def test_streams_split_at_every_byte(path: Path) -> None:
    stream = Stream(path)
    data = stream.input
    assert stream.run(*(data[i : i + 1] for i in range(len(data)))) == stream.expected
    for at in range(len(data)):
        assert stream.run(data[:at], data[at:]) == stream.expected, f"split at byte {at}"


@pytest.mark.slow
@cases("streams", "case.json")
def test_streams_cut_short(path: Path) -> None:
    stream = Stream(path)
    arrived = ARRIVED[stream.source](stream.input)
    said_before_end = before_last_record(stream.target, stream.expected)
    for at in range(len(stream.input)):
        out = stream.run(stream.input[:at])
        if at >= arrived and ending(stream.target, out) == "finish":
            # All of the answer is there; what may still lack are the counts in the last record.
            assert before_last_record(stream.target, out) == said_before_end
            continue
        assert ending(stream.target, out) == "error", f"cut at byte {at}"
        assert not says_finish(stream.target, out), f"cut at byte {at}"
        assert said_before_end.startswith(before_last_record(stream.target, out))


def finish_of_ollama(data: bytes) -> int:
    """Return after how many bytes the line with done has come, read without Diglot's code."""
    place = 0
    for line in data.split(b"\n"):
        place += len(line.rstrip())
        if line.strip():
            body = loose(line)
            if not isinstance(body, dict) or body.get("error"):
                break
            if body.get("done"):
                return place
        place += len(line) - len(line.rstrip()) + 1
    return len(data) + 1


def finish_of_openai(data: bytes) -> int:
    """Return after how many bytes a finish reason or ``[DONE]`` has come."""
    place = 0
    event = b""
    for line in data.replace(b"\r", b"\n").split(b"\n"):
        place += len(line)
        if line.startswith(b"data:"):
            event += line[5:].strip()
            body = {"done": True} if event == b"[DONE]" else loose(event)
            if isinstance(body, dict):
                choices = body.get("choices") or []
                reasons = [c.get("finish_reason") for c in choices if not c.get("index")]
                if body.get("error"):
                    break
                if body.get("done") or any(reasons):
                    return place
        elif not line:
            if event and loose(event) is None:
                break
            event = b""
        place += 1
    return len(data) + 1


def finish_of_typed(data: bytes) -> int:
    """Return after how many bytes the event that ends a message or a response has come."""
    end = rb'data: \{"type":"(message_stop|response\.(completed|incomplete))".*'
    stop = re.search(end, data)
    return stop.end() if stop else len(data) + 1


ARRIVED: dict[str, Callable[[bytes], int]] = {
    "ollama": finish_of_ollama,
    "generate": finish_of_ollama,
    "openai": finish_of_openai,
    "completions": finish_of_openai,
    "anthropic": finish_of_typed,
    "responses": finish_of_typed,
}
NATIVE = ("ollama", "generate")


def loose(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return None


def records(dialect: str, data: bytes) -> list[bytes]:
    """Cut what Diglot wrote into records, framing included, and check the framing."""
    end = b"\n" if dialect in NATIVE else b"\n\n"
    pieces = data.split(end)
    assert pieces.pop() == b"", "a record without an end"
    if dialect not in NATIVE:
        named = dialect in ("anthropic", "responses")
        assert all(piece.startswith(b"event: " if named else b"data: ") for piece in pieces)
    return [piece + end for piece in pieces]


def body_of(dialect: str, record: bytes) -> Any:
    text = record.strip()
    if dialect not in NATIVE:
        text = text[text.index(b"data: ") + 6 :]
        if text == b"[DONE]":
            return {"done": True}
    return json.loads(text)


def before_last_record(dialect: str, data: bytes) -> bytes:
    """Return what stands before the record that carries the counts."""
    pieces = records(dialect, data)
    two = dialect == "anthropic" and b"message_stop" in pieces[-1]
    return b"".join(pieces[: -2 if two else -1])


def sign(dialect: str, body: Any) -> str:
    """Say whether a record is an end, and which."""
    kind = body.get("type")
    if dialect == "anthropic":
        return {"error": "error", "message_stop": "finish"}.get(kind, "")
    if dialect == "responses":
        ends = {"response.failed": "error", "response.completed": "finish"}
        return {**ends, "response.incomplete": "finish"}.get(kind, "")
    return "error" if "error" in body else "finish" if body.get("done") else ""


def ending(dialect: str, data: bytes) -> str:
    """Say how a stream of Diglot's ends; nothing may follow an end."""
    signs = [sign(dialect, body_of(dialect, record)) for record in records(dialect, data)]
    ends = [found for found in signs if found]
    assert len(ends) == 1, "a stream has one end"
    assert signs[-1], "the end comes last"
    return ends[0]


def says_finish(dialect: str, data: bytes) -> bool:
    bodies = [body_of(dialect, record) for record in records(dialect, data)]
    return any(
        sign(dialect, body) == "finish"
        or body.get("type") == "message_delta"
        or any(c.get("finish_reason") for c in body.get("choices") or [])
        for body in bodies
    )
