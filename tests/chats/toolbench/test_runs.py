"""Runs of the tool page over a backend that calls tools: paused, changed, branched, emulated."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from core.chats.service import Service
from core.chats.toolbench.runs import Changed, RunPlan
from core.errors import InvalidRequest
from core.tools.approvals import Decision
from core.tools.definitions.reading import parse_any
from core.tools.definitions.values import Definition
from core.tools.examples import example_toolbox
from core.translation.messages import Tool, text_of
from tests.chats.test_service import ME, backend, ended, service
from tests.support.rule_based_model import SENTENCE
from tests.support.scripted_backend import Scripted

__all__ = ["backend", "service"]

TOOLS = tuple(Definition(tool=tool) for tool in example_toolbox().tools)
FLIGHT = Definition(
    tool=Tool(
        name="book_flight",
        parameters={"type": "object", "properties": {"to": {"type": "string"}}, "required": ["to"]},
    )
)


def plan(**given: Any) -> RunPlan:
    base: dict[str, Any] = {"prompt": "get_current_weather in '上海'", "model": "native"}
    return RunPlan(**{**base, "tools": TOOLS, **given})


def until(holds: Callable[[], Any]) -> Any:
    for _ in range(500):
        if found := holds():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen")


@pytest.mark.parametrize("model", ["native", "open"])
def test_a_run_by_itself(service: Service, model: str) -> None:
    (job,) = service.playground.start(ME, plan(model=model))
    ended(job)
    (trial,) = service.playground.trials(ME, job.chat_id)
    (step,) = trial.row.steps
    assert "25°C" in (step.calls[0].result or "")
    assert text_of(trial.row.message) == SENTENCE
    assert len(trial.row.exchanges) == 2 and not trial.emulated
    assert service.playground.plan(ME, job.chat_id).model == model


def test_a_call_waits_and_is_run_with_other_arguments(service: Service, backend: Scripted) -> None:
    (job,) = service.playground.start(ME, plan(mode="approve"))
    (waiting,) = until(lambda: service.playground.waiting(ME, job.id))
    assert waiting.runs and json.loads(waiting.call.arguments) == {"location": "上海"}
    assert job.snapshot().phase == "deciding" and not job.done
    # It survives whoever watched it: any other page finds it by its chat.
    assert service.jobs.running(ME, job.chat_id) == [job]
    assert service.playground.waiting("somebody else", job.id) == ()
    with pytest.raises(InvalidRequest):
        service.playground.decide(ME, job.id, waiting.call.id, Decision(kind="run", arguments="["))
    new = Decision(kind="run", arguments='{"location": "北京"}')
    assert service.playground.decide(ME, job.id, waiting.call.id, new)
    ended(job)
    (call,) = service.store.message(ME, job.message_id).steps[0].calls
    assert call.arguments == '{"location": "北京"}' and json.loads(call.asked)["location"] == "上海"
    assert "未知地点" in (call.result or "")
    sent = backend.bodies("/api/chat")[-1]["messages"]
    assert sent[-2]["tool_calls"][0]["function"]["arguments"] == {"location": "北京"}


def test_a_tool_that_nothing_runs_is_answered_by_hand(service: Service) -> None:
    (job,) = service.playground.start(ME, plan(prompt="book_flight to 'Lima'", tools=(FLIGHT,)))
    (waiting,) = until(lambda: service.playground.waiting(ME, job.id))
    assert not waiting.runs
    service.playground.decide(ME, job.id, waiting.call.id, Decision(kind="give", text="booked"))
    ended(job)
    (call,) = service.store.message(ME, job.message_id).steps[0].calls
    assert (call.result, call.how) == ("booked", "given")


def test_a_run_that_is_stopped_while_it_waits_ends_cleanly(service: Service) -> None:
    (job,) = service.playground.start(ME, plan(mode="approve"))
    until(lambda: service.playground.waiting(ME, job.id))
    job.cancel()
    ended(job)
    row = service.store.message(ME, job.message_id)
    assert row.state == "stopped" and row.steps[0].calls[0].result is None
    assert not service.playground.waiting(ME, job.id)


def test_faults_are_what_the_model_is_told(service: Service, backend: Scripted) -> None:
    (job,) = service.playground.start(ME, plan(fault="huge"))
    ended(job)
    (call,) = service.store.message(ME, job.message_id).steps[0].calls
    assert call.how == "fault_huge"
    assert len(backend.bodies("/api/chat")[-1]["messages"][-1]["content"]) > 190_000


def test_a_run_goes_on_from_any_of_its_steps(service: Service, backend: Scripted) -> None:
    (job,) = service.playground.start(ME, plan())
    first = service.store.message(ME, ended(job).message_id)
    call = first.steps[0].calls[0]
    given = service.playground.branch(
        ME, first.id, 0, Changed(call_id=call.id, result='{"temperature": "-40"}')
    )
    ended(given)
    assert "-40" in backend.bodies("/api/chat")[-1]["messages"][-1]["content"]
    ran = service.playground.branch(
        ME, first.id, 0, Changed(call_id=call.id, arguments='{"location":"月球"}')
    )
    ended(ran)
    asked = len(backend.bodies("/api/chat"))
    again = service.playground.branch(ME, first.id, 0)
    ended(again)
    assert len(backend.bodies("/api/chat")) == asked + 2
    trials = service.playground.trials(ME, first.chat_id)
    assert [trial.source for trial in trials] == ["", first.id, first.id, first.id]
    told = [trial.row.steps[0].calls[0] for trial in trials]
    assert [one.how for one in told] == ["", "given", "", ""]
    assert "未知地点" in (told[2].result or "") and json.loads(told[2].asked) == {
        "location": "上海"
    }
    assert [len(trial.row.exchanges) for trial in trials] == [2, 2, 2, 2]
    assert trials[1].row.exchanges[0] == first.exchanges[0]
    assert all(text_of(trial.row.message) == SENTENCE for trial in trials)
    with pytest.raises(InvalidRequest):
        service.playground.branch(ME, first.id, 5)
    with pytest.raises(InvalidRequest):
        service.playground.branch(ME, first.id, 0, Changed(call_id="no", result=""))


def test_native_and_emulated_calls_are_compared(service: Service, backend: Scripted) -> None:
    jobs = service.playground.start(
        ME, plan(prompt="What's get_current_weather of '上海'?", how="both")
    )
    for job in jobs:
        ended(job)
    trials = service.playground.trials(ME, jobs[0].chat_id)
    assert [trial.emulated for trial in trials] == [False, True]
    shown = [service.exchange(ME, trial.row.exchanges[0]) for trial in trials]
    assert [bool(one and one.emulated) for one in shown] == [False, True]
    assert all(trial.row.steps[0].calls[0].name == "get_current_weather" for trial in trials)
    bodies = backend.bodies("/api/chat")
    assert any("tools" in body for body in bodies) and any("format" in body for body in bodies)


def test_once_more_is_a_sibling(service: Service) -> None:
    (job,) = service.playground.start(ME, plan())
    ended(job)
    (again,) = service.playground.start(ME, plan(prompt="x", mode="approve"), chat_id=job.chat_id)
    until(lambda: service.playground.waiting(ME, again.id))
    with pytest.raises(InvalidRequest, match="still being answered"):
        service.playground.start(ME, plan(), chat_id=job.chat_id)
    again.cancel()
    ended(again)
    assert len(service.playground.trials(ME, job.chat_id)) == 2


def test_what_cannot_be_run_is_refused(service: Service) -> None:
    with pytest.raises(InvalidRequest):
        service.playground.start(ME, plan(prompt=" "))
    chat = service.store.create_chat(ME)
    with pytest.raises(InvalidRequest):
        service.playground.plan(ME, chat.id)


SHOUT = '''
def shout(text: str, times: int = 1) -> str:
    """Say it loudly.

    Args:
        text: What to say.
        times: How often.
    """
    print("shouting", times)
    return text.upper() * times
'''


def test_python_that_somebody_wrote_runs_in_a_run_and_by_hand(service: Service) -> None:
    (shout,) = parse_any(SHOUT).definitions
    (job,) = service.playground.start(ME, plan(prompt="shout 'hey' 2", tools=(shout,)))
    ended(job)
    (call,) = service.store.message(ME, job.message_id).steps[0].calls
    assert call.result == "HEY" and service.runners.runs(shout)
    by_hand = service.runners.call(shout, '{"text": "hey", "times": 2}')
    assert (by_hand.result.content, by_hand.printed.strip()) == ("HEYHEY", "shouting 2")
    assert by_hand.result.duration > 0
    wrong = service.runners.call(shout, '{"text": 5}').result
    assert not wrong.ok and "not of type 'string'" in wrong.content
    with pytest.raises(InvalidRequest):
        service.runners.call(FLIGHT, "{}")
    assert "25°C" in service.runners.call(TOOLS[0], '{"location": "上海"}').result.content
