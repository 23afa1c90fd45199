"""What those are told who are no operators: no form of a backend's address, and all else."""

from __future__ import annotations

import pytest

from core.backends.fleet import Fleet
from core.backends.hidden_addresses import HiddenAddresses, without
from core.exchanges.exchange import Exchange
from core.exchanges.wire import Wire

BASES = ("https://u:p@gpu7.corp.example:8443/x", "http://ollama:11434", "http://[2001:db8::7]")
PLACE = "http://gpu7.corp.example:8443"
NOWHERE = HiddenAddresses(Fleet())


@pytest.mark.parametrize(
    "text",
    ["gpu7.corp.example is not a host that can be found", "nothing at https://gpu7.corp.example:8443",
     "dial GPU7.corp.example:8443/api/chat failed", "at http://u:p@gpu7.corp.example:8443/x/y.",
     "ollama:11434 is away", "at http://ollama:11434/api/chat, it", "to [2001:db8::7]:80",
     "2001:db8::7 refused", r"at http:\/\/ollama:11434\/api\/chat", "连不上http://ollama:11434上的",
     "在ollama:11434。", "服务器gpu7.corp.example没有回答"],
)  # fmt: skip
def test_an_address_is_found_in_every_form(text: str) -> None:
    said = without(text, BASES)
    assert "the model's server" in said
    assert not any(word in said for word in ("gpu7", "GPU7", "u:p", "11434", "8443", "db8"))
    # Words that only look like one stay.
    plain = "start it with `ollama serve`; see gpu77.corp.example and 8443"
    assert without(plain, BASES) == plain


def exchange(*, error: str = "", status: int = 200, pieces: tuple[bytes, ...] = ()) -> Exchange:
    """One that a first backend refused with its address in its words, and a second answered."""
    client = Wire("openai", "/v1/chat/completions", b'{"model":"m"}')
    one = Exchange("x", client, owner="ann", started=1)
    refused = Wire("ollama", "/api/chat", b"{}", url=PLACE)
    refused.status = 500
    for now, piece in enumerate((b'{"error":"dial gpu7.corp.', b"example:8443: refu", b'sed"}')):
        refused.came(piece, now)
    answered = Wire("ollama", "/api/chat", b"{}", url="http://other:1")
    answered.status = client.status = status
    for now, piece in enumerate(pieces):
        answered.came(piece, now)
        client.came(piece, now)
    one.backend = [refused, answered]
    one.error = error
    one.end()
    return one


def test_a_refusal_before_the_answer_is_shown_without_the_address() -> None:
    said = (b"see http://gpu7.corp.example:8443, ", b"said the model")
    whole = exchange(pieces=said)
    shown = NOWHERE.exchange(whole)
    refused, answered = shown.backend
    assert refused.response == b'{"error":"dial the model\'s server: refused"}'
    assert [now for now, _ in refused.chunks] == [0, 1, 2]
    assert not refused.url and not answered.url
    # What a model says stays as it is, and the exchange itself too.
    assert answered.response == shown.client.response == b"".join(said)
    assert whole.backend[0].url == PLACE and b"gpu7" in whole.backend[0].response


def test_both_sides_of_an_exchange_that_failed_are_shown_without_the_address() -> None:
    words = "nothing at http://gpu7.corp.example:8443"
    whole = exchange(error=words, status=502, pieces=(b'{"error":"', words.encode(), b'"}'))
    assert "gpu7" in whole.said
    shown = NOWHERE.exchange(whole)
    for text in (shown.error, shown.said, shown.client.response.decode()):
        assert "gpu7" not in text and "nothing at the model's server" in text


@pytest.mark.parametrize("code", ["backend_refused", "backend_cut", "invalid_response"])
def test_in_our_own_words_no_address_is_left_though_the_config_has_another_now(code: str) -> None:
    facts = {"code": code, "message": "nothing at http://old.example:1/x", "status": 503}
    assert NOWHERE.facts(facts) == {**facts, "message": "nothing at the model's server"}
    said = {**facts, "code": "file_refused"}
    assert NOWHERE.facts(said) == said


def test_where_the_database_is_nobody_is_told() -> None:
    words = "the chat store did not do what was asked: no connection to 10.0.0.7, port 5432"
    told = NOWHERE.facts({"code": "store_unavailable", "message": words})
    assert told["message"] == "the chat store did not do what was asked"
