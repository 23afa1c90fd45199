"""Tickets open what they were made for, and nothing else."""

from __future__ import annotations

import base64

import pytest

from core.chats.feed.tickets import GOOD_FOR, Holder, Tickets


def test_a_ticket_is_its_owners_in_its_browser_for_a_while() -> None:
    tickets = Tickets()
    ticket = tickets.make("ann", "cookie", now=100.0)
    assert tickets.holder(ticket, "cookie", now=101.0) == Holder("ann")
    assert tickets.holder(ticket, "cookie", now=100.0 + GOOD_FOR + 1) is None
    assert tickets.holder(ticket, "another cookie", now=101.0) is None
    assert tickets.holder(ticket, "", now=101.0) is None
    assert Tickets().holder(ticket, "cookie", now=101.0) is None


@pytest.mark.parametrize("forged", ["", ".", "x", "é.é", "a.b.c", "=.=", "bm8=.bm8="])
def test_what_is_no_ticket_opens_nothing(forged: str) -> None:
    assert Tickets().holder(forged, "cookie") is None


def test_a_ticket_that_was_changed_opens_nothing() -> None:
    tickets = Tickets()
    body, _, sign = tickets.make("ann", "cookie").partition(".")
    about = base64.urlsafe_b64decode(body).replace(b"ann", b"bob")
    assert tickets.holder(f"{base64.urlsafe_b64encode(about).decode()}.{sign}", "cookie") is None
    first = "B" if sign[0] == "A" else "A"
    assert tickets.holder(f"{body}.{first}{sign[1:]}", "cookie") is None
    assert tickets.holder(f"{body}.é", "cookie") is None
