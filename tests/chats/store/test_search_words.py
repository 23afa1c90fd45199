"""The words that are searched: Chinese by the letter, accents and case folded, quotes together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.chats.store.search_words import MAX_CHARS, excerpt, phrases, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, World_wide!", "hello world wide"),
        ("上海天气", "上 海 天 气"),
        ("Café ＦＵＬＬ ﬁne", "cafe full fine"),
        ("GPT-4o 很好", "gpt 4o 很 好"),
        ("…!?", ""),
    ],
)
def test_a_text_is_taken_apart(text: str, words: str) -> None:
    assert words_of(text) == words


def test_no_more_of_a_text_is_searched_than_a_database_takes() -> None:
    assert "end" not in words_of("a " * (MAX_CHARS // 2) + "end")


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ('"new york" hotel', ["new york", "hotel"]),
        ("上海 weather", ["上 海", "weather"]),
        ('"" ... ""', []),
        ('half "open', ["half", "open"]),
    ],
)
def test_what_is_typed_becomes_phrases(typed: str, found: list[str]) -> None:
    assert phrases(typed) == found


def test_an_excerpt_shows_where_it_stands() -> None:
    text = "x " * 100 + "The Café by the sea" + " y" * 100
    shown, spans = excerpt(text, "cafe sea")
    assert [shown[start:end] for start, end in spans] == ["Café", "sea"]
    assert shown.startswith("…") and shown.endswith("…") and len(shown) < 200


def test_an_excerpt_of_nothing_found_is_the_beginning() -> None:
    assert excerpt("short text", "absent") == ("short text", ())
    assert excerpt("short text", "") == ("short text", ())


@given(text=st.text(max_size=60), typed=st.text(max_size=12))
def test_spans_lie_in_what_is_shown(text: str, typed: str) -> None:
    shown, spans = excerpt(text, typed)
    assert all(0 <= start < end <= len(shown) for start, end in spans)


@given(text=st.text(max_size=40))
def test_words_of_words_are_the_same(text: str) -> None:
    assert words_of(words_of(text)) == words_of(text)
