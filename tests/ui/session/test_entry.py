"""Coming in by a key: known in every process, and for no longer than the key is good."""

from __future__ import annotations

import time

import pytest

from core.chats.service import Service
from core.config.access import Digest
from tests.support.acted_service import backend, service
from ui.session import entry

__all__ = ["backend", "service"]

MASTER = "sk-canary-entered-master-0123456789"
BROWSER = "b" * 43


@pytest.fixture(autouse=True)
def _exposed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a process that has just started and that other machines can reach; it knows nobody."""
    monkeypatch.setenv("LITELLM_MASTER_KEY", MASTER)
    # As with --server.address 0.0.0.0; on loopback everybody is inside.
    monkeypatch.setattr(entry, "is_exposed", lambda: True)
    # A cookie, which there is in a browser only.
    monkeypatch.setattr(entry, "browser_owner", lambda: BROWSER)
    entry._entered.clear()  # noqa: SLF001


def test_who_came_in_by_another_process_is_inside(service: Service) -> None:
    assert not entry.is_inside(service)
    digest = Digest.of(MASTER).value.hex()
    service.store.entries.add(BROWSER, digest, now=time.time_ns())
    assert entry.is_inside(service)
    # Known here now, too, also while the database is away.
    service.store.entries.forget(time.time_ns())
    assert entry.is_inside(service)


def test_a_key_that_is_no_longer_good_lets_nobody_in(service: Service) -> None:
    digest = Digest.of("sk-the-master-key-of-yesterday").value.hex()
    service.store.entries.add(BROWSER, digest, now=time.time_ns())
    assert not entry.is_inside(service)
