"""Names of owners."""

from __future__ import annotations

from core.chats.values.owners import key_owner, person_owner
from core.gateway.auth import Principal


def test_a_person_is_an_issuer_and_a_subject() -> None:
    ann = person_owner("https://id.example.org", "42")
    assert ann == person_owner("https://id.example.org", "42")
    others = {person_owner("https://id.example.org", "43"), person_owner("https://other", "42")}
    assert ann not in others and len(others) == 2
    assert ann.startswith("user:") and "example" not in ann


def test_a_key_owns_what_the_gateway_notes_as_its() -> None:
    assert key_owner("shop") == Principal(name="shop").owner
