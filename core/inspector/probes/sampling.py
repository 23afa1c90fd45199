"""Probes of what steers the sampling: each compares answers that must or must not be equal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from core.inspector.probes.probe import Finding, Probe, any_value, refused, say
from core.inspector.probes.subject import Subject
from core.note import Note

__all__ = ["SAMPLING"]

_SEEDS = (11, 22, 33)


async def _temperature(subject: Subject) -> Finding:
    cold = [await subject.ask(temperature=0, seed=seed) for seed in _SEEDS[:2]]
    hot = [await subject.ask(temperature=2, seed=seed) for seed in _SEEDS[:2]]
    for seen in (*cold, *hot):
        if seen.status >= 400:
            return refused(seen)
    if cold[0].text == cold[1].text and hot[0].text != hot[1].text:
        return say("honoured", "0 时两次一样，2 时两次不同", "equal twice at 0, different at 2")
    if cold[0].text != cold[1].text:
        return say("ignored", "0 时两次不同", "different twice at 0")
    return say("inconclusive", "2 时两次也一样", "equal twice at 2 as well")


async def _seed(subject: Subject) -> Finding:
    asked = [await subject.ask(temperature=1.5, seed=seed) for seed in (7, 7, 8)]
    for seen in asked:
        if seen.status >= 400:
            return refused(seen)
    one, again, other = (seen.text for seen in asked)
    if one != again:
        return say("ignored", "同一个 seed 两次不同", "different twice with one seed")
    if one == other:
        return say("inconclusive", "换了 seed 也一样", "equal with another seed, too")
    return say(
        "honoured",
        "同一个 seed 两次一样，换了就不同",
        "equal twice with one seed, not with another",
    )


def _narrows(name: str, value: Any) -> Callable[[Subject], Awaitable[Finding]]:
    """Hot answers are all different, unless only the likeliest token may be taken."""

    async def tries(subject: Subject) -> Finding:
        free = [await subject.ask(temperature=2, seed=seed) for seed in _SEEDS]
        bound = [await subject.ask(temperature=2, seed=s, **{name: value}) for s in _SEEDS]
        for seen in (*free, *bound):
            if seen.status >= 400:
                return refused(seen)
        told = bound[0].told
        if len({seen.text for seen in free}) < len(_SEEDS):
            return say("inconclusive", "不加它也有相同的", "some are equal without it, too")
        if len({seen.text for seen in bound}) == 1:
            return say(
                "honoured",
                f"温度 2：不加时三个 seed 三个答案，{name}={value} 时都一样",
                f"at temperature 2 three seeds gave three answers, one answer with {name}={value}",
            )
        return _ignored(
            f"温度 2、{name}={value} 时答案仍然各不相同",
            f"answers at temperature 2 still differ with {name}={value}",
            told,
        )

    return tries


def _changes(name: str, value: Any) -> Callable[[Subject], Awaitable[Finding]]:
    """A penalty that is large enough changes an answer in which words come again."""

    async def tries(subject: Subject) -> Finding:
        plain = await subject.ask(max_tokens=32)
        pressed = await subject.ask(max_tokens=32, **{name: value})
        for seen in (plain, pressed):
            if seen.status >= 400:
                return refused(seen)
        if plain.text != pressed.text:
            return say("honoured", f"温度 0、{name}={value} 时答案变了",
                       f"the answer at temperature 0 changed with {name}={value}")  # fmt: skip
        if len(plain.text) < 40:
            return say("inconclusive", "答案太短", "the answer is too short")
        return _ignored(f"温度 0、{name}={value} 时答案没变",
                        f"the answer at temperature 0 is the same with {name}={value}",
                        pressed.told)  # fmt: skip

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
        if seen.status >= 400:
            return refused(seen)
        shown = "num_predict" if native and name == "max_tokens" else name
        if seen.tokens <= 3 and seen.finish == "length":
            return say("honoured", f"{shown}=3，写了 {seen.tokens} 个 token，结束原因 length",
                       f"{seen.tokens} tokens with {shown}=3, ended with length")  # fmt: skip
        return _ignored(f"{shown}=3，却写了 {seen.tokens} 个 token",
                        f"{seen.tokens} tokens in spite of {shown}=3", seen.told)  # fmt: skip

    return tries


def _stops(*, bare: bool) -> Callable[[Subject], Awaitable[Finding]]:
    async def tries(subject: Subject) -> Finding:
        whole = await subject.ask()
        words = whole.text.split()
        if whole.status >= 400 or len(words) < 5:
            return refused(whole) if whole.status >= 400 else say(
                "inconclusive", "答案太短", "the answer is too short")  # fmt: skip
        word = next((w for w in words[3:] if len(w) > 3 and words.index(w) >= 3), words[-1])
        seen = await subject.ask(stop=word if bare else [word])
        if seen.status >= 400:
            return refused(seen)
        if word not in seen.text and whole.text.startswith(seen.text.rstrip()):
            short, long = len(seen.text), len(whole.text)
            return say(
                "honoured",
                f"在「{word}」之前停了：{short} 个字符，原来 {long} 个",
                f"stopped before “{word}”: {short} characters instead of {long}",
            )
        return _ignored(f"「{word}」之后还在写", f"went on after “{word}”", seen.told)

    return tries


def _ignored(zh: str, en: str, told: str) -> Finding:
    if told:
        return say(
            "ignored", f"{zh}；在响应头里说明了：{told}", f"{en}; said so in a header: {told}"
        )
    return say("ignored", zh, en)


def _probe(
    name: str,
    paths: Sequence[str],
    zh: str,
    en: str,
    tries: Callable[[Subject], Awaitable[Finding]],
    concerns: Callable[[Any], bool] = any_value,
) -> Probe:
    return Probe(name=name, title=Note(zh, en), paths=tuple(paths), tries=tries, concerns=concerns)


def _both(name: str) -> tuple[str, str]:
    return (name, f"options.{name}")


SAMPLING: tuple[Probe, ...] = (
    _probe("temperature", _both("temperature"), "温度", "temperature", _temperature),
    _probe("seed", _both("seed"), "随机种子 seed", "seed", _seed),
    _probe("top_k", _both("top_k"), "top_k", "top_k", _narrows("top_k", 1)),
    _probe("top_p", _both("top_p"), "top_p", "top_p", _narrows("top_p", 0.000001)),
    _probe("min_p", _both("min_p"), "min_p", "min_p", _narrows("min_p", 1.0)),
    _probe("repeat_penalty", _both("repeat_penalty"), "重复惩罚 repeat_penalty", "repeat_penalty",
           _changes("repeat_penalty", 1.9)),
    _probe("frequency_penalty", _both("frequency_penalty"), "频率惩罚", "frequency_penalty",
           _changes("frequency_penalty", 2.0)),
    _probe("presence_penalty", _both("presence_penalty"), "存在惩罚", "presence_penalty",
           _changes("presence_penalty", 2.0)),
    _probe("max_tokens", ("max_tokens", "options.num_predict"),
           "最多写多少（max_tokens 或 num_predict）", "max_tokens, or num_predict",
           _limits("max_tokens")),
    _probe("max_completion_tokens", ("max_completion_tokens",), "max_completion_tokens",
           "max_completion_tokens", _limits("max_completion_tokens")),
    _probe("stop_list", _both("stop"), "stop 写成列表", "stop as a list", _stops(bare=False),
           lambda value: isinstance(value, list)),
    _probe("stop_string", _both("stop"), "stop 写成一个字符串", "stop as one string",
           _stops(bare=True), lambda value: isinstance(value, str)),
)  # fmt: skip
"""The probes of sampling."""
