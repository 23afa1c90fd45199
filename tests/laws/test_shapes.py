"""The law of shapes: any answer cut into any legal stream says the same as the whole.

What is said is drawn first (thinking, text, calls, an end); then the whole answer is written in
one odd but legal form, and the stream of it in others, cut at any place.
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.translation.dialects.registry import DIALECTS
from core.translation.events import accumulate
from core.translation.messages import ChatResponse
from tests.laws.basics import compact, exact, objects, texts

SAID = st.fixed_dictionaries(
    {
        "thinking": st.just("") | texts,
        "text": st.just("") | texts,
        "calls": st.lists(st.tuples(st.sampled_from("fg"), objects), max_size=3),
        "reason": st.sampled_from(
            [
                "stop",
                "length",
                "MAX_TOKENS",
                "tool_calls",
                "eos",
                "end_turn",
                "SAFETY",
                "tool_use",
                None,
            ]
        ),
        "usage": st.none() | st.fixed_dictionaries({"in": st.integers(0, 9)}),
    }
)
NAMES = st.sampled_from(
    ["reasoning_content", "reasoning", "thinking", "parts", "reasoning_details"]
)


@st.composite
def pieces(draw: st.DrawFn, text: str) -> list[str]:
    """Cut a text at any places; a text without letters has no pieces."""
    places = sorted(draw(st.lists(st.integers(0, len(text)), max_size=3)))
    edges = [0, *places, len(text)]
    return [part for a, b in pairwise(edges) if (part := text[a:b])]


@st.composite
def worded(draw: st.DrawFn, kind: str, text: str) -> dict[str, Any]:
    """Put thinking or text into one of the forms in which servers send it."""
    if kind == "thinking":
        name = draw(NAMES)
        if name == "reasoning_details":
            return {name: [{"type": "reasoning.text", "text": text}]}
        if name != "parts":
            return {name: text}
        part = draw(st.sampled_from([
            {"type": "thinking", "thinking": [{"type": "text", "text": text}]},
            {"type": "thinking", "thinking": text},
            {"type": "reasoning", "reasoning": text},
        ]))  # fmt: skip
        return {"content": [part, {"type": "reference", "reference_ids": [1]}]}
    return draw(st.sampled_from([
        {"content": text},
        {"content": [text]},
        {"content": [{"type": "text", "text": text}]},
        {"content": {"type": "output_text", "text": {"value": text}}},
        {"content": None, "refusal": text},
    ]))  # fmt: skip


def merged(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Put two deltas into one, if they have content both: as one list of parts."""
    parts = [d["content"] for d in (first, second) if d.get("content")]
    both = {**first, **second}
    if len(parts) == 2:
        both["content"] = [
            p for part in parts for p in (part if isinstance(part, list) else [part])
        ]
    elif parts:
        both["content"] = parts[0]
    return both


@st.composite
def openai_calls(draw: st.DrawFn, calls: list[tuple[str, Any]]) -> tuple[list[Any], list[Any]]:
    """Return the calls as a whole answer has them, and the deltas of one legal stream of them."""
    whole, deltas = [], []
    ids = draw(st.sampled_from(["own", "empty", "none"]))
    # Without ids only a name or a complete object tells calls apart, so indexes are free.
    places = draw(st.sampled_from(["own", "zero", "none"]))
    one_chunk = draw(st.booleans())
    for index, (name, values) in enumerate(calls):
        head: dict[str, Any] = {"type": "function"}
        if ids != "none":
            head["id"] = f"id{index}" if ids == "own" else ""
        as_object = draw(st.booleans())
        text = compact(values)
        whole.append(
            {**head, "function": {"name": name, "arguments": values if as_object else text}}
        )
        if places != "none":
            head["index"] = index if places == "own" else 0
        if as_object or one_chunk:
            arguments = values if as_object else text
            deltas.append([{**head, "function": {"name": name, "arguments": arguments}}])
            continue
        cut = draw(pieces(text))
        if ids == "own" and draw(st.booleans()):
            # The id alone, and then the name, as vLLM's servers send them.
            deltas.append([{**head, "function": draw(st.sampled_from([{}, {"name": None}]))}])
            head.pop("id")
        deltas.append([{**head, "function": {"name": name, "arguments": cut[0]}}])
        rest = {k: v for k, v in head.items() if k == "index"}
        deltas += [[{**rest, "function": {"arguments": piece}}] for piece in cut[1:]]
    if one_chunk and deltas:
        deltas = [[entry for delta in deltas for entry in delta]]
    return whole, deltas


