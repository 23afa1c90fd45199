"""Finds the phrases and numbers in a question, without function words.

A small model that has to name a city copies any words; with only a few phrases to choose from, it
mostly takes the right one. Text is split at function words, and words that the description of the
tool contains are left out: in "the weather in Paris" a weather tool needs only Paris. Languages
without spaces are split in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

_QUOTED = re.compile(
    r"""(?x) "([^"]+)" | “([^”]+)” | 「([^」]+)」 | 《([^》]+)》 | ‘([^’]+)’
    | (?<!\w)'([^']+)'(?!\w)"""
)
_SUM = re.compile(r"\(*\s*\d[\d.]*(?:\s*[-+*/×÷^%]\s*\(*\s*\d[\d.]*\s*\)*)+")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*[A-Za-z])|(?<=[\u3400-\u9fff])\d+(?:\.\d+)?")
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_TOKEN = re.compile(
    rf"[{_UNSPACED}]+|[^\W{_UNSPACED}](?:[^\s,;:!?()\[\]{{}}\"{_UNSPACED}]*[^\W_])?"
)

_STOP = frozenset(
    """a an the this that these those some any each every all no not my your his her its our their
    i you he she it we they me him us them mine yours who whom whose which what when where why how
    is are was were be been being am do does did doing have has had having can could will would
    shall should may might must let lets i'd i'm i'll i've you're it's what's where's who's how's
    of in on at to from for by with about into onto over under after before between and or but if
    then than as so too also just only very much many more most few less up down out off again
    please thanks thank kindly want wants wanted need needs like likes help check find look show
    tell give get make put take go come know see say ask try use start stop switch set turn add
    there here now today currently right exactly number one time mean called
    again there's that's hear find add""".split()
)
# Longer ones first: "现在" must not be cut as "在".
_STOP_UNSPACED = sorted(
    """请问 请帮我 帮我 帮忙 麻烦 一下 现在 今天 目前 当前 多少 什么 怎么样 怎么 怎样 哪里 哪些
    哪个 哪儿 如何 是否 有没有 能不能 可不可以 可以 能否 想要 我想 我要 我们 你们 他们 这个 那个
    一个 一家 一条 一首 一份 一些 一张 一封 等于 换算成 翻译成 换成 转成 变成 查询 查一查 看看
    告诉 知道 需要 应该 还是 或者 以及 已经 以下 以上 之间 左右 大概 有关 关于 里面 然后 因为
    所以 但是 如果 几点 为什么 想听 想看 想买 想去 我想听 我想看 我想买 我想去 我要听 我要买
    找一找 找一下 查一下 给我 调到 关掉 打开 发一条 发一个 定一个 订一个 设一个 听一下 搜一下 的
    了 吗 呢 吧 啊 呀 是 有 在 从 到 去 把 将 给 请 我 你 您 他 她 它 和 与 跟 或 就 都 也 还 很
    不 没 这 那 坐 帮""".split(),
    key=len,
    reverse=True,
)
# Measure words after a number.
_MEASURED = re.compile(r"(\d)\s*(?:个人|个|度|元|块钱|块|号|人|位|次|份|岁|点钟)")
_CUT_UNSPACED = re.compile("|".join(map(re.escape, _STOP_UNSPACED)))


class Phrases(NamedTuple):
    """The possible values in a question, in its order. ``sums`` are arithmetic expressions."""

    quoted: list[str]
    names: list[str]
    others: list[str]
    numbers: list[int | float]
    sums: list[str]

    def best(self, count: int) -> list[str]:
        """Return at least ``count`` phrases if there are as many, the most reliable kinds first."""
        chosen: list[str] = []
        for kind in (self.quoted, self.names, self.others):
            if len(chosen) < count or not chosen:
                chosen += [phrase for phrase in kind if phrase not in chosen]
        return chosen


def find_phrases(question: str, subject: str) -> Phrases:
    """Return the phrases of ``question`` that are not in ``subject``, the words of a tool."""
    quoted = [next(filter(None, m.groups())).strip() for m in _QUOTED.finditer(question)]
    bare = _MEASURED.sub(r"\1 , ", _QUOTED.sub(" , ", question))
    sums = [m[0].strip() for m in _SUM.finditer(bare)]
    sums = [_balanced(text) for text in sums]
    numbers = [_number(m[0]) for m in _NUMBER.finditer(bare)]
    names: list[str] = []
    others: list[str] = []
    known = _stems(subject)
    for run, first in _runs(bare):
        for phrase in _by_case(_news(run, known)):
            name = phrase[:1].isupper() and not (first and phrase == run and " " not in phrase)
            (names if name else others).append(phrase)
    for run in _unspaced_runs(bare):
        phrase = _unspaced_news(run, subject)
        if phrase:
            others.append(phrase)
    in_order = sorted(dict.fromkeys(others), key=question.find)
    return Phrases(quoted, list(dict.fromkeys(names)), in_order, numbers, sums)


def _runs(text: str) -> Iterable[tuple[str, bool]]:
    """Yield runs of words between function words and punctuation, and whether it is the first."""
    run: list[str] = []
    begins = first = True
    counted = False
    end = 0
    for token in _TOKEN.finditer(text):
        word = token[0]
        gap = text[end : token.start()]
        end = token.end()
        stops = word.casefold() in _STOP or bool(re.match(rf"[{_UNSPACED}]", word))
        number = bool(re.fullmatch(r"[\d.]+", word))
        # A counted noun is not a name: "3 bottles of milk" is about milk.
        stops = stops or (counted and word.islower())
        counted = number
        if run and (stops or number or gap.strip() or "\n" in gap):
            yield " ".join(run), begins
            run = []
        if stops or number:
            first = False
            continue
        if not run:
            begins = first
        first = False
        run.append(word.removesuffix("'s").removesuffix("’s"))
    if run:
        yield " ".join(run), begins


def _news(run: str, known: frozenset[str]) -> str:
    words = run.split()
    while words and words[0].casefold()[:5] in known:
        words.pop(0)
    while words and words[-1].casefold()[:5] in known:
        words.pop()
    return " ".join(words)


def _by_case(phrase: str) -> list[str]:
    """Separate names from the words beside them: "near Green Park" is two phrases."""
    groups = groupby(phrase.split(), key=lambda word: word[:1].isupper())
    return [" ".join(words) for _, words in groups]


def _stems(text: str) -> frozenset[str]:
    words = re.findall(r"[^\W\d_]+", text.casefold().replace("_", " "))
    # Five letters join most forms of a word: convert, conversion, converting.
    return frozenset(word[:5] for word in words if len(word) > 2)


def _unspaced_runs(text: str) -> Iterable[str]:
    for run in re.findall(rf"[{_UNSPACED}]+", text):
        yield from filter(None, _CUT_UNSPACED.split(run))


def _unspaced_news(run: str, subject: str) -> str:
    """Cut words of the tool's description from both ends."""
    start, end = 0, len(run)
    for length in range(end, 1, -1):
        if run[:length] in subject:
            start = length
            break
    for length in range(end - start, 1, -1):
        if run[end - length : end] in subject:
            end -= length
            break
    rest = run[start:end]
    return "" if len(rest) == 1 and rest in subject else rest


def _balanced(text: str) -> str:
    while text.count("(") > text.count(")") and text.startswith("("):
        text = text[1:].strip()
    return text + ")" * max(0, text.count("(") - text.count(")"))


def _number(text: str) -> int | float:
    return float(text) if "." in text else int(text)
