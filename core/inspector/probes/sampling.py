"""Probes of sampling parameters: each compares answers that must or must not be equal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from core.inspector.probes.probe import Finding, Probe, ignored, probe, say
from core.inspector.probes.subject import Subject

_SEEDS = (11, 22, 33)


async def _temperature(subject: Subject) -> Finding:
    cold = [await subject.ask(temperature=0, seed=seed) for seed in _SEEDS[:2]]
    hot = [await subject.ask(temperature=2, seed=seed) for seed in _SEEDS[:2]]
    if cold[0].text == cold[1].text and hot[0].text != hot[1].text:
        return say("honoured", "probe.said.temperature.honoured")
    if cold[0].text != cold[1].text:
        return say("ignored", "probe.said.temperature.differs")
    return say("inconclusive", "probe.said.temperature.equal")


async def _seed(subject: Subject) -> Finding:
    asked = [await subject.ask(temperature=1.5, seed=seed) for seed in (7, 7, 8)]
    one, again, other = (seen.text for seen in asked)
    if one != again:
        return say("ignored", "probe.said.seed.differs")
    if one == other:
        return say("inconclusive", "probe.said.seed.equal")
    return say("honoured", "probe.said.seed.honoured")


def _narrows(name: str, value: Any) -> Callable[[Subject], Awaitable[Finding]]:
    """At high temperature answers differ, unless only the most likely token is allowed."""

    async def tries(subject: Subject) -> Finding:
        free = [await subject.ask(temperature=2, seed=seed) for seed in _SEEDS]
        bound = [await subject.ask(temperature=2, seed=s, **{name: value}) for s in _SEEDS]
        told = bound[0].told
        if len({seen.text for seen in free}) < len(_SEEDS):
            return say("inconclusive", "probe.said.narrows.equal")
        if len({seen.text for seen in bound}) == 1:
            return say("honoured", "probe.said.narrows.honoured", name=name, value=value)
        return ignored(told, "probe.said.narrows.ignored", name=name, value=value)

    return tries


def _changes(name: str, value: Any) -> Callable[[Subject], Awaitable[Finding]]:
    """A large penalty changes an answer with repeated words."""

    async def tries(subject: Subject) -> Finding:
        plain = await subject.ask(max_tokens=32)
        pressed = await subject.ask(max_tokens=32, **{name: value})
        if plain.text != pressed.text:
            return say("honoured", "probe.said.changes.honoured", name=name, value=value)
        if len(plain.text) < 40:
            return say("inconclusive", "probe.said.short")
        return ignored(pressed.told, "probe.said.changes.ignored", name=name, value=value)

    return tries


def _limits(name: str) -> Callable[[Subject], Awaitable[Finding]]:
    async def tries(subject: Subject) -> Finding:
        fields: dict[str, Any] = {"max_tokens": None}
        native = subject.client_dialect == "ollama"
        if name == "max_tokens":
            fields = {"max_tokens": 3}
        seen = await subject.ask(
            prompt="Count from one to fifty.",
            raw={} if name == "max_tokens" else {name: 3},
            **fields,
        )
        shown = "num_predict" if native and name == "max_tokens" else name
        if seen.tokens <= 3 and seen.finish == "length":
            return say("honoured", "probe.said.limit.honoured", tokens=seen.tokens, shown=shown)
        return ignored(seen.told, "probe.said.limit.ignored", tokens=seen.tokens, shown=shown)

    return tries


def _stops(*, bare: bool) -> Callable[[Subject], Awaitable[Finding]]:
    async def tries(subject: Subject) -> Finding:
        whole = await subject.ask()
        words = whole.text.split()
        if len(words) < 5:
            return say("inconclusive", "probe.said.short")
        word = next((w for w in words[3:] if len(w) > 3 and words.index(w) >= 3), words[-1])
        seen = await subject.ask(stop=word if bare else [word])
        if word not in seen.text and whole.text.startswith(seen.text.rstrip()):
            short, long = len(seen.text), len(whole.text)
            return say("honoured", "probe.said.stop.honoured", word=word, short=short, long=long)
        return ignored(seen.told, "probe.said.stop.ignored", word=word)

    return tries


def _both(name: str) -> str:
    return f"{name} options.{name}"


SAMPLING: tuple[Probe, ...] = (
    probe("temperature", _both("temperature"), _temperature),
    probe("seed", _both("seed"), _seed),
    probe("top_k", _both("top_k"), _narrows("top_k", 1)),
    probe("top_p", _both("top_p"), _narrows("top_p", 0.000001)),
    probe("min_p", _both("min_p"), _narrows("min_p", 1.0)),
    probe("repeat_penalty", _both("repeat_penalty"), _changes("repeat_penalty", 1.9)),
    probe("frequency_penalty", _both("frequency_penalty"), _changes("frequency_penalty", 2.0)),
    probe("presence_penalty", _both("presence_penalty"), _changes("presence_penalty", 2.0)),
    probe("max_tokens", "max_tokens options.num_predict",
          _limits("max_tokens")),
    probe("max_completion_tokens", "max_completion_tokens", _limits("max_completion_tokens")),
    probe("stop_list", _both("stop"), _stops(bare=False),
          lambda value: isinstance(value, list)),
    probe("stop_string", _both("stop"), _stops(bare=True), lambda value: isinstance(value, str)),
)  # fmt: skip
"""The probes of sampling."""
