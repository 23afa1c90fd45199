"""What is somebody else's is not there: for every method that is told who asks, by guessed ids."""

from __future__ import annotations

import inspect
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.chats.jobs.job import Job
from core.chats.jobs.runner import JobRunner
from core.chats.service import Service
from core.chats.store.growing import GrowingAnswers, Piece
from core.chats.store.handovers import Handovers
from core.chats.store.matrices import Matrices
from core.chats.store.presets import Presets
from core.chats.store.search import Search
from core.chats.store.store import Store
from core.chats.toolbench.matrix import MatrixRunner
from core.chats.toolbench.runs import Changed, Playground, RunPlan
from core.chats.transfer.archive import Archive
from core.chats.values.chat import ChatMessage, ChatOptions
from core.chats.values.matrix import MatrixPlan
from core.errors import DiglotError
from core.exchanges.log import Filter
from core.tools.approvals import Decision
from core.tools.cases.values import Case
from core.tools.definitions.values import Definition
from core.tools.examples import example_toolbox
from core.translation.messages import Message, Text
from tests.chats.test_service import backend, ended, service
from tests.chats.toolbench.test_matrix import over
from tests.chats.toolbench.test_runs import until

__all__ = ["backend", "service"]

SECRET = "lighthouse"
TOOLS = example_toolbox().tools
OWN = [Store, Search, Presets, Matrices, JobRunner, MatrixRunner, Playground, Archive, Service,
       GrowingAnswers, Handovers]  # fmt: skip
UNASKED = {
    "core.chats.feed.tickets": "a ticket is made for whoever it names; nothing is behind it",
    "core.chats.store.people": "the operator's command exports and erases; no page asks it",
    "core.chats.jobs.journal": "the same",
}


@dataclass(frozen=True)
class Anns:
    """What Ann has, by the names that methods have for it."""

    chat_id: str
    message_id: str
    job_id: str
    call_id: str
    matrix_id: str
    exchange_id: str
    answer: ChatMessage


@pytest.fixture
def anns(service: Service) -> Iterator[Anns]:
    """A chat, a preset, a toolbox, a matrix, and a run whose call waits for Ann."""
    chat = service.store.create_chat("ann", title=f"the {SECRET}")
    ended(service.ask("ann", chat.id, f"my {SECRET}", ChatOptions(model="native")))
    answer = service.store.path("ann", chat.id)[-1]
    service.store.presets.save("ann", "hers", f"of the {SECRET}")
    service.store.matrices.keep_toolbox("ann", f'["{SECRET}"]')
    cases = (Case(id="one", prompt=f"Hello, {SECRET}"),)
    matrix = service.matrices.start("ann", MatrixPlan(cases=cases, models=("native",), tools=TOOLS))
    over(matrix)
    tools = tuple(Definition(tool=tool) for tool in TOOLS)
    prompt = f"get_current_weather in '{SECRET}'"
    plan = RunPlan(prompt=prompt, model="native", tools=tools, mode="approve")
    (job,) = service.playground.start("ann", plan)
    (waiting,) = until(lambda: service.playground.waiting("ann", job.id))
    yield Anns(
        chat_id=chat.id,
        message_id=answer.id,
        job_id=job.id,
        call_id=waiting.call.id,
        matrix_id=matrix.matrix.id,
        exchange_id=answer.exchanges[0],
        answer=answer,
    )
    service.stop("ann", job.chat_id)
    ended(job)


def given(anns: Anns, name: str, service: Service) -> Any:
    """Return what somebody else would say for a parameter, once the ids were guessed."""
    message = Message(role="user", parts=(Text("hello"),))
    options = ChatOptions(model="native")
    plan = RunPlan(prompt="Hello", model="native")
    cases = (Case(id="one", prompt="Hello"),)
    values: dict[str, Any] = {
        "job_id": anns.job_id,
        "job": anns.answer.writer,
        "call_id": anns.call_id,
        "matrix_id": anns.matrix_id,
        "exchange_id": anns.exchange_id,
        "chat_id": anns.chat_id,
        "message_id": anns.message_id,
        "leaf": anns.message_id,
        "parent_id": anns.message_id,
        "continues": anns.message_id,
        "before": None,
        "ask": message,
        "message": message,
        "question": message,
        "text": "hello",
        "title": "mine now",
        "titled": "person",
        "name": "hers",
        "content": "[]",
        "typed": SECRET,
        "kind": "json",
        "step": 0,
        "piece": Piece(number=9, text="mine now"),
        "changed": Changed(call_id=anns.call_id, result="x"),
        "decision": Decision(kind="run"),
        "options": options,
        "rows": [],
        "run": nothing,
        "runs": [(nothing, "native", "ollama")],
        "found": service.archive.read(service.archive.export_all("eve", "json")[0]),
        "wanted": Filter(),
    }
    return {
        **values,
        "plan": plan,
        "matrix_plan": MatrixPlan(cases=cases, models=("native",), tools=TOOLS),
    }[name]


