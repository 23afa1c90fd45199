"""Answers on offer: each is taken once."""

from __future__ import annotations

from core.chats.store.store import Store
from core.chats.values.chat import ChatOptions
from core.translation.messages import Message


def test_an_offer_is_seen_by_all_and_taken_by_one(url: str) -> None:
    stores = [Store(url), Store(url)]
    chat = stores[0].create_chat("ann")
    row = stores[0].add_message("ann", chat.id, Message(role="assistant"), parent_id=None)
    options = ChatOptions(model="m", tools=("clock",), settings={"seed": 1}, thinking="high")
    stores[0].handovers.offer("ann", row.id, options, offered=5)
    (offer,) = stores[1].handovers.offers()
    assert (offer.owner, offer.chat_id, offer.message_id) == ("ann", chat.id, row.id)
    assert (offer.options, offer.offered) == (options, 5)
    assert stores[1].handovers.in_chat("ann", chat.id)
    assert not stores[1].handovers.in_chat("ben", chat.id)
    assert [store.handovers.take(row.id) for store in stores] == [True, False]
    assert not stores[0].handovers.in_chat("ann", chat.id)
    # It goes with its chat.
    stores[0].handovers.offer("ann", row.id, options)
    stores[1].delete_chat("ann", chat.id)
    assert stores[0].handovers.offers() == []
    for store in stores:
        store.close()
