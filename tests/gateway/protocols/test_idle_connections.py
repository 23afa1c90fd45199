"""Connections that ask nothing more are closed after uvicorn's time, and no others."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any, cast

from core.gateway.protocols.idle_connections import IdleConnections, idle_connections


class Connection:
    def __init__(self) -> None:
        self.closed = 0.0

    def timeout_keep_alive_handler(self) -> None:
        self.closed = asyncio.get_running_loop().time()


def made() -> Any:
    return cast(Any, Connection())


async def test_each_is_told_when_its_own_time_is_over() -> None:
    loop = asyncio.get_running_loop()
    idle = IdleConnections(loop, 0.1)
    one, two, gone, asks = made(), made(), made(), made()
    began = loop.time()
    for connection in (one, gone, asks):
        idle.add(connection)
    idle.discard(gone)
    idle.discard(asks)
    await asyncio.sleep(0.05)
    idle.add(two)
    idle.add(asks)  # it has had an answer, and waits anew
    await told(one, two, asks)
    assert one.closed >= began + 0.1
    assert min(two.closed, asks.closed) >= began + 0.15
    assert not gone.closed
    again = made()  # after all were told there is no timer left: a new one is set
    idle.add(again)
    await told(again)


async def told(*connections: Any) -> None:
    async with asyncio.timeout(10):
        while not all(connection.closed for connection in connections):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_nothing_is_kept_of_a_server_or_a_connection_that_is_gone() -> None:
    class State:
        pass

    state, loop = State(), asyncio.get_running_loop()
    idle = idle_connections(state, loop, 60)
    assert idle_connections(state, loop, 60) is idle
    connection = made()
    idle.add(connection)
    idle.discard(connection)
    kept = weakref.ref(connection), weakref.ref(state)
    del connection, state
    gc.collect()
    assert kept[0]() is None and kept[1]() is None
