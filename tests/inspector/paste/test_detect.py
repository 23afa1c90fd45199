"""Whatever is pasted is recognised, or it is said where and why not."""

from __future__ import annotations

import inspect
import json
import re
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from ollama import Client

from core.exchanges.masking import mask_body
from core.exchanges.snippets import WAYS, snippet
from core.inspector.paste.detect import read_paste
from core.inspector.paste.piece import Piece, Unreadable
from core.translation.dialects.registry import DIALECTS
from core.words import languages
from tests.laws.bodies import BODIES
from tests.support.hidden import hidden_data

FOLDER = Path(__file__).parent.parent.parent / "vectors/pastes"
CASES = sorted(path.stem for path in FOLDER.glob("*.json"))


def shown(piece: Piece, wanted: dict[str, Any]) -> dict[str, Any]:
    """Return what a vector asks of a piece."""
    known: dict[str, Any] = {
        "answered": bool(piece.answer),
        "notes": len(piece.notes),
        "headers": [list(pair) for pair in piece.headers],
    }
    return {key: known[key] if key in known else getattr(piece, key) for key in wanted}


@pytest.mark.parametrize("name", CASES)
def test_a_paste_shows_what_it_holds(name: str) -> None:
    text = (FOLDER / f"{name}.txt").read_bytes().decode()
    case = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    if "error" in case:
        with pytest.raises(Unreadable) as caught:
            read_paste(text)
        wanted = case["error"]
        if sys.version_info >= (3, 13):  # its json names the comma, not what stands behind it
            wanted |= wanted.get("python_3_13", {})
        assert (caught.value.line, caught.value.column) == (wanted["line"], wanted["column"])
        assert wanted["says"] in caught.value.message and caught.value.note.text("zh")
        return
    pieces = read_paste(text)
    assert [shown(p, w) for p, w in zip(pieces, case["pieces"], strict=True)] == case["pieces"]
    for piece in pieces:
        assert all(all(map(note.text, languages())) for note in piece.notes)
        if piece.kind not in ("json", "stream") and "notes" not in case["pieces"][0]:
            assert piece.notes == ()


def test_every_paste_has_its_text() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(CASES)
    assert len(CASES) > 60


def test_nothing_of_a_key_is_left() -> None:
    for name in CASES:
        text = (FOLDER / f"{name}.txt").read_bytes().decode()
        try:
            pieces = read_paste(text)
        except Unreadable:
            continue
        for secret in ("abcdefghij", "secretsecret", "secretpass", "session="):
            assert secret not in repr(pieces), name


@pytest.mark.parametrize("way", ["curl", "requests", "ollama", "fetch"])
def test_a_picture_in_a_paste_is_masked_at_once(way: str) -> None:
    picture = b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(250))).decode()
    body = {"model": "m", "messages": [{"role": "user", "content": "?", "images": [picture]}],
            "stream": False}  # fmt: skip
    code = snippet(way, body, path="/api/chat", origin="http://h")
    (piece,) = read_paste(code)
    assert piece.request is not None
    known = hidden_data(piece.request["messages"][0]["images"][0])
    assert known is not None and (known.type, known.size) == ("image/png", 258)


@pytest.mark.slow
def test_a_program_is_never_run_and_cannot_grow_without_end() -> None:
    text = "import os\nos.abort()\nimport requests\na = ['x' * 9]\n"
    text += "a = ['y', 'y']\n" + "a = [a, a]\n" * 60
    text += "requests.post('http://h/api/chat', json={'model': 'm', 'messages': a})\n"
    (piece,) = read_paste(text)
    assert piece.request == {"model": "m"} and piece.notes
    loop = "import requests\na = []\na.append(a)\nrequests.post('http://h/api/chat', json={'m': a})"
    assert read_paste(loop)[0].request == {}


@given(st.data())
def test_what_our_snippets_write_is_read_back_to_the_same_body(data: st.DataObject) -> None:
    dialect = data.draw(st.sampled_from(["ollama", "openai", "generate"]))
    body = data.draw(BODIES[dialect])
    # Data that says no type is a picture to what reads programs, and none in a body.
    assume("data:;" not in json.dumps(body))
    # Nor are so many digits after a name with "token" in it: in a program they are taken for a key.
    assume(re.search(r"\d{16}", json.dumps(body)) is None)
    path = DIALECTS[dialect].path
    way = data.draw(st.sampled_from([w for w, (to, _) in WAYS.items() if not to or path in to]))
    code = snippet(way, body, path=path, origin="http://localhost:4000")
    (piece,) = read_paste(code)
    assert piece.dialect == dialect
    assert piece.url == f"http://localhost:4000{path}"
    sent = dict(body)
    if way == "ollama":
        # It says whether to stream, and leaves out what that client cannot send.
        method = Client.generate if dialect == "generate" else Client.chat
        known = inspect.signature(method).parameters
        sent = {key: value for key, value in sent.items() if key in known}
        sent["stream"] = True if sent.get("stream") is None else sent["stream"]
    # Pictures are masked, and equal ones alike however they are quoted.
    assert piece.request == json.loads(mask_body(json.dumps(sent, ensure_ascii=False).encode()))


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    try:
        read_paste(text)
    except Unreadable as exc:
        assert exc.line >= 1 and exc.column >= 1 and exc.note.text("zh")
