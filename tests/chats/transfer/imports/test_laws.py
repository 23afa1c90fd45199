"""Laws of every import: it adds up, loses no word without a row, and no file breaks it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.chats.store.store import Store
from core.chats.transfer.archive import Archive
from core.chats.transfer.imports.files import read_import
from core.chats.transfer.imports.values import Import
from core.errors import InvalidRequest
from core.tools.examples import example_toolbox
from tests.chats.transfer.imports.test_files import FILES, adds_up

NAMES = sorted(path.name for path in FILES.glob("*.json"))
BODIES = [json.loads((FILES / name).read_text()) for name in NAMES]


def paths_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """All places of a JSON value that something can be put into instead."""
    inside = value.items() if isinstance(value, dict) else ()
    for key, one in enumerate(value) if isinstance(value, list) else inside:
        yield (*path, key)
        yield from paths_in(one, (*path, key))


PLACES = [list(paths_in(body)) for body in BODIES]
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
    st.just([]), st.just({}), st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from(["type", "text", "id"]), st.text(max_size=3), max_size=2),
)  # fmt: skip


@st.composite
def damaged(draw: Callable[..., Any]) -> Any:
    """A real file with some values replaced, dropped, or put somewhere else."""
    which = draw(st.integers(0, len(BODIES) - 1))
    body = copy.deepcopy(BODIES[which])
    for place in draw(st.lists(st.sampled_from(PLACES[which]), min_size=1, max_size=4)):
        at = body
        try:
            for key in place[:-1]:
                at = at[key]
            if draw(st.booleans()):
                # Copied, since Hypothesis may give the same {} twice, once into itself.
                at[place[-1]] = copy.deepcopy(draw(ODD))
            else:
                del at[place[-1]]
        except (KeyError, IndexError, TypeError):
            continue
    return body


@given(damaged())
def test_no_damage_breaks_an_import_and_it_still_adds_up(body: Any) -> None:
    try:
        found = read_import(json.dumps(body, allow_nan=False, default=str).encode())
    except (InvalidRequest, ValueError) as exc:
        assert isinstance(exc, InvalidRequest) or "JSON compliant" in str(exc)
        return
    adds_up(found)
    for chat in found.chats:
        known: set[str | None] = {None}
        for row in chat.messages:
            assert row.parent_id in known
            known.add(row.id)
        assert chat.leaf in known
        times: dict[str | None, int] = {row.id: row.created for row in chat.messages}
        assert all(times.get(row.parent_id, 0) < row.created for row in chat.messages)


@pytest.mark.parametrize("name", NAMES)
def test_no_word_is_lost_without_a_row(name: str) -> None:
    """Each text of a message is replaced by a word of its own, which must turn up again."""
    body = json.loads((FILES / name).read_text())
    words: dict[str, tuple[Any, ...]] = {}
    for number, place in enumerate(paths_in(body)):
        at = body
        for key in place[:-1]:
            at = at[key]
        if isinstance(at[place[-1]], str) and _is_said(place):
            word = f"word{number}word"
            at[place[-1]] = word
            words[word] = place
    found = read_import(json.dumps(body).encode())
    kept = msgspec.json.encode(found.chats).decode()
    missing = {word: place for word, place in words.items() if word not in kept}
    told = [path for row in found.rows if row.outcome != "joined" for path in row.paths]
    for place in missing.values():
        assert any(_stands_for(path, place) for path in told), place
    assert len(missing) < len(words) / 2


def _is_said(place: tuple[Any, ...]) -> bool:
    """Whether people or models have said what stands here."""
    joined = ".".join(map(str, place))
    if any(part in joined for part in ("metadata", "info", "annotation", "author", "files")):
        return False
    said = ("content", "text", "parts", "thoughts", "think", "output", "result", "args")
    return place[-1] in said or (isinstance(place[-1], int) and place[-2] == "parts")


def _stands_for(path: str, place: tuple[Any, ...]) -> bool:
    """Whether a row's path is that of the message in which something stands, or of its chat."""
    written = ""
    for key in place:
        written += f"[{key}]" if isinstance(key, int) else f".{key}"
        alike = written.replace("mapping.", "mapping[").replace("messages.", "messages[")
        if path in (written, alike + "]", written.removeprefix(".")):
            return True
    return any(f"[{key}]" in path for key in place if isinstance(key, str) and len(key) > 1)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_read_can_be_kept_and_goes_out_again(name: str, tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'chats.db'}")
    archive = Archive(store, example_toolbox())
    found = archive.read((FILES / name).read_bytes())
    chats = archive.save("me", found)
    assert len(chats) == len(found.chats)
    again = archive.read(archive.export_all("me", "json")[0])
    assert sorted(map(_shape, again.chats)) == sorted(map(_shape, found.chats))
    store.close()


def _shape(chat: Any) -> str:
    messages = sorted(chat.messages, key=lambda row: row.created)
    places = {row.id: number for number, row in enumerate(messages)}
    rows = [
        (row.message, row.steps, row.numbers, row.model, row.rating, row.state,
         places.get(row.parent_id))
        for row in messages
    ]  # fmt: skip
    return msgspec.json.encode((chat.title, chat.pinned, rows, places.get(chat.leaf))).decode()


def test_a_circle_is_cut_and_said() -> None:
    nodes = {
        name: {"id": name, "parent": parent, "children": [], "message": {
            "id": name, "author": {"role": "user"},
            "content": {"content_type": "text", "parts": [name]}}}
        for name, parent in (("a", "b"), ("b", "a"), ("c", "nowhere"))
    }  # fmt: skip
    found: Import = read_import(json.dumps([{"title": "x", "mapping": nodes}]).encode())
    adds_up(found)
    assert found.messages == 3
    assert {row.why for row in found.rows} == {"loop", "orphan"}


def test_a_thousand_messages_in_a_row_are_no_problem() -> None:
    nodes = {}
    for number in range(5000):
        role = "user" if number % 2 == 0 else "assistant"
        message = {
            "author": {"role": role}, "content": {"content_type": "text", "parts": [str(number)]}
        }  # fmt: skip
        parent = str(number - 1) if number else None
        nodes[str(number)] = {"id": str(number), "parent": parent, "message": message}
    found = read_import(json.dumps([{"title": "x", "mapping": nodes}]).encode())
    assert found.messages == 5000
    assert found.chats[0].leaf == "4999"
