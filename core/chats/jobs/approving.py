"""Calls of a chat's answer that wait until a person lets them run.

Tools that come with Diglot run at once: they reach nothing. All others wait: those of an MCP
server, of the operator's folder, and those that send requests. What a person lets run always is
kept in the settings of the chat, so that it holds for this chat and this tool alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Literal, get_args

from core.chats.jobs.elsewhere import AnswerElsewhere
from core.chats.jobs.job import Job
from core.chats.store.store import Store
from core.chats.values.chat import Asking
from core.errors import DiglotError
from core.tools.approvals import ApprovalQueue, Decision
from core.tools.loop import Abandoned, Handle
from core.tools.toolbox import Toolbox, ToolResult
from core.translation.messages import ToolCall

Verdict = Literal["once", "always", "no"]

_VERDICTS: Mapping[str, Verdict] = {verdict: verdict for verdict in get_args(Verdict)}
# Names in the settings of a chat.
_ALLOWED = "allowed_tools"
_LEFT = "tool_decisions"

_LOOK_EVERY = 0.4
"""Seconds between two looks for a decision that another process has taken."""


class Approvals:
    """Decides which calls wait, and takes people's decisions. ``toolbox`` has all tools."""

    def __init__(self, store: Store, toolbox: Toolbox) -> None:
        self._store = store
        self._toolbox = toolbox

    def handle(self, job: Job, box: Toolbox, asking: Asking) -> Handle | None:
        """Return what settles the calls of a job, or None where none of ``box`` has to wait."""
        own = () if asking == "all" else self._toolbox.functions
        waits = set() if asking == "none" else {name for name in box.names if name not in own}
        if not waits:
            return None
        queue = ApprovalQueue(
            box,
            asks=waits.__contains__,
            changed=lambda left: job.note_phase("deciding" if left else "calling"),
        )
        job.approvals = queue
        in_order = asyncio.Lock()

        async def handle(call: ToolCall) -> ToolResult:
            if not box.runs(call.name):
                raise Abandoned(f"nothing here runs {call.name}; it was only called")
            # Without the database nothing is known to be allowed.
            # Their cards stand in the order of the calls.
            async with in_order:
                with suppress(DiglotError):
                    waits.difference_update(await asyncio.to_thread(self._allowed, job))
            return await self._settled(job, asyncio.ensure_future(queue.handle(call)))

        return handle

    async def _settled(self, job: Job, call: asyncio.Future[ToolResult]) -> ToolResult:
        """Wait for a call, and for what a page of another process says about it meanwhile."""
        try:
            while not (await asyncio.wait({call}, timeout=_LOOK_EVERY))[0]:
                if job.approvals is not None and job.approvals.waiting:
                    with suppress(DiglotError):
                        await asyncio.to_thread(self._take_from_elsewhere, job)
            return call.result()
        finally:
            call.cancel()

    def _leave(self, answer: AnswerElsewhere, call_id: str, verdict: Verdict) -> None:
        """Leave a decision for the process that writes the answer."""
        settings = self._store.chat(answer.owner, answer.chat_id).settings
        left = {**_texts(settings.get(_LEFT)), f"{answer.message_id}/{call_id}": verdict}
        self._store.update_chat(answer.owner, answer.chat_id, settings={**settings, _LEFT: left})

    def _take_from_elsewhere(self, job: Job) -> None:
        settings = self._store.chat(job.owner, job.chat_id).settings
        left = _texts(settings.get(_LEFT))
        mine = {key: left.pop(key) for key in tuple(left) if key.startswith(f"{job.message_id}/")}
        if not mine:
            return
        self._store.update_chat(job.owner, job.chat_id, settings={**settings, _LEFT: left})
        for key, verdict in mine.items():
            self.decide(job, key.partition("/")[2], _VERDICTS.get(verdict, "no"))

    def decide(self, job: Job | AnswerElsewhere, call_id: str, verdict: Verdict) -> bool:
        """Take a decision; return whether the call was still waiting.

        ``always`` lets all calls of the tool run, in this chat, from now on. Raises DiglotError
        where that cannot be kept.
        """
        if isinstance(job, AnswerElsewhere):
            waits = any(call.id == call_id for call in job.snapshot().waiting)
            if waits:
                self._leave(job, call_id, verdict)
            return waits
        queue = job.approvals
        waiting = {call.id: call for call in queue.waiting} if queue is not None else {}
        if queue is None or call_id not in waiting:
            return False
        if verdict == "no":
            return queue.decide(call_id, Decision(kind="refuse"))
        alike = [call_id]
        if verdict == "always":
            name = waiting[call_id].name
            self._allow(job, name)
            alike = [call.id for call in waiting.values() if call.name == name]
        return any([queue.decide(one, Decision(kind="run")) for one in alike])

    def settle(
        self,
        answers: Iterable[Job | AnswerElsewhere],
        message_id: str,
        call_id: str,
        verdict: Verdict,
    ) -> bool:
        """Take a decision about one of the answers that are being written, as ``decide`` does."""
        found = next((one for one in answers if one.message_id == message_id), None)
        return found is not None and self.decide(found, call_id, verdict)

    def _allowed(self, job: Job) -> list[str]:
        names = self._store.chat(job.owner, job.chat_id).settings.get(_ALLOWED)
        return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []

    def _allow(self, job: Job, name: str) -> None:
        settings = self._store.chat(job.owner, job.chat_id).settings
        names = sorted({*self._allowed(job), name})
        self._store.update_chat(job.owner, job.chat_id, settings={**settings, _ALLOWED: names})


def _texts(kept: Any) -> dict[str, str]:
    return {str(key): str(value) for key, value in kept.items()} if isinstance(kept, dict) else {}
