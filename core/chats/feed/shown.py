"""The branch of a chat that is shown, as it is now: its end, or as much of it as is asked for."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from core.chats.feed.view import ChatView, MessageView, Viewer
from core.chats.jobs.elsewhere import AnswerElsewhere
from core.chats.jobs.job import Job, Snapshot
from core.chats.service import Service
from core.chats.values.chat import Chat, ChatMessage
from core.errors import InvalidRequest
from core.translation.messages import Message, Text

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
    tree = service.store.tree(owner, chat_id)
    return ChatView(
        id=chat.id,
        title=chat.title,
        stamp=stamp_of(chat, len(answering)),
        messages=tuple(
            _message(service, owner, viewer, row, tree.get(row.parent_id, ()), answering)
            for row in path[-limit:]
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
        seen[row.id][0], versions, [one for one, _ in seen.values()] if row.batch else ()
    )
    together = tuple(replace(one, at=seen[one.id][1]) for one in made.together)
    return replace(made, at=seen[row.id][1], together=together)


def _as_now(row: ChatMessage, answering: Answering) -> tuple[ChatMessage, str]:
    """Return an answer as its job has it, which is ahead of its row, and how far that is."""
    job = answering.get(row.id)
    if job is None or row.state != "running":
        return row, ""
    now = job.snapshot()
    parts = (Text(now.text),) if now.text else ()
    message = Message(role="assistant", parts=parts, thinking=now.thinking)
    as_now = replace(row, message=message, steps=now.steps, numbers={}, exchanges=now.exchanges)
    return as_now, at_of(now)
