"""The store of conversations, each of which has one owner.

Every method about a chat takes its owner first. What belongs to another owner behaves exactly as if
it did not exist: InvalidRequest with status 404 and code ``not_found``. An empty owner is refused
(AccessDenied), or all users without a name would share one history.

Methods are synchronous and may be called from any thread. They raise BackendUnavailable
(code ``store_unavailable``) when the database is gone, full, or locked for too long.

Nothing is overwritten: an edited question and a second answer are siblings, children of one parent.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Sequence
from typing import Unpack

import msgspec
from sqlalchemy import delete, exists, insert, literal, select, tuple_, update

from core.chats.store.common import Common, Entries
from core.chats.store.growing import GrowingAnswers
from core.chats.store.handovers import Handovers
from core.chats.store.matrices import Matrices
from core.chats.store.news import News
from core.chats.store.people import People
from core.chats.store.presets import Presets
from core.chats.store.reserve import Reserve, frees
from core.chats.store.rows import (
    chat_of,
    find_chat,
    find_message,
    index_words,
    messages_of,
    named,
    not_found,
    owned,
    read_branch,
    tree,
)
from core.chats.store.search import Search
from core.chats.store.search_words import words_of
from core.chats.store.tables import chats, messages, open_engine, pieces, transaction, words
from core.chats.values.chat import Chat, ChatChanges, ChatMessage, MessageChanges, MessageFacts
from core.ids import new_id
from core.translation.messages import Message, text_of

_KNOWN = 1_000_000_000  # ns: no message is as old as the first second of 1970


class Store:
    """Chats in a SQLite file, or in PostgreSQL by its URL.

    ``sqlite:///chats.db`` is beside the working directory, ``sqlite:////var/chats.db`` is absolute;
    the file and its folder are created if missing. ``postgresql+psycopg://...`` needs the package
    psycopg. Raises ConfigError for a database that cannot be opened. ``growing`` are the answers
    that are being written, ``handovers`` those that a process has left to others, ``common`` and
    ``entries`` what processes share, ``people`` all that is kept of one, ``search`` is the
    full-text search, ``presets`` are stored system prompts, ``matrices`` the test runs of the tool
    page.
    """

    def __init__(self, url: str = "sqlite:///chats.db") -> None:
        self._engine = open_engine(url)
        self._writer = self._engine.execution_options(writes=True)
        self._clock = _Clock()
        self.reserve = Reserve(self._engine)
        self.reserve.keep()
        news = News(self._engine)
        self.growing = GrowingAnswers(self._engine, self._writer, self._clock.now, news)
        self.handovers = Handovers(self._engine, self._writer, self._clock.now)
        self.common = Common(self._engine, self._writer)
        self.entries = Entries(self._engine, self._writer)
        self.people = People(self._engine, self._writer)
        self.search = Search(self._engine)
        self.presets = Presets(self._engine, self._writer)
        self.matrices = Matrices(self._engine, self._writer)

    def close(self) -> None:
        """Close all connections."""
        self.growing.news.close()
        self._engine.dispose()

    def ping(self) -> None:
        """Check the connection. Raises BackendUnavailable while the database is down."""
        with transaction(self._engine) as db:
            db.execute(select(literal(1)))

    def create_chat(self, owner: str, **given: Unpack[ChatChanges]) -> Chat:
        """Make an empty chat."""
        now = self._clock.now()
        chat = Chat(id=new_id(), owner=named(owner), created=now, updated=now, **given)
        with transaction(self._writer) as db:
            db.execute(insert(chats).values(msgspec.structs.asdict(chat)))
        return chat

    def chats(self, owner: str, *, limit: int = 50, before: Chat | None = None) -> list[Chat]:
        """Return chats, pinned ones first, then by their last message, the newest first.

        ``before`` is the last chat of the page already shown. Temporary and hidden chats are left
        out.
        """
        query = select(chats).where(owned(owner), chats.c.temporary.is_(False), chats.c.hidden == 0)
        if before is not None:
            place = tuple_(chats.c.pinned, chats.c.updated, chats.c.id)
            query = query.where(place < (before.pinned, before.updated, before.id))
        query = query.order_by(
            chats.c.pinned.desc(), chats.c.updated.desc(), chats.c.id.desc()
        ).limit(limit)
        with transaction(self._engine) as db:
            return [chat_of(row) for row in db.execute(query).mappings()]

    def chat(self, owner: str, chat_id: str) -> Chat:
        """Return one chat."""
        with transaction(self._engine) as db:
            return find_chat(db, owner, chat_id)

    def rename(self, owner: str, chat_id: str, title: str) -> None:
        """Give a chat another title."""
        self.update_chat(owner, chat_id, title=title, titled="person")

    def give_title(self, owner: str, chat_id: str, title: str) -> None:
        """Give a chat the model's title, unless the person has chosen one."""
        query = update(chats).where(chats.c.id == chat_id, owned(owner), chats.c.titled != "person")
        with transaction(self._writer) as db:
            db.execute(query.values(title=title, titled="model"))

    def update_chat(self, owner: str, chat_id: str, **changes: Unpack[ChatChanges]) -> None:
        """Change the given fields; the place of the chat in the list stays the same."""
        with transaction(self._writer) as db:
            find_chat(db, owner, chat_id)
            if changes:
                db.execute(update(chats).where(chats.c.id == chat_id).values(**changes))

    @frees
    def delete_chat(self, owner: str, chat_id: str) -> None:
        """Delete a chat with all its messages, for good."""
        with transaction(self._writer) as db:
            find_chat(db, owner, chat_id)
            db.execute(delete(chats).where(chats.c.id == chat_id))

    @frees
    def hide_chat(self, owner: str, chat_id: str) -> None:
        """Hide a chat from all lists, until ``restore_chat`` or ``forget``."""
        self._set_hidden(owner, chat_id, self._clock.now())

    def restore_chat(self, owner: str, chat_id: str) -> None:
        """Show a hidden chat again."""
        self._set_hidden(owner, chat_id, 0)

    def _set_hidden(self, owner: str, chat_id: str, hidden: int) -> None:
        with transaction(self._writer) as db:
            find_chat(db, owner, chat_id)
            db.execute(update(chats).where(chats.c.id == chat_id).values(hidden=hidden))

    def add_message(
        self,
        owner: str,
        chat_id: str,
        message: Message,
        *,
        parent_id: str | None,
        **given: Unpack[MessageFacts],
    ) -> ChatMessage:
        """Add a child to a message (None: to the chat itself) and make it the chat's leaf."""
        now = self._clock.now()
        added = ChatMessage(
            id=new_id(),
            chat_id=chat_id,
            parent_id=parent_id,
            message=message,
            created=now,
            updated=now,
            **given,
        )
        with transaction(self._writer) as db:
            find_chat(db, owner, chat_id)
            if parent_id is not None:
                find_message(db, owner, parent_id, chat_id=chat_id)
            db.execute(insert(messages).values(msgspec.structs.asdict(added)))
            moved = update(chats).where(chats.c.id == chat_id)
            db.execute(moved.values(leaf=added.id, updated=now))
            if added.state != "running":
                index_words(db, added.id, message)
        return added

    def add_chat(
        self,
        owner: str,
        *,
        title: str,
        rows: Sequence[ChatMessage],
        created: int = 0,
        updated: int = 0,
        leaf: str | None = None,
        pinned: bool = False,
    ) -> Chat:
        """Add a whole chat from outside under new ids; known times are kept.

        Parents stand before their children. Times in the first second of 1970 mean unknown: they
        are offsets from the time of the chat. An answer that was being written is interrupted.
        """
        now = self._clock.now()
        places: dict[str | None, str | None] = {None: None}
        places |= {row.id: new_id() for row in rows}
        chat = Chat(
            id=new_id(),
            owner=named(owner),
            title=title,
            titled="person",
            created=created or now,
            updated=updated or created or now,
            leaf=places.get(leaf),
            pinned=pinned,
        )
        added = [
            msgspec.structs.replace(
                row,
                id=places[row.id] or "",
                chat_id=chat.id,
                parent_id=places[row.parent_id],
                state="interrupted" if row.state == "running" else row.state,
                writer="",
                hidden=0,
                created=row.created if row.created > _KNOWN else chat.created + row.created,
            )
            for row in rows
        ]
        with transaction(self._writer) as db:
            db.execute(insert(chats).values(msgspec.structs.asdict(chat)))
            if added:
                db.execute(insert(messages), [msgspec.structs.asdict(row) for row in added])
                texts = [(row.id, words_of(text_of(row.message))) for row in added]
                db.execute(insert(words), [{"message_id": i, "text": text} for i, text in texts])
        return chat

    def message(self, owner: str, message_id: str) -> ChatMessage:
        """Return one message."""
        with transaction(self._engine) as db:
            return find_message(db, owner, message_id)

    def update_message(
        self, owner: str, message_id: str, **changes: Unpack[MessageChanges]
    ) -> None:
        """Change the given fields; without any, only ``updated``."""
        mine = exists().where(chats.c.id == messages.c.chat_id, owned(owner))
        query = update(messages).where(messages.c.id == message_id, mine)
        with transaction(self._writer) as db:
            if "message" in changes:
                db.execute(delete(pieces).where(pieces.c.message_id == message_id))
            done = db.execute(query.values(**changes, updated=self._clock.now()))
            if done.rowcount == 0:
                raise not_found("message")
            # A growing answer is written twice a second; it is indexed once it has ended.
            if "message" in changes and changes.get("state") != "running":
                index_words(db, message_id, changes["message"])

    def path(
        self, owner: str, chat_id: str, leaf: str | None = None, *, limit: int | None = None
    ) -> list[ChatMessage]:
        """Return the messages from the root to ``leaf``, by default to the leaf of the chat.

        With ``limit`` only the last so many. An empty chat has an empty path.
        """
        with transaction(self._engine) as db:
            end = leaf or find_chat(db, owner, chat_id).leaf
            if end is None:
                return []
            find_message(db, owner, end, chat_id=chat_id)
            return read_branch(db, end, limit)

    def messages(self, owner: str, chat_id: str) -> list[ChatMessage]:
        """Return every message of a chat, on all its branches, the oldest first."""
        with transaction(self._engine) as db:
            find_chat(db, owner, chat_id)
            query = select(messages).where(messages.c.chat_id == chat_id, messages.c.hidden == 0)
            rows = db.execute(query.order_by(messages.c.created, messages.c.id))
            return messages_of(db, rows)

    def tree(
        self, owner: str, chat_id: str, parents: Collection[str | None] | None = None
    ) -> dict[str | None, tuple[str, ...]]:
        """Return the ids of every message's children, the oldest first; None has the roots.

        With ``parents``, messages of this chat, at least theirs.
        """
        with transaction(self._engine) as db:
            find_chat(db, owner, chat_id)
            return tree(db, chat_id, parents)

    @frees
    def hide_message(self, owner: str, message_id: str) -> None:
        """Hide a message and all that follow it; a sibling or the parent becomes the leaf."""
        with transaction(self._writer) as db:
            one = find_message(db, owner, message_id)
            branch = (
                select(messages.c.id).where(messages.c.id == one.id).cte("branch", recursive=True)
            )
            branch = branch.union_all(
                select(messages.c.id).join(branch, messages.c.parent_id == branch.c.id)
            )
            away = [row.id for row in db.execute(select(branch.c.id))]
            # All get the same time, by which ``restore_message`` finds them.
            hidden = self._clock.now()
            db.execute(
                update(messages)
                .where(messages.c.id.in_(select(branch.c.id)), messages.c.hidden == 0)
                .values(hidden=hidden)
            )
            chat = find_chat(db, owner, one.chat_id)
            if chat.leaf in away:
                children = tree(db, chat.id)
                siblings = children.get(one.parent_id, ())
                leaf = _newest(children, siblings[-1]) if siblings else one.parent_id
                db.execute(update(chats).where(chats.c.id == chat.id).values(leaf=leaf))

    def restore_message(self, owner: str, message_id: str) -> None:
        """Show again what ``hide_message`` has hidden."""
        with transaction(self._writer) as db:
            one = find_message(db, owner, message_id)
            together = (messages.c.chat_id == one.chat_id, messages.c.hidden == one.hidden)
            db.execute(update(messages).where(*together).values(hidden=0))
            leaf = _newest(tree(db, one.chat_id), one.id)
            db.execute(update(chats).where(chats.c.id == one.chat_id).values(leaf=leaf))

    def siblings(self, owner: str, message_id: str) -> list[ChatMessage]:
        """Return the children of a message's parent, itself among them, the oldest first."""
        with transaction(self._engine) as db:
            one = find_message(db, owner, message_id)
            query = select(messages).where(
                messages.c.chat_id == one.chat_id,
                messages.c.parent_id.is_not_distinct_from(one.parent_id),
                messages.c.hidden == 0,
            )
            rows = db.execute(query.order_by(messages.c.created, messages.c.id))
            return messages_of(db, rows)

    def set_leaf(self, owner: str, chat_id: str, message_id: str, *, newest: bool = False) -> str:
        """Show the branch that ends at a message; return the new leaf.

        With ``newest`` the branch continues below it, along the newest child each time, as when a
        person switches to another sibling.
        """
        with transaction(self._writer) as db:
            leaf = find_message(db, owner, message_id, chat_id=chat_id).id
            if newest:
                leaf = _newest(tree(db, chat_id), leaf)
            db.execute(update(chats).where(chats.c.id == chat_id).values(leaf=leaf))
            return leaf

    @frees
    def forget(self, *, idle: float = 0) -> int:
        """Delete what has been hidden, and temporary chats without a new message, for ``idle``
        seconds; return how many chats.
        """
        before = self._clock.now() - int(idle * 1e9)
        away = messages.c.hidden.between(1, before)
        gone = chats.c.hidden.between(1, before)
        left = chats.c.temporary.is_(True) & (chats.c.updated <= before)
        with transaction(self._writer) as db:
            db.execute(delete(messages).where(away))
            return db.execute(delete(chats).where(gone | left)).rowcount


def _newest(children: dict[str | None, tuple[str, ...]], message_id: str) -> str:
    """Return the end of the branch below a message that goes along the newest child each time."""
    while message_id in children:
        message_id = children[message_id][-1]
    return message_id


class _Clock:
    """Nanoseconds since 1970 that rise strictly, so that siblings can be sorted by them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def now(self) -> int:
        with self._lock:
            self._last = max(self._last + 1, time.time_ns())
            return self._last
