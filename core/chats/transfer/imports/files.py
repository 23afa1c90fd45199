"""Reads a file of chats, whichever product wrote it; also inside ZIP archives."""

from __future__ import annotations

import io
import lzma
import re
import zipfile
import zlib
from bisect import bisect_left
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from core.chats.transfer.attachments import MAX_IMAGE
from core.chats.transfer.exports import read_chats
from core.chats.transfer.imports.chatgpt import read_chatgpt
from core.chats.transfer.imports.librechat import read_librechat
from core.chats.transfer.imports.openwebui import read_openwebui
from core.chats.transfer.imports.reading import items_of, map_of, text_from
from core.chats.transfer.imports.report import Ledger
from core.chats.transfer.imports.values import Import, ImportedChat, Source
from core.errors import InvalidRequest
from core.translation.codec.json import decode_json

MAX_JSON = 400_000_000
"""How much JSON of one file is read, in bytes; it needs several times that in memory."""

_MAX_FILES = 200_000
# Chats compress to about a tenth, ZIP bombs to a thousandth.
_MOST_PACKED = 60
_SMALL = 1_000_000
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError,
    RuntimeError,  # a password, or a way of packing that Python does not know
)  # fmt: skip
_CHATGPT = re.compile(r"conversations(-\d+)?\.json", re.IGNORECASE)
_RATINGS = {"thumbs_up": 1, "thumbsUp": 1, "thumbs_down": -1, "thumbsDown": -1}


