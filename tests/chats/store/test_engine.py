"""Connections: what a database is told when one is opened."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from core.chats.store.engine import make_engine
from core.errors import ConfigError


def test_a_connection_is_told_how_long_others_may_hold_it_up(url: str) -> None:
    if url.startswith("sqlite"):
        asked = {"pragma busy_timeout": "10000", "pragma journal_mode": "wal"}
        where = make_url(url)
    else:
        asked = {
            "show lock_timeout": "8s",
            "show idle_in_transaction_session_timeout": "5s",
            "show tcp_user_timeout": "0",  # the server's own; a socket of this host has none
        }
        where = make_url(url).update_query_dict({"connect_timeout": "9"})
    engine = make_engine(where)
    with engine.connect() as db:
        assert {what: str(db.scalar(text(what))) for what in asked} == asked
    engine.dispose()


def test_a_database_in_memory_is_none_for_several_threads() -> None:
    for address in ("sqlite://", "sqlite:///:memory:"):
        with pytest.raises(ConfigError, match="needs a file"):
            make_engine(make_url(address))
