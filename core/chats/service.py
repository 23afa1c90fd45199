"""The pages' API: chats, jobs, tools and models of one process, as synchronous methods.

Pages run in threads of their own and never touch the event loop; every method here may be called
from any of them. A page passes its user as ``owner`` and sees only what belongs to that user.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from core.backends.calls.options import AskOptions
from core.backends.discovery import Status
from core.backends.fleet import Fleet
from core.backends.hidden_addresses import HiddenAddresses
from core.backends.library import Library
from core.chats.jobs.answer import RunValue, conversation
from core.chats.jobs.approving import Approvals
from core.chats.jobs.elsewhere import AnswerElsewhere
from core.chats.jobs.job import Job, Run
from core.chats.jobs.runner import JobRunner
from core.chats.jobs.titles import Titler
from core.chats.store.store import Store
from core.chats.toolbench.call_tool import Runners
from core.chats.toolbench.matrix import MatrixRunner
from core.chats.toolbench.runs import Playground
from core.chats.transfer.archive import Archive
from core.chats.values.chat import PAGE_DIALECTS, Chat, ChatMessage, ChatOptions
from core.config.tools import ToolSettings
from core.errors import InvalidRequest
from core.exchanges.exchange import Exchange
from core.exchanges.log import Filter, Watch
from core.inspector.reproduction import reproduction
from core.note import Note
from core.tools.loop import run_tools
from core.tools.runners.all_tools import ToolRuntime
from core.tools.toolbox import Toolbox
from core.translation.dialects.registry import DIALECTS
from core.translation.events import Event
from core.translation.messages import ChatRequest, Message, Part, ResponseFormat, Text, text_of
from core.translation.report.rows import ReportRow

_NO_SIBLING = {
    "user": "only a question can be put in other words",
    "assistant": "only an answer can be made anew",
}


# For models that would otherwise start a new answer after an unfinished one.
_GO_ON = (
    "Your last answer was cut. Go on exactly where it ends, in the same language, and repeat "
    "nothing of it."
)


class Service:
    """One process's chats, jobs, tools and models."""

    def __init__(
        self,
        fleet: Fleet,
        store: Store,
        jobs: JobRunner,
        toolbox: Toolbox,
        tool_runtime: ToolRuntime | None = None,
    ) -> None:
        """``tool_runtime`` runs what people define on the tool page; a new one if None."""
        self.fleet = fleet
        self.store = store
        self.jobs = jobs
        self.toolbox = toolbox
        self.addresses = HiddenAddresses(fleet)
        self.library = Library(fleet)
        self.archive = Archive(store, toolbox)
        self.runners = Runners(fleet, tool_runtime or ToolRuntime(ToolSettings()))
        self.matrices = MatrixRunner(fleet, store.matrices, self.runners.check)
        self.playground = Playground(fleet, store, jobs, self.runners.box)
        self._titler = Titler(fleet, store)
        self.approvals = Approvals(store, toolbox)

    @property
    def demo(self) -> bool:
        """Whether everybody shares one history, as the config may say."""
        return self.fleet.config.demo

    def status(self) -> Status:
        """Return the state of the backends, without waiting."""
        return self.fleet.status()

    def retry(self) -> None:
        """Look for backends again. Raises ConfigError for a broken config."""
        self.fleet.call(self.fleet.discover())

    def models(self) -> list[dict[str, Any]]:
        """Return all models, as entries of /api/tags. Raises DiglotError."""
        return self.fleet.call(self.fleet.models())

    def talkers(self) -> list[str]:
        """Return the names of the models that answer questions, and do more than make vectors.

        Raises DiglotError.
        """
        return self.fleet.call(self.fleet.talkers())

    def answers(self) -> bool:
        """Return whether a server answers, whatever models it has."""
        return self.fleet.call(self.fleet.answers())

    def capabilities(self, model: str) -> frozenset[str]:
        """Return what a model can do, in Ollama's words. Raises DiglotError."""
        known = self.fleet.known_capabilities(model)
        return self.fleet.call(self.fleet.capabilities(model)) if known is None else known

    def context(self, model: str) -> int:
        """Return the context length of a model as it is loaded now, in tokens; 0 if unknown."""
        return self.fleet.call(self.fleet.context(model))

    def ask(
        self,
        owner: str,
        chat_id: str,
        text: str,
        options: ChatOptions,
        *,
        files: Sequence[Part] = (),
    ) -> Job:
        """Add a message to the end of a chat and start the answer to it.

        ``files`` are parts that core.chats.transfer.attachments has read. Raises InvalidRequest:
        ``busy`` while an answer of this chat is being written.
        """
        return self.compare(owner, chat_id, text, [options], files=files)[0]

    def compare(
        self,
        owner: str,
        chat_id: str,
        text: str,
        options: Sequence[ChatOptions],
        *,
        files: Sequence[Part] = (),
    ) -> list[Job]:
        """Ask several models at once, each with its own options; their answers are siblings."""
        path = self.store.path(owner, chat_id)
        return self._start(owner, chat_id, path, options, _question(text, files))

    def answer(self, owner: str, chat_id: str, options: ChatOptions) -> Job:
        """Answer the question that a chat ends with. Raises InvalidRequest where none is there."""
        path = self.store.path(owner, chat_id)
        if not path or path[-1].message.role != "user":
            raise InvalidRequest("this chat does not end in a question", path="chat_id")
        return self._start(owner, chat_id, path, [options])[0]

    def edit(
        self, owner: str, chat_id: str, message_id: str, text: str, options: ChatOptions
    ) -> Job:
        """Ask an edited question; the old one stays as a sibling.

        Attached files are sent again with the new text.
        """
        path = self._before(owner, chat_id, message_id, role="user")
        old = self.store.message(owner, message_id).message
        return self._start(owner, chat_id, path, [options], _question(text, old.parts[1:]))[0]

    def rewrite(self, owner: str, chat_id: str, message_id: str, text: str) -> ChatMessage:
        """Replace an answer's text with a person's; the model's own stays as a sibling.

        Its tool calls are kept; its thinking and numbers are not, since they belong to the old
        text. Raises InvalidRequest for a message that is not an answer.
        """
        old = self.store.message(owner, message_id)
        if old.message.role != "assistant":
            raise InvalidRequest(_NO_SIBLING["assistant"], path="message_id")
        return self.store.add_message(
            owner,
            chat_id,
            Message(role="assistant", parts=(Text(text),)),
            parent_id=old.parent_id,
            model=old.model,
            dialect=old.dialect,
            steps=old.steps,
            finish_reason="edited",
        )

    def branch(self, owner: str, chat_id: str, message_id: str) -> Chat:
        """Make a chat of its own out of the branch that ends at a message."""
        chat = self.store.chat(owner, chat_id)
        rows = self.store.path(owner, chat_id, message_id)
        return self.store.add_chat(owner, title=chat.title, rows=rows, leaf=message_id)

    def regenerate(self, owner: str, chat_id: str, message_id: str, options: ChatOptions) -> Job:
        """Answer the same question again; the old answer stays as a sibling."""
        path = self._before(owner, chat_id, message_id, role="assistant")
        return self._start(owner, chat_id, path, [options])[0]

    def write_on(self, owner: str, chat_id: str, message_id: str, options: ChatOptions) -> Job:
        """Continue an answer that was cut off, stopped or lost its connection.

        The same model and API are used as before. Raises InvalidRequest for a message that is not
        an answer.
        """
        cut = self.store.message(owner, message_id)
        if cut.message.role != "assistant":
            raise InvalidRequest("only an answer can be gone on with", path="message_id")
        history = conversation(self.store.path(owner, chat_id, message_id))
        text = text_of(cut.message)
        begun = replace(
            options,
            model=cut.model or options.model,
            dialect=cut.dialect if cut.dialect in PAGE_DIALECTS else PAGE_DIALECTS[0],
            # In the middle of a sentence no tool is called.
            tools=() if text else options.tools,
        )
        if text and not self.fleet.call(self.fleet.writes_on(begun.model)):
            history = (*history, _question(_GO_ON))
        request = self._request(begun, history)
        box = self.toolbox.subset(begun.tools)
        job = self.jobs.start(
            owner,
            chat_id,
            self._run(request, box, owner=owner, options=begun),
            continues=message_id,
        )
        job.options = options
        return job

    def lost(self, options: ChatOptions) -> tuple[ReportRow, ...]:
        """Return the options that the model's server does not support, with the reasons.

        Raises DiglotError where the model is not there.
        """
        request = self._request(options, (_question("?"),))
        return self.fleet.call(self.fleet.lost(request, dialect=options.dialect))

    def ignored(self, options: ChatOptions, settings: Mapping[str, Any]) -> dict[str, Note]:
        """Return the settings that the model's server does not support, each with the reason.

        Raises DiglotError where the model is not there.
        """
        asked = replace(options, settings=dict(settings), thinking=None, schema=None)
        why = {row.path: row.note for row in self.lost(asked)}
        fields = DIALECTS[options.dialect].settings.by_name
        places = {name: fields[name].paths[options.dialect] for name in settings}
        return {name: why[path] for name, path in places.items() if path in why}

    def _before(self, owner: str, chat_id: str, message_id: str, *, role: str) -> list[ChatMessage]:
        """Return the messages before one of ``role``, for which a sibling is wanted."""
        old = self.store.message(owner, message_id)
        if old.message.role != role:
            raise InvalidRequest(_NO_SIBLING[role], path="message_id")
        return self.store.path(owner, chat_id, old.parent_id) if old.parent_id else []

    def _start(
        self,
        owner: str,
        chat_id: str,
        path: Sequence[ChatMessage],
        options: Sequence[ChatOptions],
        question: Message | None = None,
    ) -> list[Job]:
        history = (*conversation(path), *(() if question is None else (question,)))
        runs = []
        for place, each in enumerate(options):
            request = self._request(each, history)
            box = self.toolbox.subset(each.tools)
            run = self._run(request, box, owner=owner, options=each)
            if place == 0 and len(path) < 2:
                run = self._titler.after(run, request, owner=owner, dialect=each.dialect)
            runs.append((run, each.model, each.dialect))
        parent_id = path[-1].id if path else None
        jobs = self.jobs.start_batch(owner, chat_id, runs, parent_id=parent_id, ask=question)
        for job, each in zip(jobs, options, strict=True):
            job.options = each
        return jobs

    def stop(self, owner: str, chat_id: str) -> None:
        """Stop the answers that are being written in a chat, keeping what is there."""
        for answer in self.running(owner, chat_id):
            answer.cancel()

    def running(self, owner: str, chat_id: str) -> list[Job | AnswerElsewhere]:
        """Return the answers that are being written in a chat, in whatever process."""
        return [
            *self.jobs.running(owner, chat_id),
            *(
                AnswerElsewhere(self.store, owner, row)
                for row in self.jobs.elsewhere(owner, chat_id)
            ),
        ]

    def is_handed_over(self, owner: str, chat_id: str) -> bool:
        """Tell whether an answer in a chat waits for another process to go on with it."""
        return self.store.handovers.in_chat(owner, chat_id)

    def hide_message(self, owner: str, message_id: str) -> None:
        """Hide a message and all that follow it, stopping answers that are being written."""
        self.stop(owner, self.store.message(owner, message_id).chat_id)
        self.store.hide_message(owner, message_id)

    def hide_chat(self, owner: str, chat_id: str) -> None:
        """Hide a chat, stopping answers that are being written."""
        self.stop(owner, chat_id)
        self.store.hide_chat(owner, chat_id)

    def exchange(
        self, owner: str, exchange_id: str, *, operator: bool = False, everyone: bool = False
    ) -> Exchange | None:
        """Return one exchange of the owner's, or None if it is no longer kept.

        An ``operator`` sees where the backends are; with ``everyone``, for operators alone, also
        what clients of the gateway sent.
        """
        found = self.fleet.log.get(exchange_id, owner=owner, everyone=everyone)
        if found is None or operator or everyone:
            return found
        return self.addresses.exchange(found)

    def exchanges(
        self,
        owner: str,
        *,
        limit: int = 50,
        everyone: bool = False,
        wanted: Filter | None = None,
        watch: Watch | None = None,
    ) -> list[Exchange]:
        """Return the owner's exchanges (an operator's: all), newest first, as ``watch`` has it.

        They are to be listed: to show one, ask for it by ``exchange``.
        """
        if not everyone:
            wanted = replace(wanted or Filter(), shown=self.addresses.exchange)
        return (watch or Watch()).list(
            self.fleet.log, owner=owner, everyone=everyone, wanted=wanted, limit=limit
        )

    def reproduction(self, exchange: Exchange) -> dict[str, Any]:
        """Return what has to be the same to get the same answer (core.inspector.reproduction)."""
        return self.fleet.call(reproduction(self.fleet, exchange))

    def _request(self, options: ChatOptions, history: Sequence[Message]) -> ChatRequest:
        before: tuple[Message, ...] = ()
        if options.system.strip():
            before = (Message(role="system", parts=(Text(options.system),)),)
        return ChatRequest(
            model=options.model,
            messages=(*before, *history),
            tools=self.toolbox.subset(options.tools).tools,
            format=None if options.schema is None else ResponseFormat(schema=options.schema),
            thinking=options.thinking,
            stream=True,
            include_usage=True,
            settings=options.settings,
        )

    def _run(
        self,
        request: ChatRequest,
        toolbox: Toolbox,
        *,
        owner: str,
        options: ChatOptions,
    ) -> Run:
        def run(job: Job) -> AsyncIterator[RunValue]:
            ask = AskOptions(owner=owner, note=job.note_exchange)

            def chat(request: ChatRequest) -> AsyncIterator[Event]:
                return self.fleet.chat(request, dialect=options.dialect, options=ask)

            handle = self.approvals.handle(job, toolbox, options.asking)
            return run_tools(chat, request, toolbox, handle=handle)

        return run


def _question(text: str, files: Sequence[Part] = ()) -> Message:
    return Message(role="user", parts=(Text(text), *files))


_services: list[Service] = []


def install(service: Service) -> None:
    """Make ``service`` the one of this process."""
    _services[:] = [service]


def current_service() -> Service:
    """Return the one service of this process. Raises RuntimeError before it is installed."""
    if not _services:
        raise RuntimeError("the service has not been installed yet")
    return _services[0]
