"""The many spellings of a backend's address."""

from __future__ import annotations

import pytest

from core.http.addresses import ollama_address, root_address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://localhost:11434", "http://localhost:11434"),
        ("http://localhost:11434/", "http://localhost:11434"),
        ("http://localhost:11434/v1", "http://localhost:11434"),
        ("http://localhost:11434/v1/", "http://localhost:11434"),
        ("http://localhost:11434/api", "http://localhost:11434"),
        ("http://localhost:11434/api/chat", "http://localhost:11434"),
        ("http://localhost:11434/api/generate/", "http://localhost:11434"),
        ("  HTTP://localhost:11434//  ", "http://localhost:11434"),
        ("host.docker.internal:11434", "http://host.docker.internal:11434"),
        ("localhost:11434/v1", "http://localhost:11434"),
        ("https://example.org/ollama/", "https://example.org/ollama"),
        ("http://[::1]:11434/v1", "http://[::1]:11434"),
    ],
)
def test_an_ollama_address_loses_its_routes(text: str, expected: str) -> None:
    assert root_address(text, api=True) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com"),
        ("http://localhost:8000/v1/chat/completions", "http://localhost:8000"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("https://openrouter.ai/api/v1/", "https://openrouter.ai/api"),
        ("https://example.org/api", "https://example.org/api"),
    ],
)
def test_an_openai_address_keeps_what_stands_before_v1(text: str, expected: str) -> None:
    assert root_address(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "http://", "ftp://host", "unix:///x", "http://a b", "h?x=1", "http://${HOST}/v1",
     "{{ url }}", "http://<your-resource>.example.org", "http://127.0.0.1:99999", "http://[::1]:70000/v1"],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"http|no port"):
        root_address(text, api=True)


# The cases of Ollama's own envconfig/config_test.go (TestHost), with one difference: an
# address to listen on is turned into one to call.
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", "http://127.0.0.1:11434"),
        ("1.2.3.4", "http://1.2.3.4:11434"),
        (":1234", "http://127.0.0.1:1234"),
        ("1.2.3.4:1234", "http://1.2.3.4:1234"),
        ("http://1.2.3.4", "http://1.2.3.4:80"),
        ("https://1.2.3.4", "https://1.2.3.4:443"),
        ("https://1.2.3.4:1234", "https://1.2.3.4:1234"),
        ("example.com", "http://example.com:11434"),
        ("example.com:1234", "http://example.com:1234"),
        ("http://example.com", "http://example.com:80"),
        ("https://example.com/ollama", "https://example.com:443/ollama"),
        ("example.com/ollama", "http://example.com:11434/ollama"),
        ("[::1]", "http://[::1]:11434"),
        ("::1", "http://[::1]:11434"),
        ("[::1]:1337", "http://[::1]:1337"),
        ("[0001:002:003:0004::1]:1337", "http://[0001:002:003:0004::1]:1337"),
        (" 1.2.3.4 ", "http://1.2.3.4:11434"),
        ('"1.2.3.4"', "http://1.2.3.4:11434"),
        ('" 1.2.3.4 "', "http://1.2.3.4:11434"),
        ("'1.2.3.4'", "http://1.2.3.4:11434"),
        ("example.com:", "http://example.com:11434"),
        ("1.2.3.4:66000", "http://1.2.3.4:11434"),
        ("1.2.3.4:-1", "http://1.2.3.4:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:1234", "http://127.0.0.1:1234"),
        ("http://0.0.0.0:1234", "http://127.0.0.1:1234"),
        ("[::]:1234", "http://[::1]:1234"),
        ("::", "http://[::1]:11434"),
        ("ollama.com", "https://ollama.com:443"),
    ],
)
def test_ollama_host_is_read_as_ollama_reads_it(value: str, expected: str) -> None:
    assert ollama_address({"OLLAMA_HOST": value}) == expected


def test_litellms_variable_wins_over_ollamas() -> None:
    environ = {"OLLAMA_API_BASE": "http://a:1/v1", "OLLAMA_HOST": "b:2"}
    assert ollama_address(environ) == "http://a:1"
    assert ollama_address({}) == "http://127.0.0.1:11434"


def test_a_scheme_that_is_not_http_is_refused() -> None:
    with pytest.raises(ValueError, match=r"ftp"):
        ollama_address({"OLLAMA_HOST": "ftp://host"})
