"""The search for signs finds what a look at each place finds."""

from __future__ import annotations

import random
import re
import threading

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.exchanges.key_rules import key_rules
from core.exchanges.sign_search import SignSearch, expression, word
from tests.support.samples import sample

SIGNS = key_rules().signs
PATTERNS = [re.compile(rb"(?i)(?=(" + expression(sign) + rb"))") for sign in SIGNS.signs]
Places = set[tuple[int, int, int]]


def found(data: bytes, search: SignSearch = SIGNS) -> Places:
    places: list[tuple[int, int, int]] = []
    search.each(data, lambda sign, start, end, *_: places.append((sign, start, end)))
    assert len(places) == len(set(places))
    assert [end for _, _, end in places] == sorted(end for _, _, end in places)
    # Of the signs that are told once there is a test of its own.
    return {place for place in places if place[0] < len(search.signs)}


def looked_for(data: bytes) -> Places:
    return {
        (number, *match.span(1))
        for number, pattern in enumerate(PATTERNS)
        for match in pattern.finditer(data)
    }


def written(number: int, seed: int) -> bytes:
    """Return what a sign stands for, in small and large letters."""
    text = sample(expression(SIGNS.signs[number]).decode("latin-1"), seed).encode("latin-1")
    return (text, text.upper(), text.swapcase())[seed % 3]


signs = st.builds(written, st.integers(0, len(PATTERNS) - 1), st.integers(0, 5))
pieces = signs | st.binary(max_size=40) | st.sampled_from([b"s.", b"path", b"sk-sk-", b"://a:b@c@"])


@given(st.lists(pieces, max_size=12).map(b"".join))
@example(b"://a://b:c@@ S.abcdefghijklmnopqrstuvwxyz sk0123456789abcdef0123456789ABCDEF0")
@example(b"access_token authtoken token\\\\u5bc6\\u94a5")
def test_it_finds_what_a_look_at_each_place_finds(data: bytes) -> None:
    assert found(data) == looked_for(data)


@pytest.mark.parametrize("number", range(len(PATTERNS)), ids=lambda n: ascii(SIGNS.signs[n]))
def test_each_sign_is_found_wherever_it_stands(number: int) -> None:
    text = written(number, number)
    for before in (0, 1, 15, 16, 17, 31, 63, 64, 65, 1000):
        at = {place for place in found(b" " * before + text + b" ") if place[0] == number}
        assert {(start, end) for _, start, end in at} == {
            (before + start, before + end)
            for sign, start, end in looked_for(text)
            if sign == number
        }
        assert at


def test_the_words_of_a_sign_are_what_stands_before_its_expression() -> None:
    assert [word(sign) for sign in (b"s.[a-z]{2}", b"sk-", b"a.b")] == [b"s.", b"sk-", b"a.b"]
    assert found(b"a.b axb", SignSearch([b"a.b"])) == {(0, 0, 3)}


def test_threads_search_at_the_same_time() -> None:
    chance = random.Random(1)
    texts = [b"".join(written(chance.randrange(len(PATTERNS)), n) for n in range(2000))] * 4
    wanted, answers = found(texts[0]), list[Places]()
    threads = [
        threading.Thread(target=lambda text=text: answers.append(found(text))) for text in texts
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [wanted] * 4


def test_an_error_while_a_place_is_looked_at_is_seen() -> None:
    def fail(*_: object) -> None:
        raise LookupError("this place")

    with pytest.raises(LookupError, match="this place"):
        SIGNS.each(b"token", fail)
    assert found(b"token")


@given(st.lists(st.sampled_from([b"ab", b"Ab", b"b", b"cb", b"-"]), max_size=12).map(b"".join))
def test_signs_may_be_told_once(data: bytes) -> None:
    told: list[tuple[int, int]] = []
    search = SignSearch([b"b"], once=[b"ab", b"cb"])
    search.each(data, lambda sign, _, end, *__: told.append((sign, end)))
    ends = {(0, match.end()) for match in re.finditer(b"b", data)}
    for number, sign in ((1, b"ab"), (2, b"cb")):
        if sign in data:
            ends.add((number, data.index(sign) + len(sign)))
    assert len(told) == len(ends) and set(told) == ends
