"""Matrices of cases and models: tried, judged, kept, cancelled."""

from __future__ import annotations

import time
from typing import Any

import pytest
from msgspec.structs import replace

from core.chats.service import Service
from core.chats.store.store import Store
from core.chats.toolbench.compare_matrices import compare
from core.chats.toolbench.matrix import MatrixJob
from core.chats.values.matrix import MatrixPlan, cells, hash_tools
from core.errors import InvalidRequest
from core.tools.cases.values import Case, ExpectedCall
from core.tools.examples import example_toolbox
from tests.chats.test_service import ME, backend, service
from tests.support.rule_based_model import answer_natively
from tests.support.scripted_backend import Said, Scripted

__all__ = ["backend", "service"]

TOOLS = example_toolbox().tools
WEATHER = ExpectedCall(tool="get_current_weather", arguments={"location": "上海"})
CASES = (
    Case(prompt="get_current_weather of '上海'", id="right", expected=(WEATHER,)),
    Case(prompt="get_current_weather of 'Lima'", id="wrong", expected=(WEATHER,)),
    Case(prompt="Hello", id="none"),
)


def plan(**given: Any) -> MatrixPlan:
    base: dict[str, Any] = {"cases": CASES, "models": ("native", "open"), "tools": TOOLS}
    return MatrixPlan(**{**base, "repeat": 3, "workers": 4, **given})


def over(job: MatrixJob) -> MatrixJob:
    for _ in range(1500):
        if job.done:
            return job
        time.sleep(0.02)
    raise AssertionError("the matrix did not end")


def test_each_case_is_tried_on_each_model_and_judged(service: Service) -> None:
    job = over(service.matrices.start(ME, plan()))
    assert job.state == "complete" and job.count == job.total == 18
    kept = service.store.matrices.get(ME, job.matrix.id)
    assert kept.results == job.results and kept.state == "complete"
    assert kept.definitions == hash_tools(TOOLS) and kept.plan == plan()
    table = cells(kept.results)
    assert {key: cell.passed for key, cell in table.items()} == {
        (0, "native"): 3, (0, "open"): 3, (1, "native"): 0, (1, "open"): 0,
        (2, "native"): 0, (2, "open"): 0,
    }  # fmt: skip
    wrong, false = table[1, "native"], table[2, "open"]
    assert (wrong.tools, wrong.valid, wrong.arguments) == (3, 3, 0)
    assert 'location: "Lima", expected "上海"' in wrong.results[0].verdict.detail
    assert {result.verdict.why for result in false.results} == {"false_call"}
    assert [result.number for result in wrong.results] == [0, 1, 2] and wrong.duration > 0
    assert service.exchange(ME, wrong.results[0].exchange) is not None


def test_one_that_is_cancelled_keeps_what_was_tried(service: Service, backend: Scripted) -> None:
    def slowly(body: dict[str, Any]) -> Said:
        said = answer_natively(body)
        said.pause = 0.1
        return said

    backend.thinks("/api/chat", slowly)
    job = service.matrices.start(ME, plan(models=("native",), repeat=100, workers=2))
    assert service.matrices.running(ME) is job
    assert service.matrices.get("somebody else", job.matrix.id) is None
    with pytest.raises(InvalidRequest, match="running already"):
        service.matrices.start(ME, plan())
    while job.count < 3:
        time.sleep(0.02)
    job.cancel()
    over(job)
    kept = service.store.matrices.get(ME, job.matrix.id)
    assert kept.state == "stopped" and 3 <= len(kept.results) < 300
    assert service.matrices.running(ME) is None


def test_no_more_at_once_than_was_said(service: Service, backend: Scripted) -> None:
    busiest: list[int] = []

    def watched(body: dict[str, Any]) -> Said:
        busiest.append(len(backend.open))
        return answer_natively(body)

    backend.thinks("/api/chat", watched)
    over(service.matrices.start(ME, plan(models=("native",), repeat=10, workers=2)))
    # One more may be kept open from asking what the model can do.
    assert max(busiest) <= 3


