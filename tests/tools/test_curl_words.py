"""Curl commands as every shell writes them, for whoever reads one."""

from __future__ import annotations

import pytest

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
