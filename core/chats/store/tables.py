"""The tables of the chat store, its engine, and upgrades of older databases.

The same tables are used in SQLite and PostgreSQL. JSON values are stored as text, so that no
database changes key order or large integers. Times are nanoseconds since 1970 in UTC, as integers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Dialect,
    Engine,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    event,
    insert,
    select,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError, ProgrammingError, SQLAlchemyError

from core.chats.store.engine import make_engine
from core.chats.store.migrations import UPGRADES, Upgrade, index_words
from core.chats.store.open_errors import cause, remedy
from core.chats.values.chat import ChatOptions, Step
from core.chats.values.matrix import MatrixPlan, Result
from core.errors import BackendUnavailable, ConfigError
from core.translation.messages import Message


def json_text(value: Any) -> str:
    """Return the JSON text of ``value``; half a surrogate pair becomes U+FFFD."""
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        # Python strings may hold surrogates (file names do) that UTF-8 cannot say.
        text = json.dumps(msgspec.to_builtins(value), ensure_ascii=False)
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class Json(TypeDecorator[Any]):
    """A value of one type, kept as its JSON text; None is NULL."""

    impl = Text
    cache_ok = True

    def __init__(self, of: Any) -> None:
        super().__init__()
        self.of = of
        self._decoder = msgspec.json.Decoder(of)

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Return the JSON text of ``value``."""
        return None if value is None else json_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Return the value that a JSON text spells."""
        return None if value is None else self._decoder.decode(value)


metadata = MetaData()

chats = Table(
    "chats",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("owner", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("settings", Json(dict[str, Any]), nullable=False),
    # No foreign key: it would be a circle, and SQLite cannot add one afterwards.
    Column("leaf", String(32)),
    Column("pinned", Boolean, nullable=False),
    Column("temporary", Boolean, nullable=False),
    Column("titled", String(16), nullable=False),
    Column("hidden", BigInteger, nullable=False),
    Index("chats_listed", "owner", "temporary", "pinned", "updated", "id"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("chat_id", String(32), ForeignKey("chats.id", ondelete="CASCADE"), nullable=False),
    # No cascade from parent to child: SQLite nests cascades only 1,000 deep, a chat is deeper.
    Column("parent_id", String(32), ForeignKey("messages.id"), index=True),
    Column("message", Json(Message), nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("model", Text, nullable=False),
    Column("dialect", Text, nullable=False),
    Column("steps", Json(tuple[Step, ...]), nullable=False),
    Column("numbers", Json(dict[str, Any]), nullable=False),
    Column("finish_reason", String(16), nullable=False),
    Column("error", Json(dict[str, Any])),
    Column("exchanges", Json(tuple[str, ...]), nullable=False),
    Column("rating", Integer, nullable=False),
    Column("batch", String(32), nullable=False),
    # The job that writes an answer, or wrote it last. With a default in the database, so that a
    # process of the previous version can still add rows.
    Column("writer", String(32), nullable=False, server_default=""),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("hidden", BigInteger, nullable=False),
    Index("messages_of_chat", "chat_id", "created"),
)


def _of_message(**rules: Any) -> Column[str]:
    """Return the column of a row that hangs on a message, and goes with it."""
    return Column("message_id", String(32), ForeignKey("messages.id", ondelete="CASCADE"), **rules)


# What a growing answer has gained since its row was last written: its text is the row's, and then
# these in order. A whole row twice a second would be written anew each time, which costs a
# database the square of the answer's length.
pieces = Table(
    "pieces",
    metadata,
    _of_message(primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("written", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    Column("thinking", Text, nullable=False),
)

presets = Table(
    "presets",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("text", Text, nullable=False),
)

# The search index: the words of each message, as core.chats.store.search_words extracts them. Each
# database has its own index on them, made by core.chats.store.migrations.
words = Table(
    "words",
    metadata,
    # A number, as SQLite's full-text index requires; newer messages have larger ones.
    Column("id", Integer, primary_key=True, autoincrement=True),
    _of_message(nullable=False, unique=True),
    Column("text", Text, nullable=False),
    sqlite_autoincrement=True,
)
event.listen(words, "after_create", lambda _, db, **__: index_words(db))

# What the tool page shows to an owner: tools and cases, as the page writes them.
toolboxes = Table(
    "toolboxes",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("content", Text, nullable=False),
)

matrices = Table(
    "matrices",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("owner", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    # A hash of the tools, to see whether two matrices tried the same definitions.
    Column("definitions", String(16), nullable=False),
    Column("plan", Json(MatrixPlan), nullable=False),
    Index("matrices_listed", "owner", "created"),
)

# One row each, so that a result is written once and not with all the others each time.
matrix_results = Table(
    "matrix_results",
    metadata,
    Column("matrix_id", ForeignKey("matrices.id", ondelete="CASCADE"), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("result", Json(Result), nullable=False),
)

# Values that all processes on one database share, by name (core.chats.store.common).
common = Table(
    "common",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

# Which browser has come in by which key: hashes of both.
entries = Table(
    "entries",
    metadata,
    Column("browser", String(64), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("entered", BigInteger, nullable=False),
)

# Answers that a process which stops gives to another, with what they were asked with.
handovers = Table(
    "handovers",
    metadata,
    _of_message(primary_key=True),
    Column("owner", Text, nullable=False),
    Column("options", Json(ChatOptions), nullable=False),
    Column("offered", BigInteger, nullable=False),
)

_version = Table(
    "schema_version",
    metadata,
    # One row, whose key is always 1, so that two processes cannot both make it.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    # The oldest version of these tables whose programs may still work with this database.
    Column("oldest", Integer, nullable=False, server_default="0"),
)

OLDEST = 4
"""Programs of this version of the tables, and later ones, read and write what this one makes.

