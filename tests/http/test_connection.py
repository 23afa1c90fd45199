"""Connections of our own to backends: kept, cut, and never mixed up, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from core.errors import BackendUnavailable, InvalidResponse
from core.http.client import Client, origin_of

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
FIVE = HEAD + b"content-length: 5\r\n\r\nhello"

Answers = Callable[[asyncio.StreamReader, asyncio.StreamWriter, int], Awaitable[None]]


class Place:
    """A server that answers as told, and how many connections it has had."""

    url = ""
    connections = 0


@asynccontextmanager
async def server(answers: Answers) -> AsyncIterator[Place]:
    """Serve; ``answers`` is called with each connection and its number."""
    place = Place()
    writers = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        place.connections += 1
        writers.append(writer)
        try:
            await answers(reader, writer, place.connections)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    place.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/a"
    try:
        yield place
    finally:
        listening.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0)


def again(data: bytes, *, times: int = 1000, after: bytes = b"") -> Answers:
    """Answer ``times`` requests of each connection with ``data``, then say ``after`` and close."""

    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        for _ in range(times):
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"POST /a HTTP/1.1\r\nhost: 127.0.0.1:")
            length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            writer.write(data)
            await writer.drain()
        writer.write(after)
        await writer.drain()

    return answers


async def ask(client: Client, url: str, body: bytes = b"{}", **more: float) -> bytes:
    reply = await client.send("POST", url, body=body, **more)
    return await reply.read()


@asynccontextmanager
async def asking(answers: Answers) -> AsyncIterator[tuple[Client, Place]]:
    client = Client()
    async with server(answers) as place:
        try:
            yield client, place
        finally:
            await client.close()


async def test_a_connection_is_used_again() -> None:
    async with asking(again(FIVE)) as (client, place):
        assert [await ask(client, place.url) for _ in range(5)] == [b"hello"] * 5
        assert place.connections == 1
        both = await asyncio.gather(ask(client, place.url), ask(client, place.url))
        assert list(both) == [b"hello", b"hello"] and place.connections == 2


async def test_a_kept_connection_that_was_closed_costs_nothing() -> None:
    async with asking(again(FIVE, times=1)) as (client, place):
        assert [await ask(client, place.url) for _ in range(4)] == [b"hello"] * 4
        assert place.connections == 4


async def test_a_new_connection_that_is_closed_is_not_asked_twice() -> None:
    async with asking(again(FIVE, times=0)) as (client, place):
        with pytest.raises(InvalidResponse, match="closed the connection"):
            await ask(client, place.url)
        assert place.connections == 1


@pytest.mark.parametrize("extra", [FIVE, b"0\r\n\r\n", b"HTTP/1.1 200 OK\r\n"])
async def test_what_nobody_asked_for_is_nobodys_answer(extra: bytes) -> None:
    async def answers(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n{}")
            writer.write(FIVE + extra.replace(b"hello", b"other") if number == 1 else FIVE)

    async with asking(answers) as (client, place):
        assert [await ask(client, place.url) for _ in range(3)] == [b"hello"] * 3
        assert place.connections == 2


@pytest.mark.parametrize(
    "data",
    [
        HEAD + b"transfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + FIVE,
        HEAD + b"connection: close\r\n\r\nhello",
        b"HTTP/1.0 200 OK\r\n\r\nhello",
    ],
)
async def test_bodies_are_read_whatever_ends_them(data: bytes) -> None:
    async with asking(again(data, times=1)) as (client, place):
        assert [await ask(client, place.url) for _ in range(2)] == [b"hello"] * 2


@pytest.mark.parametrize(
    "data",
    [
        HEAD + b"content-length: 50\r\n\r\nhello",
        HEAD + b"transfer-encoding: chunked\r\n\r\n2\r\nhe\r\n",
        HEAD + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\nhello",
        b"hello",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
    ],
)
async def test_what_is_cut_or_no_http_is_an_error(data: bytes) -> None:
    async with asking(again(data, times=1)) as (client, place):
        with pytest.raises(InvalidResponse, match="closed the connection"):
            await ask(client, place.url)


async def test_silence_and_slowness_end() -> None:
    async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        writer.write(HEAD + b"content-length: 100\r\n\r\n")
        while True:
            await asyncio.sleep(0.05)
            writer.write(b"x")
            await writer.drain()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        await reader.read()

    async with asking(silent) as (client, place):
        with pytest.raises(BackendUnavailable) as caught:
            await ask(client, place.url, timeout=0.1)
        assert caught.value.status == 504
    async with asking(drips) as (client, place):
        with pytest.raises(BackendUnavailable):
            await ask(client, place.url, timeout=30, total=0.4)


async def test_leaving_ends_the_backends_work() -> None:
    gone = asyncio.Event()

    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        await reader.readuntil(b"\r\n\r\n{}")
        writer.write(HEAD + b"content-length: 100\r\n\r\nx")
        with suppress(ConnectionError):
            await reader.read()
        gone.set()

    async with asking(answers) as (client, place):
        reply = await client.send("POST", place.url, body=b"{}")
        reply.close()
        reply.close()
        await asyncio.wait_for(gone.wait(), 10)


async def test_a_slow_reader_holds_the_backend_back() -> None:
    async with asking(again(HEAD + b"content-length: 20000000\r\n\r\n" + b"x" * 20_000_000)) as (
        client,
        place,
    ):
        reply = await client.send("POST", place.url, body=b"{}")
        await asyncio.sleep(0.3)
        size, largest = 0, 0
        while piece := await reply.chunk():
            size += len(piece)
            largest = max(largest, len(piece))
        reply.close()
        assert size == 20_000_000 and largest < 2_000_000


async def test_a_header_holds_no_line_end() -> None:
    client = Client()
    with pytest.raises(BackendUnavailable, match="line end"):
        await client.send("POST", "http://127.0.0.1:9/", body=b"", headers={"a": "b\r\nc: d"})


def test_only_plain_addresses_are_our_own() -> None:
    assert origin_of("http://h:1/a?b=c") is not None
    for url in ("https://h/", "http://a:b@h/", "http://h:x/", "http://h/ a", "http://h/\r\nx", "h"):
        assert origin_of(url) is None


async def test_a_connection_that_is_made_as_its_request_is_cancelled_is_closed() -> None:
    closed = asyncio.Event()

    async def answers(reader: asyncio.StreamReader, _: asyncio.StreamWriter, __: int) -> None:
        assert not await reader.read(), "nothing is asked"
        closed.set()

    class Nobody:
        def heard(self) -> None: ...

    async with server(answers) as place:
        client = Client()
        post = client.post(f"{place.url}/", b"{}")
        assert post is not None
        post.start(Nobody(), lambda: None)
        connecting = post._connecting  # noqa: SLF001
        assert connecting is not None
        asking: list[asyncio.Task[object]] = []
        # In the very turn of the loop in which the connection is there, before anybody has it.
        connecting.add_done_callback(lambda _: asking[0].cancel())
        asking.append(asyncio.ensure_future(post.reply()))
        with suppress(asyncio.CancelledError):
            await asking[0]
        assert asking[0].cancelled()
        await client.close()
        await asyncio.wait_for(closed.wait(), 10)
