"""Curl commands as every shell writes them, for whoever reads one."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.inspector.paste.detect import read_paste
from core.tools.curl_words import as_unix, options, words
from core.tools.definitions.reading import parse_any

UNIX = (
    "curl -sX POST http://h/v1/chat/completions \\\n"
    '  -H \'a: b\' -d \'{"model": "m", "messages": []}\''
)
CMD = (
    'curl.exe -sX POST "http://h/v1/chat/completions" ^\r\n'
    '  -H "a: b" -d "{\\"model\\": \\"m\\", \\"messages\\": []}"'
)
POWERSHELL = (
    "curl.exe -sX POST http://h/v1/chat/completions `\n"
    '  -H \'a: b\' -d \'{"model": "m", "messages": []}\''
)


@pytest.mark.parametrize("command", [UNIX, CMD, POWERSHELL])
def test_every_shell_says_the_same(command: str) -> None:
    assert list(options(words(as_unix(command))[1:])) == [
        ("-s", None),
        ("-X", "POST"),
        ("", "http://h/v1/chat/completions"),
        ("-H", "a: b"),
        ("-d", '{"model": "m", "messages": []}'),
    ]


@pytest.mark.parametrize("command", [UNIX, CMD, POWERSHELL])
def test_both_readers_take_it(command: str) -> None:
    (piece,) = read_paste(command)
    assert piece.request == {"model": "m", "messages": []}
    (definition,) = parse_any(command).definitions
    assert definition.http is not None and definition.http.method == "POST"
    assert dict(definition.http.headers) == {"a": "b"}


def test_options_stand_together_or_behind_a_sign() -> None:
    found = list(options(words("-sGd x=1 --data=y --url=http://h --head | jq .")))
    assert found == [
        ("-s", None), ("-G", None), ("-d", "x=1"), ("--data", "y"), ("--url", "http://h"),
        ("--head", None),
    ]  # fmt: skip
    (definition,) = parse_any("curl -sGd q=1 http://h/find").definitions
    assert definition.http is not None and definition.http.query == {"q": "{q}"}


@given(st.text(alphabet="ab '\"\\;|&<>()\n\t\x0b$é", max_size=30))
def test_words_are_those_of_the_standard_library(text: str) -> None:
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";|&<>()")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        expected = list(lexer)
    except ValueError:
        with pytest.raises(ValueError, match="closing"):
            words(text)
    else:
        assert words(text) == expected


@pytest.mark.slow
def test_a_long_body_is_one_word() -> None:
    body = "9" * 4_000_000
    assert words(f"curl http://h -d '{body}' -d \"{body}\" -d {body}")[3::2] == [body] * 3