def parsed(dialect: str, body: dict[str, Any], wire: bytes) -> tuple[ChatResponse, ChatResponse]:
    reader = DIALECTS[dialect]
    decoder = reader.decoder(ids="x")
    events = decoder.decode(wire) + decoder.flush()
    return reader.parse_response(body, ids="x"), accumulate(events)


def plain(response: ChatResponse) -> str:
    """Everything that is said; arguments as values, since their spaces mean nothing."""
    calls = [(c.id, c.name, json.loads(c.arguments)) for c in response.message.tool_calls]
    said = response.message.parts, response.message.thinking, calls
    return exact((said, response.finish_reason, response.stop, response.usage))


def sse(records: list[Any]) -> bytes:
    return b"".join(b"data: %b\n\n" % compact(record).encode() for record in records)


def counts(said: dict[str, Any], *names: str) -> dict[str, Any]:
    return dict.fromkeys(names, said["usage"]["in"]) if said["usage"] is not None else {}


# What vLLM and SGLang say beside the reason: a sequence, or the number of a token.
STOPS = st.sampled_from(
    [{}, {"stop_reason": "###"}, {"stop_reason": 7}, {"stop_reason": None}, {"matched_stop": "#"}]
)


@given(said=SAID, data=st.data())
def test_openai(said: dict[str, Any], data: st.DataObject) -> None:
    draw = data.draw
    thinking = draw(worded("thinking", said["thinking"])) if said["thinking"] else {}
    text = draw(worded("text", said["text"])) if said["text"] else {}
    calls, call_deltas = draw(openai_calls(said["calls"]))
    message = {**merged(thinking, text), "tool_calls": calls or draw(st.sampled_from([None, []]))}
    usage = counts(said, "prompt_tokens", "completion_tokens") or None
    why = {"finish_reason": said["reason"], **draw(STOPS)}
    body = {
        "model": "m",
        "choices": [{"index": 0, "message": message, **why}],
        "usage": usage,
    }
    thoughts = [draw(worded("thinking", piece)) for piece in draw(pieces(said["thinking"]))]
    texts_ = [draw(worded("text", piece)) for piece in draw(pieces(said["text"]))]
    if thoughts and texts_ and draw(st.booleans()):
        # The end of the thinking and the beginning of the text in one chunk.
        thoughts[-1:], texts_[:1] = [], [merged(thoughts[-1], texts_[0])]
    deltas = thoughts + texts_
    deltas += [{"tool_calls": delta} for delta in call_deltas]
    key = draw(st.sampled_from(["delta", "message"]))
    chunks: list[Any] = [{"model": "m", "choices": [{"index": 0, key: delta}]} for delta in deltas]
    end: dict[str, Any] = {"index": 0, "delta": {}, **why}
    place = draw(st.sampled_from(["last", "choice", "groq", "first"]))
    last: dict[str, Any] = {"model": "m", "choices": [end]}
    if usage and place == "choice":
        end["usage"] = usage
    elif usage and place == "groq":
        last["x_groq"] = {"usage": usage}
    elif usage and place == "first":
        chunks.insert(0, {"choices": [], "usage": usage})
    chunks.append(last)
    if usage and place == "last":
        chunks.append({"choices": [], "usage": usage})
    whole, streamed = parsed("openai", body, sse(chunks) + b"data: [DONE]\n\n")
    assert plain(streamed) == plain(whole)


