"""The branch of a chat that is shown, as it is now: its end, or as much of it as is asked for."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from core.chats.feed.view import ChatView, MessageView, Viewer, waiting_view
from core.chats.jobs.elsewhere import AnswerElsewhere
from core.chats.jobs.job import Job, Snapshot
from core.chats.service import Service
from core.chats.values.chat import Chat, ChatMessage
from core.errors import InvalidRequest
from core.translation.messages import Message, Text, ToolCall

SHOWN = 20
"""Messages that are shown at first: the others are asked for."""

Answering = Mapping[str, Job | AnswerElsewhere]


def show_chat(
    service: Service, owner: str, chat_id: str, viewer: Viewer, *, limit: int = SHOWN
) -> ChatView:
    """Return the last ``limit`` messages of the branch. Raises InvalidRequest: ``not_found``."""
    answering = {job.message_id: job for job in service.running(owner, chat_id)}
    chat = service.store.chat(owner, chat_id)
    if chat.hidden:
        raise InvalidRequest("this chat was put away", status=404, code="not_found")
    path = service.store.path(owner, chat_id, limit=limit + 1)
    rows = path[-limit:]
    tree = service.store.tree(owner, chat_id, {row.parent_id for row in rows})
    return ChatView(
        id=chat.id,
        title=chat.title,
        stamp=stamp_of(chat, len(answering)),
        messages=tuple(
            _message(service, owner, viewer, row, tree.get(row.parent_id, ()), answering)
            for row in rows
        ),
        earlier=len(path) > limit,
        running=bool(answering),
    )


def stamp_of(chat: Chat, running: int) -> str:
    """Return what changes with every message that is added, branch that is shown, and end."""
    return f"{chat.leaf or ''}.{chat.updated}.{running}"


def at_of(snapshot: Snapshot) -> str:
    """Return how far an answer is: its turns with tools, and the letters since the last of them."""
    return f"{len(snapshot.steps)}.{len(snapshot.thinking)}.{len(snapshot.text)}"


def _message(
    service: Service,
    owner: str,
    viewer: Viewer,
    row: ChatMessage,
    versions: tuple[str, ...],
    answering: Answering,
) -> MessageView:
    rows = [row]
    if row.batch:
        siblings = service.store.siblings(owner, row.id)
        rows = [one for one in siblings if one.batch == row.batch]
    seen = {one.id: _as_now(one, answering) for one in rows}
    made = viewer.message(
        seen[row.id].row, versions, [one.row for one in seen.values()] if row.batch else ()
    )

    def now(one: MessageView) -> MessageView:
        return replace(one, at=seen[one.id].at, waiting=waiting_view(seen[one.id].waiting))

    return replace(now(made), together=tuple(map(now, made.together)))


class _Now(Struct, frozen=True):
    """A message as it is now; of one that is being written, how far it is and what it waits for."""

    row: ChatMessage
    at: str = ""
    waiting: tuple[ToolCall, ...] = ()


def _as_now(row: ChatMessage, answering: Answering) -> _Now:
    """Return an answer as its job has it, which is ahead of its row."""
    job = answering.get(row.id)
    if job is None or row.state != "running":
        return _Now(row)
    now = job.snapshot()
    parts = (Text(now.text),) if now.text else ()
    message = Message(role="assistant", parts=parts, thinking=now.thinking)
    as_now = replace(row, message=message, steps=now.steps, numbers={}, exchanges=now.exchanges)
    return _Now(as_now, at_of(now), now.waiting)
