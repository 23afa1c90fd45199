"""The estimate of tokens, beside what tokenizers count."""

from __future__ import annotations

from core.tokens import about_tokens


def test_english_and_chinese_take_about_what_tokenizers_count() -> None:
    assert about_tokens("") == 0
    # GPT-4o's tokenizer: 9 and 7.
    assert 7 <= about_tokens("The quick brown fox jumps over the lazy dog") <= 12
    assert 4 <= about_tokens("今天天气怎么样？") <= 9