def test_errors_are_results(service: Service, backend: Scripted) -> None:
    job = over(service.matrices.start(ME, plan(models=("nobody", "native"), repeat=1)))
    table = cells(job.results)
    assert {r.verdict.why for r in table[0, "nobody"].results} == {"error"}
    assert "nobody" in table[0, "nobody"].results[0].verdict.detail
    assert table[0, "native"].passed == 1


def test_emulated_calls_are_tried_too(service: Service, backend: Scripted) -> None:
    job = over(service.matrices.start(ME, plan(models=("native",), emulated=True, repeat=1)))
    assert cells(job.results)[0, "native"].passed == 1
    assert all("tools" not in body for body in backend.bodies("/api/chat"))


def test_python_judges_in_the_sandbox(service: Service) -> None:
    asked = "get_current_weather of '上海'"
    predicates = (
        "name == 'get_current_weather' and arguments['location'] == '上海'",
        "city = arguments['location']\nfor call in calls:\n    city += '!'\ncity == '上海!'",
        "len(calls) == 2",
        "open('/etc/passwd')",
        "x = 1",
    )
    cases = tuple(Case(prompt=asked, judge="python", predicate=one) for one in predicates)
    job = over(service.matrices.start(ME, plan(cases=cases, models=("native",), repeat=1)))
    found = [result.verdict.why for result in job.results]
    assert found == ["", "", "predicate", "predicate_error", "predicate_error"]


@pytest.mark.parametrize(
    "given", [{"cases": ()}, {"models": ()}, {"repeat": 10_000}, {"workers": 0}]
)
def test_what_cannot_be_tried_is_refused(service: Service, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        service.matrices.start(ME, plan(**given))
    assert service.store.matrices.all(ME) == []


def test_matrices_are_kept_on_every_database(url: str) -> None:
    store = Store(url)
    try:
        first = store.matrices.create("ann", plan())
        second = store.matrices.create("ann", plan(models=("m",)))
        assert [one.id for one in store.matrices.all("ann")] == [second.id, first.id]
        assert store.matrices.all("bob") == []
        with pytest.raises(InvalidRequest):
            store.matrices.get("bob", first.id)
        store.matrices.end(second.id, "complete")
        store.matrices.recover()
        states = [one.state for one in store.matrices.all("ann")]
        assert states == ["complete", "interrupted"]
        store.matrices.delete("bob", first.id)
        store.matrices.delete("ann", first.id)
        assert [one.id for one in store.matrices.all("ann")] == [second.id]
        assert store.matrices.toolbox("ann") is None
        store.matrices.keep_toolbox("ann", "one")
        store.matrices.keep_toolbox("ann", "two")
        assert (store.matrices.toolbox("ann"), store.matrices.toolbox("bob")) == ("two", None)
    finally:
        store.close()


def test_one_that_is_running_when_the_program_ends_is_interrupted(
    service: Service, backend: Scripted
) -> None:
    def never(body: dict[str, Any]) -> Said:
        said = answer_natively(body)
        said.pause = 5
        return said

    backend.thinks("/api/chat", never)
    job = service.matrices.start(ME, plan(models=("native",)))
    service.fleet.call(service.matrices.aclose())
    assert service.store.matrices.get(ME, job.matrix.id).state == "interrupted"


def test_a_matrix_is_held_against_the_one_before_it(service: Service) -> None:
    before = over(service.matrices.start(ME, plan(models=("native",), repeat=2))).matrix
    # Another order, another name for a case, one that was not there: what is the same is found.
    cases = (Case(prompt="Other", id="new"), replace(CASES[0], id="renamed"), CASES[1])
    now = over(service.matrices.start(ME, plan(cases=cases, repeat=1))).matrix
    found = compare(
        service.store.matrices.get(ME, now.id), service.store.matrices.get(ME, before.id)
    )
    assert {key: (c.passed, c.tries) for key, c in found.items()} == {
        (1, "native"): (2, 2),
        (2, "native"): (0, 2),
    }
    assert found[1, "native"].share == 1.0 and found[2, "native"].share == 0.0
