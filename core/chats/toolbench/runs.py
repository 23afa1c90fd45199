"""Runs of the tool page: one prompt with tool definitions, step by step, again, and branched.

A run is an answer like any other, in a temporary chat whose settings hold its plan: so it continues
without a page, is found again after a refresh, and its requests can be inspected. Runs of the same
prompt are siblings in one chat. Calls may wait for a person in the run's queue.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Literal

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from core.backends.calls.options import AskOptions
from core.backends.fleet import Fleet
from core.chats.jobs.answer import RunValue, conversation
from core.chats.jobs.job import Job, Run
from core.chats.jobs.runner import JobRunner
from core.chats.store.store import Store
from core.chats.values.chat import Call, ChatMessage, PageDialect, Step
from core.errors import InvalidRequest
from core.tools.approvals import ApprovalQueue, Decision, Mode
from core.tools.definitions.values import Definition
from core.tools.fault_injection import Fault
from core.tools.loop import run_tools
from core.tools.toolbox import Toolbox
from core.translation.codec.json import is_object
from core.translation.events import Event
from core.translation.fields.field import COMMON
from core.translation.messages import (
    ChatRequest,
    Message,
    NamedTool,
    ToolCall,
    ToolChoice,
    said,
)

How = Literal["auto", "emulated", "both"]
"""Use the model's own tool calls, emulate them, or do both side by side."""


class RunPlan(Struct, frozen=True, kw_only=True):
    """What is run, with which ``tools``.

    ``choice`` is a word of tool_choice or the name of a tool behind ``=``. ``fault`` is injected
    into the first call, or ``every`` call. ``max_turns`` limits the turns that may call tools.
    """

    prompt: str
    model: str
    tools: tuple[Definition, ...] = ()
    choice: str = "auto"
    how: How = "auto"
    mode: Mode = "auto"
    fault: Fault | None = None
    every: bool = False
    system: str = ""
    dialect: PageDialect = COMMON
    max_turns: int = 6


class Trial(Struct, frozen=True, kw_only=True):
    """One run of a plan: its message, how its calls are made, and the run that it branches from.

    ``source`` is the run that it branches from, of which it took the first ``step`` steps.
    """

    row: ChatMessage
    emulated: bool = False
    source: str = ""
    step: int = 0


class Waiting(Struct, frozen=True, kw_only=True):
    """A call that waits for a person; ``runs`` says whether it can be run here."""

    call: ToolCall
    runs: bool


class Changed(Struct, frozen=True, kw_only=True):
    """What a branch changes: the arguments of a call, which is then run, or its result."""

    call_id: str
    arguments: str | None = None
    result: str | None = None


class _Mark(Struct, frozen=True, kw_only=True):
    """What the settings of the chat store about one run."""

    emulated: bool = False
    source: str = ""
    step: int = 0


class _Kept(Struct, frozen=True, kw_only=True):
    """The settings of a chat that holds runs."""

    plan: RunPlan
    marks: dict[str, _Mark] = field(default_factory=dict)


