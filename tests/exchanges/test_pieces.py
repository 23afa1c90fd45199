"""Pieces come out as they went in, however they are asked for."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from core.exchanges.pieces import OVERHEAD, Pieces
from core.exchanges.wire import Wire

PIECES = st.lists(st.tuples(st.integers(0, 2**62), st.binary(max_size=5)), max_size=6)


@given(
    PIECES,
    st.integers(0, 7),
    st.integers(1, 20),
    st.booleans(),
    st.sampled_from([1, 99]),
    st.integers(0, 6),
)
def test_pieces_are_what_was_added(
    added: list[tuple[int, bytes]],
    begin: int,
    size: int,
    packed: bool,
    times: int,
    early: int,
) -> None:
    added = [(now, data * times) for now, data in added]
    pieces = Pieces.of(added[:early])
    wire = Wire("ollama", "/api/chat", b"")
    for now, data in added:
        wire.came(data, now)
    if packed:
        pieces.pack()
        pieces.pack()
    for now, data in added[early:]:
        pieces.add(now, data)
    whole = b"".join(data for _, data in added)
    assert pieces.listed() == added and pieces.listed(begin) == added[begin:]
    assert pieces.joined() == whole and len(pieces) == len(added)
    assert pieces.tail(size) == whole[-size:]
    full = len(whole) + OVERHEAD * len(added)
    assert pieces.size <= full if packed else pieces.size == full
    came = [now for now, data in added if data]
    assert (wire.began, wire.ended) == ((next(filter(None, came), 0), came[-1]) if came else (0, 0))


def test_a_whole_answer_is_not_copied() -> None:
    data = bytes(1000)
    assert Pieces.of([(1, data)]).joined() is data


def test_what_another_thread_reads_is_a_beginning_of_what_is_added() -> None:
    pieces, over = Pieces(), threading.Event()
    wrong: list[list[tuple[int, bytes]]] = []

    def read() -> None:
        while not over.is_set():
            found = pieces.listed()
            if found != [(n, b"%d" % n) for n in range(len(found))]:
                wrong.append(found)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(5000):
        pieces.add(number, b"%d" % number)
    over.set()
    reader.join()
    assert not wrong and len(pieces.listed()) == 5000
