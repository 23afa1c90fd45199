"""Secrets and entries that the processes on one database share."""

from __future__ import annotations

import threading

from core.chats.store.store import Store


def test_secrets_are_the_same_in_every_process_and_entries_are_kept(url: str) -> None:
    stores = [Store(url), Store(url)]
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda s=store: found.append(s.common.secret("tickets")))
        for store in stores
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2 and found[0] == found[1] and len(found[0]) == 32
    assert stores[0].common.secret("other") != found[0]
    stores[0].entries.add("browser", "ab" * 32, now=5)
    stores[0].entries.add("browser", "cd" * 32, now=6)
    assert stores[1].entries.get("browser") == "cd" * 32
    assert stores[1].entries.get("another") is None
    stores[1].entries.forget(7)
    assert stores[0].entries.get("browser") is None
    for store in stores:
        store.close()
