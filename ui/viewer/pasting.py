"""Pasted or uploaded text as an exchange, shown like any other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from urllib.parse import urlsplit

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.errors import DiglotError
from core.exchanges.exchange import Exchange
from core.exchanges.serialization import load_exchange, load_link
from core.exchanges.wire import Wire
from core.inspector.paste.detect import read_paste
from core.inspector.paste.piece import Piece, Unreadable
from core.translation.codec.json import encode_json
from core.translation.dialects.registry import DIALECTS, EMBEDDING_DIALECTS
from ui.widgets.dialect_labels import dialect_name, is_native
from ui.widgets.text import plain
from ui.words import note_text, t

_EXAMPLE = """{
  "model": "qwen3:4b",
  "messages": [{"role": "user", "content": "你好"}],
  "temperature": 0.2,
  "max_tokens": 256,
  "num_ctx": 8192,
  "stop": "END",
  "user": "me"
}"""
_KEPT = "_pasted_pieces"
_SHARED = "s"
_LINKED = "_linked_exchange"
_ZLIB = b"x"
_SAVED = b'"diglot_exchange"'
_MADE = re.compile(rb'"created_at":\s*"([^"]+)"')


def shared_exchange(owner: str) -> Exchange | None:
    """Return the exchange in the page's address, if there is one."""
    link = st.query_params.get(_SHARED)
    if not link:
        return None
    # Read once per link, not at each run of the page.
    known = st.session_state.get(_LINKED)
    if known is None or known[0] != (link, owner):
        known = st.session_state[_LINKED] = ((link, owner), _linked(link, owner))
    exchange: Exchange | str = known[1]
    if isinstance(exchange, str):
        st.warning(plain(exchange))
        return None
    st.info(t("viewer.shared", path=plain(exchange.client.path), model=plain(exchange.model)),
            icon=":material/link:")  # fmt: skip
    return exchange


def _linked(link: str, owner: str) -> Exchange | str:
    """Return the exchange in a link, or the error."""
    try:
        return load_link(link, owner=owner)
    except DiglotError as exc:
        return exc.message


def pasted_exchange(owner: str) -> Exchange | None:
    """Draw the paste field; return its exchange, or show why it cannot be read."""
    typing = st.container()
    file: UploadedFile | None = st.file_uploader(
        t("viewer.upload"), key="paste_file", max_upload_size=50
    )
    if file is None:
        text = typing.text_area(
            t("requests.paste"), _EXAMPLE, key="pasted", height=220,
            help=t("requests.paste_hint"), persist_state="session",
        )  # fmt: skip
    else:
        data = file.getvalue()
        if data[:1] == _ZLIB or _SAVED in data[:200]:
            return _saved(data, owner)
        text = data.decode("utf-8", "replace")
    try:
        pieces = _pieces(text or "")
    except Unreadable as exc:
        said = note_text(exc.note)
        st.warning(t("tools.broken_json", line=exc.line, column=exc.column, message=said))
        return None
    except DiglotError as exc:
        st.warning(plain(exc.message))
        return None
    piece = _picked(pieces)
    for note in piece.notes:
        st.caption(note_text(note))
    dialect = piece.dialect or _asked_for()
    st.caption(
        t(
            "viewer.read_as",
            kind=t(f"viewer.kind_{piece.kind}"),
            dialect=dialect_name(dialect),
            line=piece.line,
        )
    )
    return exchange_of(piece, dialect, owner=owner)


def _saved(data: bytes, owner: str) -> Exchange | None:
    try:
        return load_exchange(data, owner=owner)
    except DiglotError as exc:
        st.warning(plain(exc.message))
        return None


def exchange_of(piece: Piece, dialect: str, *, owner: str) -> Exchange:
    """Return a piece as an exchange; missing parts are empty."""
    path = urlsplit(piece.url).path
    own = EMBEDDING_DIALECTS[dialect] if dialect in EMBEDDING_DIALECTS else DIALECTS[dialect]
    body = b"" if piece.request is None else encode_json(piece.request)
    wire = Wire(dialect, path or own.path, body, url=piece.url, headers=piece.headers)
    wire.status = piece.status
    wire.streamed = piece.streamed
    lines = piece.answer.splitlines(keepends=True) if piece.streamed else [piece.answer]
    times = _times(lines)
    for line, then in zip(lines, times, strict=True):
        wire.came(line, then)
    exchange = Exchange("pasted", wire, owner=owner, started=times[0] if times else 0)
    exchange.model = str((piece.request or {}).get("model", ""))
    exchange.ended = times[-1] or 1 if piece.answer else 0
    return exchange


def _times(lines: Sequence[bytes]) -> list[int]:
    """Return each line's own timestamp (ns since the epoch); 0 where it has none."""
    found, last = [], 0
    for line in lines:
        made = _MADE.search(line)
        if made:
            with suppress(ValueError):
                last = round(datetime.fromisoformat(made[1].decode()).timestamp() * 1e6) * 1000
        found.append(last)
    return found


def _pieces(text: str) -> list[Piece]:
    """Read a paste, again only when it changes."""
    kept = st.session_state.get(_KEPT)
    if kept is None or kept[0] != text:
        kept = st.session_state[_KEPT] = (text, read_paste(text))
    pieces: list[Piece] = kept[1]
    return pieces


def _picked(pieces: Sequence[Piece]) -> Piece:
    if len(pieces) == 1:
        return pieces[0]
    place = st.selectbox(
        t("viewer.pieces", count=len(pieces)),
        range(len(pieces)),
        format_func=lambda n: _title(n, pieces[n]),
        key=f"piece_{len(pieces)}",
    )
    return pieces[place]


def _title(number: int, piece: Piece) -> str:
    holds = [t("viewer.holds_request")] if piece.request is not None else []
    holds += [t("viewer.holds_answer")] if piece.answer else []
    model = str((piece.request or {}).get("model", ""))
    path = urlsplit(piece.url).path
    facts = (path, model, " + ".join(holds), t("viewer.at_line", line=piece.line))
    return f"{number + 1}. " + " · ".join(fact for fact in facts if fact)


def _asked_for() -> str:
    """Ask for the dialect where it cannot be detected."""
    return st.selectbox(
        t("viewer.which_api"), _chats(),
        format_func=dialect_name, key="paste_dialect",
    )  # fmt: skip


def _chats() -> list[str]:
    """Return the chat dialects, Ollama's last."""
    names = [name for name, dialect in DIALECTS.items() if dialect.task == "chat"]
    return sorted(names, key=is_native)
