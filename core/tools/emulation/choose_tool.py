"""Decides whether a tool is needed, and which one.

The model picks a name or "none" under a grammar. Its choice counts if its probability is high, as
with large models. A small model picks "none" or a random tool; then the words decide that the
question shares with the description and values of each tool.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.tools.emulation.argument_grammar import calculates, properties_of
from core.tools.emulation.question_phrases import find_phrases
from core.tools.emulation.spans import shared_words
from core.translation.codec.json import object_of
from core.translation.messages import ChatResponse, Tool, text_of

NONE = "none"
_SURE = -0.02
"""A "none" this likely (as a log-probability) outweighs the question's words."""

# Frequent characters that say little about the subject.
_COMMON = frozenset(
    "的了吗呢吧啊是有在从到去把将给请我你您他她它和与跟或就都也还很不没这那什么怎样多少几个些一二三"
    "上下里中大小人天年月日时分好看听说讲想要能会可以为因所但如果对向往被让叫用来成做打开关出入前后"
    "今明昨现查询找获取指定某当新老数字名称内容信息方法问题"
)

_LIKELY = -1.0
"""A tool this likely is chosen even without matching words."""


def wanted(decision: ChatResponse, tools: Sequence[Tool], question: str) -> list[Tool]:
    """Return the tools that may be meant; empty if the model should answer in words."""
    picked = _picked(decision)
    confidence = _confidence(decision, picked)
    if picked == NONE and confidence > _SURE:
        return []
    chosen = [tool for tool in tools if tool.name == picked]
    scores = [_evidence(tool, question, hinted=bool(chosen)) for tool in tools]
    most = max(scores)
    if most == 0:
        scores = _signs(tools, question)
        most = max(scores)
    if most == 0:
        return chosen if confidence > _LIKELY else []
    best = [tool for tool, score in zip(tools, scores, strict=True) if score == most]
    return [tool for tool in best if tool.name == picked] or best


def _evidence(tool: Tool, question: str, *, hinted: bool) -> int:
    """Score how well a question matches a tool.

    A number alone is weak evidence: it counts only if the model has picked any tool.
    """
    score = shared_words(question, f"{tool.name} {tool.description}")
    found = find_phrases(question, "")
    text = question.casefold()
    for schema in properties_of(tool).values():
        if not isinstance(schema, dict):
            continue
        values = schema.get("enum")
        if isinstance(values, list):
            score += sum(_says(text, v) for v in values if isinstance(v, str) and v)
        elif found.sums and calculates(schema):
            score += 2
        elif hinted and schema.get("type") in ("integer", "number"):
            score += bool(found.numbers and not found.sums)
    return score


def _signs(tools: Sequence[Tool], question: str) -> list[int]:
    """Count the CJK characters that only one tool shares with the question.

    Weak evidence, used if there is no better: "打车" and "出租车" share a character.
    """
    labels = [
        {c for c in f"{tool.name}{tool.description}" if c >= "\u3400" and c not in _COMMON}
        for tool in tools
    ]
    asked = set(question)
    scores = []
    for index, label in enumerate(labels):
        others = set[str]().union(*labels[:index], *labels[index + 1 :])
        scores.append(len((label - others) & asked))
    return scores


def _says(text: str, value: str) -> bool:
    value = value.casefold()
    if value.isascii():
        return bool(re.search(rf"(?<![a-z]){re.escape(value)}(?![a-z])", text))
    return value in text


def _picked(decision: ChatResponse) -> str:
    name = object_of(text_of(decision.message)).get("function")
    return name if isinstance(name, str) else ""


def _confidence(decision: ChatResponse, picked: str) -> float:
    """Return the log-probability of the picked name; -2 if it is unknown."""
    tokens = [(str(e.get("token", "")), float(e.get("logprob", 0))) for e in decision.logprobs]
    text = "".join(token for token, _ in tokens)
    start = text.rfind(picked)
    if not picked or start < 0:
        return -2.0
    total, place = 0.0, 0
    for token, logprob in tokens:
        if place + len(token) > start and place < start + len(picked):
            total += logprob
        place += len(token)
    return total
