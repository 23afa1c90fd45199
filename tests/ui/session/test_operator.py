"""Who is an operator: the person at this machine, one of the config's, or who knows the key."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st

from core.config.access import Access, Digest
from ui.session import account

MASTER = "sk-the-operators-own-0123456789"


def service(access: Access, *, demo: bool = False) -> Any:
    """The part of a service that says who may do what."""
    return SimpleNamespace(
        demo=demo, fleet=SimpleNamespace(config=SimpleNamespace(access=access, demo=demo))
    )


@pytest.fixture
def headers(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The headers of the page's request; a test may add some."""
    found = {"Host": "localhost:8501"}
    monkeypatch.setattr(account, "_providers", dict)
    context = SimpleNamespace(headers=found)
    monkeypatch.setattr(st, "context", context)
    monkeypatch.setattr(st, "session_state", {})
    monkeypatch.setattr(st, "get_option", lambda _: "127.0.0.1")
    return found


def test_on_loopback_without_keys_it_is_the_person_at_the_browser(headers: dict[str, str]) -> None:
    assert account.is_operator(service(Access()))
    assert not account.is_operator(service(Access(), demo=True))


@pytest.mark.parametrize("more", [{"Host": "chat.example.org"}, {"X-Forwarded-For": "10.0.0.9"}])
def test_a_proxy_in_front_makes_nobody_an_operator(
    headers: dict[str, str], more: dict[str, str]
) -> None:
    headers |= more
    assert not account.is_operator(service(Access()))


def test_elsewhere_than_on_loopback_nobody_is_by_being_there(
    headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for address in ("0.0.0.0", "192.168.1.5", "", None, "::"):
        monkeypatch.setattr(st, "get_option", lambda _, address=address: address)
        assert not account.is_operator(service(Access()))


@pytest.mark.parametrize("demo", [False, True])
def test_a_master_key_unlocks_and_another_one_locks_again(
    headers: dict[str, str], demo: bool
) -> None:
    place = service(Access(master=Digest.of(MASTER)), demo=demo)
    assert not account.is_operator(place)
    for wrong in ("", "x", MASTER[:-1], MASTER + "x", MASTER.upper()):
        assert not account.unlock_operator(place, wrong)
    assert not account.is_operator(place)
    assert account.unlock_operator(place, MASTER)
    assert account.is_operator(place)
    assert MASTER not in repr(st.session_state)
    assert not account.is_operator(service(Access(master=Digest.of("another")), demo=demo))


@pytest.mark.parametrize(
    ("user", "is_one"),
    [
        ({"email": "Ann@Example.org"}, True),
        ({"email": "ann@example.org", "email_verified": True}, True),
        ({"email": "ann@example.org", "email_verified": False}, False),
        ({"email": "bob@example.org"}, False),
        ({}, False),
    ],
)
def test_of_those_who_sign_in_the_config_names_the_operators(
    headers: dict[str, str], monkeypatch: pytest.MonkeyPatch, user: dict[str, Any], is_one: bool
) -> None:
    class User(dict[str, Any]):
        is_logged_in = True

    monkeypatch.setattr(account, "_providers", lambda: {"": ""})
    monkeypatch.setattr(st, "user", User(user))
    assert account.is_operator(service(Access(operators=("ann@example.org",)))) is is_one
    assert not account.is_operator(service(Access()))