async def nothing(job: Job) -> Any:
    return
    yield


def methods() -> list[tuple[type, str]]:
    """Every public method that is told who asks."""
    return [
        (one, name)
        for one in OWN
        for name, method in inspect.getmembers(one, inspect.isfunction)
        if not name.startswith("_") and "owner" in inspect.signature(method).parameters
    ]


def place(service: Service, one: type) -> Any:
    """The object of the service that a class's methods are called of."""
    store = service.store
    found: dict[type, Any] = {
        Store: store, Search: store.search, Presets: store.presets, Matrices: store.matrices,
        JobRunner: service.jobs, MatrixRunner: service.matrices, Playground: service.playground,
        Archive: service.archive, Service: service, GrowingAnswers: store.growing,
        Handovers: store.handovers,
    }  # fmt: skip
    return found[one]


def kept(folder: Path) -> set[tuple[Any, ...]]:
    """Every row of the database but for what a job is still writing."""
    with sqlite3.connect(folder / "chats.db") as db:
        db.row_factory = sqlite3.Row
        tables = [row[0] for row in db.execute("select name from sqlite_master where type='table'")]
        rows = [
            (table, *(row[key] for key in row.keys() if key != "updated"))  # noqa: SIM118
            for table in tables
            for row in db.execute(f"select * from {table}")
            if "state" not in row.keys() or row["state"] != "running"  # noqa: SIM118
        ]
    db.close()
    return set(rows)


def test_every_place_of_what_is_owned_is_looked_at() -> None:
    """Whoever adds a class that is told who asks adds it above."""
    here = {one.__module__ for one in OWN}
    source = Path(inspect.getfile(Service)).parent
    told = {
        ".".join(("core.chats", *file.relative_to(source).with_suffix("").parts))
        for file in source.rglob("*.py")
        if "(self, owner: str" in (text := file.read_text()) or "self,\n        owner: str" in text
    }
    assert told <= here | UNASKED.keys()
    assert len(methods()) > 40


def asked_by_another(service: Service, anns: Anns, one: type, name: str) -> None:
    """Call a method as somebody else, with everything of Ann's that it takes."""
    method: Callable[..., Any] = getattr(place(service, one), name)
    arguments = {}
    for parameter in inspect.signature(method).parameters.values():
        key = parameter.name
        if key == "owner" or parameter.kind is parameter.VAR_KEYWORD:
            continue
        if parameter.default is not parameter.empty and not key.endswith("_id"):
            continue
        kind = "matrix_plan" if key == "plan" and one in (Matrices, MatrixRunner) else key
        arguments[key] = given(anns, kind, service)
    try:
        result = method("eve", **arguments)
    except DiglotError as exc:
        assert exc.status == 404 and SECRET not in exc.message, f"{one.__name__}.{name}: {exc}"
    else:
        assert SECRET not in repr(result), f"{one.__name__}.{name}"
        if isinstance(result, Job):
            ended(result)


def test_nobody_else_reads_or_changes_it(service: Service, anns: Anns, tmp_path: Path) -> None:
    exchanges = len(service.fleet.log.newest(owner="ann"))
    for one, name in methods():
        before = kept(tmp_path)
        asked_by_another(service, anns, one, name)
        assert before <= kept(tmp_path), f"{one.__name__}.{name} has changed something"
        assert service.playground.waiting("ann", anns.job_id), f"{one.__name__}.{name}"
    assert len(service.fleet.log.newest(owner="ann")) == exchanges


def test_the_same_methods_answer_whom_it_belongs_to(service: Service, anns: Anns) -> None:
    """Or the test above would show nothing."""
    assert SECRET in repr(service.store.path("ann", anns.chat_id))
    assert SECRET in repr(service.store.search.find("ann", SECRET))
    assert SECRET in repr(service.store.presets.all("ann"))
    assert SECRET in str(service.store.matrices.toolbox("ann"))
    assert SECRET in repr(service.store.matrices.get("ann", anns.matrix_id))
    assert service.jobs.get("ann", anns.job_id) is not None
    exchange = service.exchange("ann", anns.exchange_id)
    assert exchange is not None and SECRET.encode() in exchange.client.request
    assert service.exchange("eve", anns.exchange_id) is None
    whole = service.exchange("eve", anns.exchange_id, everyone=True)
    assert whole is not None and whole.id == exchange.id
    # Where the backend is, is for operators.
    assert whole.backend[-1].url and not exchange.backend[-1].url
    assert service.exchange("ann", anns.exchange_id, operator=True) is whole