@given(dialect=st.sampled_from(["ollama", "generate"]), said=SAID, data=st.data())
def test_ollama(dialect: str, said: dict[str, Any], data: st.DataObject) -> None:
    draw = data.draw
    calls = [
        {"function": {"name": name, "arguments": draw(st.sampled_from([given, compact(given)]))}}
        for name, given in said["calls"]
    ]
    end = {
        "model": "m",
        "done": True,
        "done_reason": said["reason"],
        **counts(said, "prompt_eval_count", "eval_count"),
    }
    text = "content" if dialect == "ollama" else "response"

    def line(**message: Any) -> dict[str, Any]:
        return {"model": "m", **({"message": message} if dialect == "ollama" else message)}

    whole_line = line(**{text: said["text"], "thinking": said["thinking"], "tool_calls": calls})
    lines = [line(thinking=piece) for piece in draw(pieces(said["thinking"]))]
    lines += [line(**{text: piece}) for piece in draw(pieces(said["text"]))]
    lines += [line(tool_calls=[call]) for call in calls]
    wire = b"".join(compact(x).encode() + b"\n" for x in [*lines, {**line(), **end}])
    whole, streamed = parsed(dialect, {**whole_line, **end}, wire)
    assert plain(streamed) == plain(whole)


@given(said=SAID, data=st.data())
def test_completions(said: dict[str, Any], data: st.DataObject) -> None:
    draw = data.draw
    form = draw(st.sampled_from(["text", "delta"]))

    def choice(text: str) -> dict[str, Any]:
        return {"index": 0, **({"text": text} if form == "text" else {"delta": {"content": text}})}

    why = {"finish_reason": said["reason"], **draw(STOPS)}
    body = {"model": "m", "choices": [{**choice(said["text"]), **why}]}
    chunks: list[Any] = [{"choices": [choice(piece)]} for piece in draw(pieces(said["text"]))]
    chunks.append({"choices": [{**choice(""), **why}]})
    whole, streamed = parsed("completions", body, sse(chunks) + b"data: [DONE]\n\n")
    assert plain(streamed) == plain(whole)


@given(said=SAID, data=st.data())
def test_anthropic(said: dict[str, Any], data: st.DataObject) -> None:
    draw = data.draw
    blocks: list[tuple[dict[str, Any], list[Any]]] = []
    for kind, words in (("thinking", said["thinking"]), ("text", said["text"])):
        if words:
            deltas = [{"type": f"{kind}_delta", kind: piece} for piece in draw(pieces(words))]
            blocks.append(({"type": kind, kind: words}, deltas))
    for index, (name, values) in enumerate(said["calls"]):
        block = {"type": "tool_use", "id": f"t{index}", "name": name, "input": values}
        cut = draw(st.just([]) | pieces(compact(values)))
        blocks.append((block, [{"type": "input_json_delta", "partial_json": p} for p in cut]))
    blocks.append(({"type": "redacted_thinking", "data": "x"}, []))
    usage = counts(said, "input_tokens", "output_tokens")
    body = {
        "model": "m",
        "content": [block for block, _ in blocks],
        "stop_reason": said["reason"],
        "usage": usage,
    }
    records: list[Any] = [{"type": "message_start", "message": {"model": "m"}}]
    for place, (block, deltas) in enumerate(blocks):
        empty = {"thinking": "", "text": "", **({"input": {}} if deltas else {})}
        start = {key: empty.get(key, value) for key, value in block.items()}
        records.append({"type": "content_block_start", "index": place, "content_block": start})
        records += [{"type": "content_block_delta", "index": place, "delta": d} for d in deltas]
        records.append({"type": "content_block_stop", "index": place})
    delta = {"type": "message_delta", "delta": {"stop_reason": said["reason"]}, "usage": usage}
    whole, streamed = parsed("anthropic", body, sse([*records, delta, {"type": "message_stop"}]))
    assert plain(streamed) == plain(whole)
