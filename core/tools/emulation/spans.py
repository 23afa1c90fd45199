"""Stretches of the user's text that may be values, and words that two texts share.

A small model asked for a city writes any city; limited to stretches of what the user said, it can
only choose. A question that shares a word with the description of a tool is most likely about it.
Both use words in languages with spaces, and characters in others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_LONGEST_WORDS = 5
_LONGEST_CHARACTERS = 8
_MOST = 300

_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_RUN = re.compile(rf"[{_UNSPACED}]+|[^\s{_UNSPACED}]+")
_LETTERS = re.compile(r"[^\W\d_]+")
_EDGES = " \t\n.,;:!?\"'()[]{}，。！？；：、“”‘’（）《》…"

# Words that say nothing about the subject: of questions, and of descriptions of functions.
_EMPTY_WORDS = frozenset(
    "the and for with what how much many this that these those can could would will you your "
    "please tell give get fetch return show find current now today about from into some any "
    "one two name given value are was were has have does did its use used using when where "
    "which who why let make work out number text information data".split()
)
_EMPTY_PAIRS = frozenset(
    "什么 怎么 怎样 多少 现在 今天 目前 当前 一下 帮我 请问 可以 给我 告诉 知道 我们 你们 "
    "这个 那个 指定 信息 获取 查询 返回 一个 如何 哪里 哪个 是否 的是 么样".split()
)


def spans(text: str) -> list[str]:
    """Return the stretches of ``text`` that may stand for a name or a phrase, shortest first."""
    found: dict[str, None] = {}
    for line in text.splitlines():
        runs = list(_RUN.finditer(line))
        for first, run in enumerate(runs):
            if re.match(rf"[{_UNSPACED}]", run[0]):
                _add_characters(run[0], found)
            for last in range(first, min(first + _LONGEST_WORDS, len(runs))):
                found.setdefault(line[run.start() : runs[last].end()].strip(_EDGES))
    found.pop("", None)
    return sorted(found, key=len)[:_MOST]


def shared_words(question: str, description: str) -> int:
    """Return how many words, or pairs of unspaced characters, the two texts share."""
    return len(_words(question) & _words(description))


def _add_characters(run: str, found: dict[str, None]) -> None:
    for start in range(len(run)):
        for end in range(start + 1, min(start + _LONGEST_CHARACTERS, len(run)) + 1):
            found.setdefault(run[start:end])


def _words(text: str) -> set[str]:
    words: set[str] = set()
    for run in _RUN.findall(text.lower().replace("_", " ")):
        if re.match(rf"[{_UNSPACED}]", run):
            words.update(_pairs(run))
        else:
            # Five letters join most forms of a word: convert, conversion, converting.
            words.update(w[:5] for w in _LETTERS.findall(run) if _says_something(w))
    return words


def _pairs(run: str) -> Iterable[str]:
    return (run[i : i + 2] for i in range(len(run) - 1) if run[i : i + 2] not in _EMPTY_PAIRS)


def _says_something(word: str) -> bool:
    return len(word) > 2 and word not in _EMPTY_WORDS
