"""Titles that the model itself gives to chats, in the background.

The model is asked at the end of the conversation that it has just read, so that its server can
reuse the cached prompt. With a different prompt, the next question would need the whole
conversation to be read again.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator

from msgspec.structs import replace

from core.backends.calls.options import AskOptions
from core.backends.fleet import Fleet
from core.chats.jobs.answer import RunValue
from core.chats.jobs.job import Job, Run
from core.chats.store.store import Store
from core.errors import DiglotError
from core.translation.events import accumulate
from core.translation.messages import ChatRequest, said, text_of

_LOG = logging.getLogger("diglot.titles")

_ASK = (
    "Give this conversation a title of two to six words, in the language it is in. "
    "Say only the title."
)
_MAX_CHARS = 60
# What models put around a title: a word for it, quotes, marks of Markdown, a full stop.
_LABEL = re.compile(r"^\s*(?:title|标题|題名)\s*[:：]\s*", re.IGNORECASE)
_AROUND = " \t*_#`\"'“”‘’「」『』《》.。"


class Titler:
    """Asks for the title of a chat after its first answer."""

    def __init__(self, fleet: Fleet, store: Store) -> None:
        self._fleet = fleet
        self._store = store
        self._background: set[asyncio.Task[None]] = set()

    def after(self, run: Run, request: ChatRequest, *, owner: str, dialect: str) -> Run:
        """Return ``run``, which answers ``request``, with the title asked for after it."""

        def ask(job: Job) -> None:
            # Not awaited: the answer is complete, and the person may continue.
            work = self._give(owner, job.chat_id, request, job.snapshot().text, dialect)
            task = asyncio.create_task(work)
            self._background.add(task)
            task.add_done_callback(self._background.discard)

        def begin(job: Job) -> AsyncIterator[RunValue]:
            job.when_answered = ask
            return run(job)

        return begin

    async def _give(
        self, owner: str, chat_id: str, asked: ChatRequest, answer: str, dialect: str
    ) -> None:
        # The titles of the small built-in model are worse than the first words of the question.
        if not answer or self._fleet.status().kind == "embedded":
            return
        try:
            chat = await asyncio.to_thread(self._store.chat, owner, chat_id)
            if chat.titled != "question" or chat.temporary:
                return
            thinks = "thinking" in await self._fleet.capabilities(asked.model)
            options = AskOptions(owner=owner)
            request = title_request(asked, answer, thinks=thinks)
            events = [e async for e in self._fleet.chat(request, dialect=dialect, options=options)]
            title = clean_title(text_of(accumulate(events).message))
            if title:
                await asyncio.to_thread(self._store.give_title, owner, chat_id, title)
        except DiglotError as error:
            # The chat keeps its question as its title.
            _LOG.info("a chat got no title: %s", error)


def title_request(asked: ChatRequest, answer: str, *, thinks: bool) -> ChatRequest:
    """Return the request for a title. ``asked`` is what ``answer`` was given to.

    ``thinks`` says whether thinking can be switched off for it.
    """
    kept = {name: asked.settings[name] for name in ("num_ctx",) if name in asked.settings}
    return replace(
        asked,
        messages=(*asked.messages, said("assistant", answer), said("user", _ASK)),
        tools=(),
        tool_choice=None,
        format=None,
        thinking=False if thinks else None,
        settings={**kept, "temperature": 0.0, "max_tokens": 40},
    )


def clean_title(said: str) -> str:
    """Return the title in a model's answer, or an empty text."""
    line = next((line for line in said.splitlines() if line.strip(_AROUND)), "")
    title = _LABEL.sub("", line.strip(_AROUND)).strip(_AROUND)
    # A whole sentence is an answer, not a title.
    return title if len(title) <= _MAX_CHARS and len(title.split()) <= 12 else ""
