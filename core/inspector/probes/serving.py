"""Probes of memory, thinking, formats, tools, streams and errors."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

from core.inspector.probes.probe import Finding, Probe, Verdict, ignored, probe, say
from core.inspector.probes.subject import PROMPT, Seen, Subject
from core.note import quoted
from core.translation.codec.json import json_or_none, object_of
from core.translation.stamp import parse_rfc3339

_SCHEMA = {
    "type": "object",
    "properties": {"animal": {"type": "string", "enum": ["zebra"]}, "legs": {"type": "integer"}},
    "required": ["animal", "legs"],
}
_TOOL = {
    "type": "function",
    "function": {
        "name": "get_tide",
        "description": "Tell the tide at a harbour.",
        "parameters": {
            "type": "object",
            "properties": {"harbour": {"type": "string"}},
            "required": ["harbour"],
        },
    },
}
_CONTEXT = 1536  # no default of any server's
_SHORT = 300  # seconds: the five minutes of Subject.reload
_LONGER = 1800  # seconds: half of what the probe asks for
_PIXEL = "http://127.0.0.1:9/pixel.png"  # nobody listens there


async def _num_ctx(subject: Subject) -> Finding:
    if not await subject.has_server():
        return say("inconclusive", "probe.said.no_ps")
    # The keep-alive makes sure that the model is still loaded.
    seen = await subject.ask(max_tokens=1, num_ctx=_CONTEXT)
    entry = await subject.loaded()
    length = (entry or {}).get("context_length")
    if length is None:
        return say("inconclusive", "probe.said.num_ctx.missing")
    if length == _CONTEXT:
        return say("honoured", "probe.said.num_ctx.honoured", length=length)
    return ignored(seen.told, "probe.said.num_ctx.ignored", length=length, wanted=_CONTEXT)


async def _keep_alive(subject: Subject) -> Finding:
    if not await subject.has_server():
        return say("inconclusive", "probe.said.no_ps")
    await subject.reload()
    before = await _expiry(subject, lambda expiry: expiry < time.time() + 2 * _SHORT)
    seen = await subject.ask(max_tokens=1, raw={"keep_alive": "61m"})
    after = await _expiry(subject, lambda expiry: expiry > before + _LONGER)
    if not before or not after:
        return say("inconclusive", "probe.said.keep_alive.missing")
    moved = round((after - before) / 60)
    if after > before + _LONGER:
        return say("honoured", "probe.said.keep_alive.honoured", moved=moved)
    return ignored(seen.told, "probe.said.keep_alive.ignored", moved=moved)


async def _expiry(subject: Subject, settled: Callable[[int], bool]) -> int:
    """Return when the model is unloaded (seconds since 1970), or 0 if unknown.

    The server updates it a little after its answer, so this polls for a while.
    """
    expiry = 0
    for _ in range(15):
        expiry = parse_rfc3339(str((await subject.loaded() or {}).get("expires_at", "")))
        if settled(expiry):
            break
        await asyncio.sleep(0.1)
    return expiry


async def _unknown(subject: Subject) -> Finding:
    seen = await subject.ask(max_tokens=1, raw={"no_such_field": 1})
    return ignored(seen.told, "probe.said.unknown_field.ignored")


async def _think(subject: Subject) -> Finding:
    return _thought(await subject.ask(max_tokens=4, raw={"think": True}))


async def _effort(subject: Subject) -> Finding:
    return _thought(await subject.ask(max_tokens=4, raw={"reasoning_effort": "high"}))


def _thought(seen: Seen) -> Finding:
    message = seen.choice.get("message") or seen.body.get("message") or {}
    if any(message.get(key) for key in ("thinking", "reasoning", "reasoning_content")):
        return say("honoured", "probe.said.think.honoured")
    return ignored(seen.told, "probe.said.think.ignored")


async def _logprobs(subject: Subject) -> Finding:
    seen = await subject.ask(max_tokens=3, logprobs=True, top_logprobs=2)
    held = seen.choice.get("logprobs") or {}
    entries = seen.body.get("logprobs") or (held.get("content") if isinstance(held, dict) else None)
    if not entries:
        return ignored(seen.told, "probe.said.logprobs.ignored")
    tops = len(entries[0].get("top_logprobs") or [])
    verdict: Verdict = "honoured" if tops == 2 else "ignored"
    return say(verdict, "probe.said.logprobs.honoured", count=len(entries), tops=tops)


async def _schema(subject: Subject) -> Finding:
    wrapped = {"type": "json_schema", "json_schema": {"name": "a", "schema": _SCHEMA}}
    raw = (
        {"format": _SCHEMA} if subject.client_dialect == "ollama" else {"response_format": wrapped}
    )
    seen = await subject.ask(max_tokens=60, raw=raw)
    return _is_json(seen, lambda value: value.get("animal") == "zebra" and "legs" in value)


async def _json_mode(subject: Subject) -> Finding:
    raw = {"format": "json"} if subject.client_dialect == "ollama" else (
        {"response_format": {"type": "json_object"}})  # fmt: skip
    seen = await subject.ask(
        max_tokens=120, raw=raw, prompt='Name a colour. Answer as JSON: {"colour":'
    )
    if seen.finish == "length" and seen.text.lstrip().startswith("{"):
        return say("honoured", "probe.said.json.cut")
    return _is_json(seen, lambda value: True)


def _is_json(seen: Seen, good: Callable[[dict[str, Any]], bool]) -> Finding:
    value = json_or_none(seen.text)
    if value is None:
        return ignored(seen.told, "probe.said.json.not_json", text=seen.text[:40])
    if isinstance(value, dict) and good(value):
        return say("honoured", "probe.said.json.honoured", text=seen.text[:60])
    return ignored(seen.told, "probe.said.json.misfit", text=seen.text[:40])


async def _tools(subject: Subject) -> Finding:
    seen = await subject.ask(
        prompt="What is the tide at Dover?", max_tokens=80, raw={"tools": [_TOOL]}
    )
    if seen.calls:
        return Finding("honoured", quoted(_call(seen)))
    return say("inconclusive", "probe.said.tools.not_called")


async def _tool_choice(subject: Subject) -> Finding:
    seen = await subject.ask(
        prompt="What is the tide at Dover?", max_tokens=80,
        raw={"tools": [_TOOL], "tool_choice": "required"},
    )  # fmt: skip
    if seen.calls:
        return Finding("honoured", quoted(_call(seen)))
    return ignored(seen.told, "probe.said.tool_choice.ignored")


def _call(seen: Seen) -> str:
    function = seen.calls[0].get("function") or {}
    told = f"; {seen.told}" if seen.told else ""
    arguments = function.get("arguments")
    shown = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return f"{function.get('name')}({shown[:60]}){told}"


async def _usage(subject: Subject) -> Finding:
    raw = {"stream_options": {"include_usage": True}}
    with_it = await subject.ask(stream=True, max_tokens=3, raw=raw)
    without = await subject.ask(stream=True, max_tokens=3)
    counted, plain = _counts(with_it.raw), _counts(without.raw)
    if counted and plain:
        return say("ignored", "probe.said.include_usage.always", counted=counted)
    if counted:
        return say("honoured", "probe.said.include_usage.honoured", counted=counted)
    return ignored(with_it.told, "probe.said.include_usage.ignored")


def _counts(raw: bytes) -> int:
    for row in reversed(raw.splitlines()):
        data = row.removeprefix(b"data: ")

        value = object_of(data)
        usage = value.get("usage") or {}
        count = value.get("eval_count") or usage.get("completion_tokens")
        if count:
            return int(count)
    return 0


async def _several(subject: Subject) -> Finding:
    seen = await subject.ask(max_tokens=3, raw={"n": 2})
    count = len(seen.body.get("choices") or [1])
    told = f"; {seen.told}" if seen.told else ""
    if count == 2:
        return say("honoured", "probe.said.n.honoured", told=told)
    return ignored(seen.told, "probe.said.n.ignored")


async def _image_address(subject: Subject) -> Finding:
    parts = [{"type": "text", "text": "?"}, {"type": "image_url", "image_url": {"url": _PIXEL}}]
    seen = await subject.ask(max_tokens=3, raw={"messages": [{"role": "user", "content": parts}]})
    return ignored(seen.told, "probe.said.image_url.ignored")


async def _durations(subject: Subject) -> Finding:
    seen = await subject.ask(max_tokens=3)
    spent = seen.body.get("eval_duration") or (seen.body.get("timings") or {}).get("predicted_ms")
    if spent:
        return say("honoured", "probe.said.durations.honoured")
    return say("ignored", "probe.said.durations.ignored")


async def _no_model(subject: Subject) -> Finding:
    body = {**subject.body(max_tokens=3), "model": "no-such-model-here"}
    seen = await subject.send(body)
    error = seen.body.get("error")
    own = isinstance(error, str) if subject.client_dialect == "ollama" else isinstance(error, dict)
    words = f"{seen.status}: {seen.error[:120]}"
    return Finding("honoured" if seen.status == 404 and own else "ignored", quoted(words))


async def _developer(subject: Subject) -> Finding:
    words = "Always answer in capital letters and with great joy, whatever is asked."
    counts = []
    for role in ("system", "developer"):
        messages = [{"role": role, "content": words}, {"role": "user", "content": PROMPT}]
        seen = await subject.ask(max_tokens=3, raw={"messages": messages})
        usage = seen.body.get("usage") or {}
        counts.append(seen.body.get("prompt_eval_count") or usage.get("prompt_tokens") or 0)
    shown = f"system {counts[0]}, developer {counts[1]} tokens"
    same = counts[0] == counts[1]
    return Finding("honoured" if same else "ignored", quoted(shown))


def _is_schema(value: Any) -> bool:
    """Tell whether a format is a schema."""
    return value not in ("json", "json_object", "text")


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(("http:", "https:"))


SERVING: tuple[Probe, ...] = (
    probe("num_ctx", "num_ctx options.num_ctx", _num_ctx),
    probe("keep_alive", "keep_alive", _keep_alive),
    probe("think", "think", _think),
    probe("reasoning_effort", "reasoning_effort", _effort),
    probe("logprobs", "logprobs top_logprobs choices[].logprobs", _logprobs),
    probe("json_schema", "format response_format", _schema, _is_schema),
    probe("json_object", "format response_format.type", _json_mode,
          lambda value: value in ("json", "json_object")),
    probe("tools", "tools", _tools),
    probe("tool_choice", "tool_choice", _tool_choice),
    probe("include_usage", "stream_options.include_usage", _usage),
    probe("n", "n", _several),
    probe("image_url", "messages[].content[].image_url", _image_address, _is_address),
    probe("durations", "total_duration load_duration prompt_eval_duration eval_duration timings",
          _durations),
    probe("developer", "messages[].role", _developer,
          lambda value: value == "developer"),
    probe("error", "error", _no_model),
    probe("unknown_field", "", _unknown),
)  # fmt: skip
"""The probes of everything except sampling."""