class Playground:
    """Runs of all owners. Methods may be called from any thread."""

    def __init__(
        self,
        fleet: Fleet,
        store: Store,
        jobs: JobRunner,
        toolbox: Callable[[Sequence[Definition]], Toolbox],
    ) -> None:
        """``toolbox`` returns a toolbox of definitions, connected to whatever can run them."""
        self._fleet = fleet
        self._store = store
        self._jobs = jobs
        self._toolbox = toolbox
        self._queues: dict[str, ApprovalQueue] = {}

    def start(self, owner: str, plan: RunPlan, *, chat_id: str = "") -> list[Job]:
        """Run a plan, in a new chat or once more in the one that holds its runs.

        Raises InvalidRequest without a prompt, and ``busy`` while the chat runs.
        """
        if not plan.prompt.strip():
            raise InvalidRequest("a run needs a prompt", path="prompt")
        question = None
        if chat_id:
            parent_id = self._store.path(owner, chat_id)[0].id
        else:
            chat = self._store.create_chat(owner, title=plan.prompt[:80], temporary=True)
            chat_id, parent_id, question = chat.id, None, said("user", plan.prompt)
        ways = {"auto": (False,), "emulated": (True,), "both": (False, True)}[plan.how]
        made = [self._run(owner, plan, _history(plan), emulate=emulate) for emulate in ways]
        batch = [(run, plan.model, plan.dialect) for run, _ in made]
        jobs = self._jobs.start_batch(owner, chat_id, batch, parent_id=parent_id, ask=question)
        for job, (_, queue) in zip(jobs, made, strict=True):
            self._keep_queue(job, queue)
        marks = {
            job.message_id: _Mark(emulated=emulate) for job, emulate in zip(jobs, ways, strict=True)
        }
        self._note(owner, chat_id, plan, marks)
        return jobs

    def branch(self, owner: str, message_id: str, step: int, changed: Changed | None = None) -> Job:
        """Start a new run from a step of another one: ``step`` counts its turns from 0.

        Without ``changed`` that turn is repeated; with it the turn is kept, except for the named
        call. Raises InvalidRequest for a step or call that is not there.
        """
        old = self._store.message(owner, message_id)
        plan, marks = self._kept(owner, old.chat_id)
        mark = marks.get(message_id, _Mark())
        kept = step if changed is None else step + 1
        if not 0 <= step <= len(old.steps) or kept > len(old.steps):
            raise InvalidRequest("this run has no such step", path="step")
        steps = [replace(one, stopped="") for one in old.steps[:kept]]
        if changed is not None:
            steps[-1] = self._with_change(steps[-1], changed, plan)
        history = (*_history(plan), *conversation([_begun(old, tuple(steps))]))
        run, queue = self._run(
            owner, plan, history, emulate=mark.emulated, turn=kept, later=bool(steps)
        )
        job = self._jobs.start(
            owner,
            old.chat_id,
            run,
            parent_id=old.parent_id,
            model=plan.model,
            dialect=plan.dialect,
            steps=tuple(steps),
            exchanges=old.exchanges[:kept],
        )
        self._keep_queue(job, queue)
        new = _Mark(emulated=mark.emulated, source=message_id, step=step)
        self._note(owner, old.chat_id, plan, {job.message_id: new})
        return job

    def plan(self, owner: str, chat_id: str) -> RunPlan:
        """Return what a chat's runs are of. Raises InvalidRequest for a chat that has none."""
        return self._kept(owner, chat_id)[0]

    def trials(self, owner: str, chat_id: str) -> list[Trial]:
        """Return the runs in a chat, the oldest first."""
        _, marks = self._kept(owner, chat_id)
        rows = self._store.messages(owner, chat_id)
        return [
            Trial(row=row, **msgspec.structs.asdict(marks.get(row.id, _Mark())))
            for row in rows
            if row.message.role == "assistant"
        ]

    def waiting(self, owner: str, job_id: str) -> tuple[Waiting, ...]:
        """Return the calls of a run that wait for a person."""
        queue = self._queue(owner, job_id)
        if queue is None:
            return ()
        return tuple(Waiting(call=call, runs=queue.runs(call.name)) for call in queue.waiting)

    def decide(self, owner: str, job_id: str, call_id: str, decision: Decision) -> bool:
        """Decide a waiting call; return whether it was still waiting.

        Raises InvalidRequest for arguments that are not a JSON object.
        """
        if decision.arguments is not None and not is_object(decision.arguments):
            raise InvalidRequest("arguments must be a JSON object", path="arguments")
        queue = self._queue(owner, job_id)
        return queue is not None and queue.decide(call_id, decision)

    def _queue(self, owner: str, job_id: str) -> ApprovalQueue | None:
        return self._queues.get(job_id) if self._jobs.get(owner, job_id) else None

    def _keep_queue(self, job: Job, queue: ApprovalQueue) -> None:
        known = self._queues
        for job_id in [one for one in known if len(known) > 500][:100]:
            del known[job_id]
        known[job.id] = queue

    def _with_change(self, step: Step, changed: Changed, plan: RunPlan) -> Step:
        call = next((call for call in step.calls if call.id == changed.call_id), None)
        if call is None:
            raise InvalidRequest("this step has no such call", path="call_id")
        if changed.arguments is not None:
            if not is_object(changed.arguments):
                raise InvalidRequest("arguments must be a JSON object", path="arguments")
            new = self._called_again(call, changed.arguments, plan)
        else:
            new = replace(call, result=changed.result or "", how="given", failed=False, duration=0)
        return replace(step, calls=tuple(new if one is call else one for one in step.calls))

    def _called_again(self, call: Call, arguments: str, plan: RunPlan) -> Call:
        asked = ToolCall(id=call.id, name=call.name, arguments=arguments)
        box = self._toolbox(plan.tools)
        result = self._fleet.call(box.call(asked), timeout=60)
        own = call.asked or call.arguments
        return replace(
            call,
            arguments=arguments,
            asked="" if own == arguments else own,
            result=result.content,
            failed=not result.ok,
            duration=result.duration,
            how="",
        )

    def _run(
        self,
        owner: str,
        plan: RunPlan,
        history: tuple[Message, ...],
        *,
        emulate: bool,
        turn: int = 0,
        later: bool = False,
    ) -> tuple[Run, ApprovalQueue]:
        """Return the run of a plan, and its queue; ``later``: tools have been called before."""
        box = self._toolbox(plan.tools)
        notify: list[Callable[[bool], None]] = []
        queue = ApprovalQueue(
            box,
            mode=plan.mode,
            fault=plan.fault,
            every=plan.every,
            changed=lambda waiting: notify[0](waiting),
        )
        choice = _choice(plan.choice)
        if later and choice not in ("auto", "none"):
            choice = "auto"
        request = ChatRequest(
            model=plan.model,
            messages=history,
            tools=tuple(definition.tool for definition in plan.tools),
            tool_choice=choice,
            stream=True,
            include_usage=True,
        )

        def run(job: Job) -> AsyncIterator[RunValue]:
            notify.append(lambda waits: job.note_phase("deciding" if waits else "calling"))

            options = AskOptions(owner=owner, note=job.note_exchange, emulate=emulate)

            def chat(asked: ChatRequest) -> AsyncIterator[Event]:
                return self._fleet.chat(asked, dialect=plan.dialect, options=options)

            return run_tools(
                chat, request, box, max_turns=plan.max_turns, handle=queue.handle, turn=turn
            )

        return run, queue

    def _kept(self, owner: str, chat_id: str) -> tuple[RunPlan, dict[str, _Mark]]:
        settings = self._store.chat(owner, chat_id).settings
        try:
            kept = msgspec.convert(settings.get("playground"), _Kept)
        except msgspec.ValidationError as exc:
            raise InvalidRequest("this chat holds no runs", path="chat_id") from exc
        return kept.plan, kept.marks

    def _note(self, owner: str, chat_id: str, plan: RunPlan, marks: Mapping[str, _Mark]) -> None:
        settings = self._store.chat(owner, chat_id).settings
        before = self._kept(owner, chat_id)[1] if "playground" in settings else {}
        kept = msgspec.to_builtins(_Kept(plan=plan, marks={**before, **marks}))
        self._store.update_chat(owner, chat_id, settings={**settings, "playground": kept})


def _history(plan: RunPlan) -> tuple[Message, ...]:
    before = (said("system", plan.system),) if plan.system.strip() else ()
    return (*before, said("user", plan.prompt))


def _begun(row: ChatMessage, steps: tuple[Step, ...]) -> ChatMessage:
    """Return a run as if only these steps had been made."""
    return replace(row, steps=steps, message=Message(role="assistant"))


def _choice(word: str) -> ToolChoice:
    if word.startswith("="):
        return NamedTool(word[1:])
    return "none" if word == "none" else "required" if word == "required" else "auto"