def read_import(data: bytes) -> Import:
    """Read a file: JSON, or a ZIP with JSON in it.

    Raises InvalidRequest (``import_refused``) for an unknown format, and for a file that is too
    large; a broken chat is a row in the report.
    """
    if data[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return _Archive(data).read()
    if len(data) > MAX_JSON:
        raise _too_large()
    reader = _Reader()
    reader.add(_decoded(data), "")
    return reader.done()


class _Archive:
    """A ZIP archive. The sizes in its headers are not trusted."""

    def __init__(self, data: bytes) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            infos = self._zip.infolist()
        except _DAMAGED as exc:
            raise _refused("it is a ZIP that cannot be opened: download it once more") from exc
        if len(infos) > _MAX_FILES:
            raise _too_large()
        paths = [one.filename for one in infos if not one.is_dir()]
        self._paths = [path for path in paths if not path.startswith("__MACOSX/")]
        self._names = sorted((PurePosixPath(path).name, path) for path in self._paths)
        self._left = min(MAX_JSON, _SMALL + _MOST_PACKED * len(data))

    def read(self) -> Import:
        jsons = sorted(path for path in self._paths if path.lower().endswith(".json"))
        named = [path for path in jsons if _CHATGPT.fullmatch(PurePosixPath(path).name)]
        reader = _Reader(self._find, self._ratings(jsons))
        for path in jsons:
            if named and path not in named:
                reader.ledger.add("file", "skipped", "no_chats", path)
                continue
            try:
                reader.add(_decoded(self._bytes(path)), path)
            except InvalidRequest as exc:
                if exc.code == "import_too_large":
                    raise
                why = "no_chats" if exc.path == "format" else "bad_file"
                reader.ledger.add("file", "skipped", why, path)
        return reader.done()

    def _bytes(self, path: str) -> bytes:
        data = self._some(path, self._left)
        if data is None:
            raise _refused("a file in the ZIP is damaged or has a password")
        self._left -= len(data)
        if self._left < 0:
            raise _too_large()
        return data

    def _some(self, path: str, most: int) -> bytes | None:
        """Return a file's bytes, one more than ``most`` at most, or None."""
        try:
            with self._zip.open(path) as file:
                return file.read(most + 1)
        except _DAMAGED:
            return None

    def _find(self, known: str) -> tuple[str, bytes] | None:
        place = bisect_left(self._names, (known, ""))
        if place == len(self._names) or not self._names[place][0].startswith(known):
            return None
        name, path = self._names[place]
        data = self._some(path, MAX_IMAGE)
        return (name, data) if data is not None else None

    def _ratings(self, jsons: list[str]) -> dict[str, int]:
        ratings: dict[str, int] = {}
        for path in jsons:
            if PurePosixPath(path).name != "message_feedback.json":
                continue
            try:
                rows = _decoded(self._bytes(path))
            except InvalidRequest:
                continue
            for row in map(map_of, items_of(rows)):
                rating = _RATINGS.get(text_from(row.get("rating")), 0)
                known = text_from(row.get("message_id")) or text_from(row.get("id"))
                ratings[known] = rating
        return ratings


class _Reader:
    """Collects the chats of one file, or of several in an archive."""

    def __init__(
        self,
        find: Any = lambda _: None,
        ratings: Mapping[str, int] | None = None,
    ) -> None:
        self.ledger = Ledger()
        self._find = find
        self._ratings = ratings or {}
        self._chats: list[ImportedChat] = []
        self._source: Source | None = None
        self._known: set[str] = set()

    def add(self, value: Any, path: str) -> None:
        """Read the chats in a JSON value. Raises InvalidRequest if there are none."""
        if text_from(map_of(value).get("format")).startswith("diglot-chat"):
            self._source = self._source or "diglot"
            own = list(_own(value))
            self._chats += own
            self.ledger.chats += len(own)
            self.ledger.messages += sum(len(chat.messages) for chat in own)
            return
        bodies, places = _bodies(value, path)
        source: Source | None = next(filter(None, map(_source, bodies)), None)
        if source is None:
            raise _refused("no product known here has written it", path="format")
        self._source = self._source or source
        for body, place in zip(bodies, places, strict=True):
            self._one(map_of(body), source, place)

    def _one(self, body: Mapping[str, Any], source: Source, path: str) -> None:
        self.ledger.chats += 1
        self.ledger.chat = text_from(body.get("title"))
        known = text_from(body.get("conversation_id")) or text_from(body.get("id"))
        if known and known in self._known:
            self.ledger.add("chat", "skipped", "twice", path)
            return
        self._known.add(known)
        match source:
            case "chatgpt":
                chat = read_chatgpt(body, path, self.ledger, self._find, self._ratings)
            case "openwebui":
                chat = read_openwebui(body, path, self.ledger)
            case _:
                chat = read_librechat(body, path, self.ledger)
        self._chats += [chat] if chat else []
        self.ledger.chat = ""

    def done(self) -> Import:
        if self._source is None:
            raise _refused("there are no chats in it that could be read")
        return Import(
            source=self._source,
            chats=tuple(self._chats),
            rows=self.ledger.rows(),
            seen_chats=self.ledger.chats,
            seen_messages=self.ledger.messages,
        )


def _own(value: Any) -> Iterator[ImportedChat]:
    for chat, messages in read_chats(value):
        yield ImportedChat(
            title=chat.title,
            created=chat.created,
            updated=chat.updated,
            messages=tuple(messages),
            leaf=chat.leaf,
            pinned=chat.pinned,
        )


def _bodies(value: Any, path: str) -> tuple[list[Any], list[str]]:
    inside = map_of(value).get("conversations")
    if isinstance(inside, list):
        value, path = inside, f"{path}.conversations"
    if isinstance(value, list):
        return value, [f"{path}[{number}]" for number in range(len(value))]
    return [value], [path]


def _source(body: Any) -> Source | None:
    chat = map_of(body)
    if isinstance(chat.get("mapping"), Mapping):
        return "chatgpt"
    told = map_of(chat.get("chat"))
    if "history" in told or "messages" in told or isinstance(chat.get("history"), Mapping):
        return "openwebui"
    if "conversationId" in chat and ("messages" in chat or "messagesTree" in chat):
        return "librechat"
    return None


def _decoded(data: bytes) -> Any:
    try:
        return decode_json(data.removeprefix(BOM_UTF8))
    except InvalidRequest as exc:
        if isinstance(exc.__cause__, RecursionError):
            raise _refused(
                "its messages are nested too deeply to be read: export the chat once more "
                "without the option “recursive”"
            ) from exc
        raise _refused("it is neither JSON nor a ZIP, or not whole") from exc


def _refused(reason: str, path: str = "file") -> InvalidRequest:
    return InvalidRequest(
        f"this file cannot be imported: {reason}. Files of Diglot, ChatGPT (conversations.json "
        "or the whole ZIP), Open WebUI and LibreChat can be",
        path=path,
        code="import_refused",
    )


def _too_large() -> InvalidRequest:
    return InvalidRequest(
        f"this file holds more than {MAX_JSON:,} bytes of chats: take the JSON files out of the "
        "ZIP and import them one by one",
        path="file",
        code="import_too_large",
    )