A column or table goes in two releases: the first only adds and stops to need the old one; the
second, whose OLDEST is the first's version, removes it.
"""


def open_engine(url: str) -> Engine:
    """Return an engine on ``url`` whose tables are made and upgraded.

    A missing file is created, with its folder. Raises ConfigError for an invalid address, for a
    database that does not answer, and for one of a newer version of the program.
    """
    where, shown = None, "that DIGLOT_DATABASE names"
    with ExitStack() as undo:
        try:
            where = make_url(url)
            shown = where.render_as_string(hide_password=True)
            engine = make_engine(where)
            undo.callback(engine.dispose)
            migrate(engine)
        except (SQLAlchemyError, ImportError, OSError) as error:
            said = (cause(error).splitlines() or [""])[0].rstrip(".")
            raise ConfigError(
                f"The chat store {shown} cannot be opened: {said}. {remedy(error, where)}"
            ) from error
        undo.pop_all()
    return engine


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """Run one transaction. Raises BackendUnavailable (``store_unavailable``) where it fails."""
    try:
        with engine.begin() as db:
            yield db
    except SQLAlchemyError as error:
        raise BackendUnavailable(
            f"the chat store did not do what was asked: {cause(error)}", code="store_unavailable"
        ) from error


class Rows:
    """Some of the rows. ``writer`` takes the lock where a transaction begins (see ``_begin``)."""

    def __init__(self, reader: Engine, writer: Engine) -> None:
        self._reader = reader
        self._writer = writer


def migrate(engine: Engine, upgrades: Sequence[Upgrade] = UPGRADES) -> int:
    """Create the tables, or run the missing upgrades; return the version.

    Raises ConfigError for a database of a version above the newest.
    """
    try:
        return _migrate(engine, upgrades)
    except (IntegrityError, ProgrammingError):
        # Another process created the same tables at the same moment.
        return _migrate(engine, upgrades)


def _migrate(engine: Engine, upgrades: Sequence[Upgrade]) -> int:
    newest = 1 + len(upgrades)
    with engine.execution_options(writes=True).begin() as db:
        _version.create(db, checkfirst=True)
        version = db.scalar(select(_version.c.version).with_for_update())
        if version is None:
            metadata.create_all(db)
            db.execute(insert(_version).values(id=1, version=newest, oldest=OLDEST))
            return newest
        if version > newest:
            # A newer program has upgraded the database while this one is still in use.
            if newest < (db.scalar(select(_version.c.oldest)) or newest + 1):
                raise ConfigError(
                    f"the chat store has version {version}, and this program knows {newest}: "
                    "it was written by a newer Diglot; update this one"
                )
            return newest
        if version < newest:
            for upgrade in upgrades[version - 1 :]:
                upgrade(db)
            db.execute(update(_version).values(version=newest, oldest=OLDEST))
        return newest
