"""Runs matrices: cases tried on models in the background, several at once.

A matrix runs in the fleet's event loop whether or not a page is watching. Results are stored as
they come, so a cancelled matrix, or one whose process was killed, keeps them.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import aclosing, suppress
from typing import Any

from core.backends.calls.options import AskOptions
from core.backends.fleet import Fleet
from core.chats.store.matrices import Matrices
from core.chats.values.matrix import MOST_TRIES, Matrix, MatrixPlan, MatrixState, Result
from core.errors import DiglotError, InvalidRequest
from core.tools.cases.judging import Check, judge
from core.tools.cases.values import Case, Verdict
from core.translation.events import accumulate
from core.translation.messages import ChatRequest, Tool, said, text_of

WRITE_EVERY = 0.5
"""Seconds between writes of results; also how often a matrix checks whether it is done."""

TOUCH_EVERY = 5.0

_KEPT_TEXT = 4000
_MOST_WORKERS = 32

_log = logging.getLogger(__name__)


class MatrixJob:
    """One running matrix. The public methods may be called from any thread."""

    def __init__(self, matrix: Matrix) -> None:
        self.matrix = matrix
        self.total = len(matrix.plan.tries)
        self.state: MatrixState = "running"
        self._lock = threading.Lock()
        self._results: dict[int, Result] = {}
        # Whether it was told to stop.
        self.cancelled = False
        self.task: asyncio.Task[None] | None = None

    @property
    def done(self) -> bool:
        """Whether it has ended and all results are stored."""
        return self.state != "running"

    @property
    def results(self) -> tuple[Result, ...]:
        """The results so far, in the order of the plan."""
        with self._lock:
            return tuple(result for _, result in sorted(self._results.items()))

    @property
    def count(self) -> int:
        """How many tries have ended."""
        return len(self._results)

    def cancel(self) -> None:
        """Stop it; the results so far are kept, and connections are closed."""
        self.cancelled = True
        task = self.task
        if task is not None:
            with suppress(RuntimeError):
                task.get_loop().call_soon_threadsafe(task.cancel)

    def came(self, place: int, result: Result) -> None:
        """Take one result."""
        with self._lock:
            self._results[place] = result


class MatrixRunner:
    """Starts matrices and finds them again. Methods may be called from any thread."""

    def __init__(self, fleet: Fleet, matrices: Matrices, check: Check | None = None) -> None:
        """``check`` runs the Python of cases."""
        self._fleet = fleet
        self._matrices = matrices
        self._check = check
        self._jobs: dict[str, MatrixJob] = {}

    def start(self, owner: str, plan: MatrixPlan) -> MatrixJob:
        """Run a plan. Raises InvalidRequest if it is empty or too large."""
        count = len(plan.tries)
        if not 1 <= count <= MOST_TRIES:
            raise InvalidRequest(
                f"this plan has {count} tries; it needs cases and models, and at most "
                f"{MOST_TRIES} tries",
                path="plan",
            )
        if not 1 <= plan.workers <= _MOST_WORKERS:
            raise InvalidRequest(f"between 1 and {_MOST_WORKERS} at once", path="workers")
        if self.running(owner):
            raise InvalidRequest("a matrix is running already", status=409, code="busy")
        job = MatrixJob(self._matrices.create(owner, plan))
        self._jobs = {k: j for k, j in self._jobs.items() if not j.done} | {job.matrix.id: job}
        self._fleet.call(self._begin(job))
        return job

    def get(self, owner: str, matrix_id: str) -> MatrixJob | None:
        """Return a matrix of the owner's that runs or has lately ended."""
        job = self._jobs.get(matrix_id)
        return job if job is not None and job.matrix.owner == owner else None

    def running(self, owner: str) -> MatrixJob | None:
        """Return the matrix of the owner's that runs, if one does."""
        mine = (job for job in self._jobs.values() if job.matrix.owner == owner and not job.done)
        return next(mine, None)

    async def aclose(self) -> None:
        """Stop all running matrices; call this in the fleet's loop. They become ``interrupted``."""
        tasks = [job.task for job in self._jobs.values() if job.task and not job.done]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=10)

    async def _begin(self, job: MatrixJob) -> None:
        job.task = asyncio.create_task(self._follow(job))

    async def _follow(self, job: MatrixJob) -> None:
        state: MatrixState = "interrupted"
        fresh: list[tuple[int, Result]] = []
        tries = iter(enumerate(job.matrix.plan.tries))
        workers = [
            asyncio.create_task(self._work(job, tries, fresh))
            for _ in range(min(job.matrix.plan.workers, job.total))
        ]
        try:
            await self._write_along(job, workers, fresh)
            state = "complete"
        except asyncio.CancelledError:
            state = "stopped" if job.cancelled else "interrupted"
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            try:
                await self._write(job, fresh)
                await asyncio.to_thread(self._matrices.end, job.matrix.id, state)
            except DiglotError as error:
                _log.warning("a finished matrix was not written: %s", error)
            job.state = state

    async def _write_along(
        self, job: MatrixJob, workers: list[asyncio.Task[None]], fresh: list[tuple[int, Result]]
    ) -> None:
        touched = time.monotonic()
        pending = set(workers)
        while pending:
            done, pending = await asyncio.wait(pending, timeout=WRITE_EVERY)
            for worker in done:
                worker.result()
            if fresh or time.monotonic() - touched > TOUCH_EVERY:
                touched = time.monotonic()
                try:
                    await self._write(job, fresh)
                except DiglotError as error:
                    _log.warning("results of a matrix were not written: %s", error)

    async def _write(self, job: MatrixJob, fresh: list[tuple[int, Result]]) -> None:
        batch = fresh[:]
        await asyncio.to_thread(self._matrices.add, job.matrix.id, batch)
        del fresh[: len(batch)]

    async def _work(
        self,
        job: MatrixJob,
        tries: Iterator[tuple[int, tuple[int, str, int]]],
        fresh: list[tuple[int, Result]],
    ) -> None:
        for place, (case, model, number) in tries:
            result = await self._try(job.matrix, case, model, number)
            job.came(place, result)
            fresh.append((place, result))

    async def _try(self, matrix: Matrix, place: int, model: str, number: int) -> Result:
        plan = matrix.plan
        case = plan.cases[place]
        ids: list[str] = []
        began = time.monotonic_ns()
        facts: dict[str, Any] = {"case": place, "model": model, "number": number}
        try:
            asked = _request(case, model, plan.tools)
            options = AskOptions(
                owner=matrix.owner,
                note=lambda exchange: ids.append(exchange.id),
                emulate=plan.emulated,
            )
            answering = self._fleet.chat(asked, dialect=plan.dialect, options=options)
            async with aclosing(answering) as events:
                response = accumulate([event async for event in events])
            duration = time.monotonic_ns() - began
            calls, text = response.message.tool_calls, text_of(response.message)
            verdict = await judge(case, calls, text, plan.tools, check=self._check)
            facts |= {"calls": calls, "text": text[:_KEPT_TEXT]}
        except DiglotError as error:
            duration = time.monotonic_ns() - began
            verdict = Verdict(passed=False, why="error", detail=error.message[:500])
        exchange = ids[0] if ids else ""
        return Result(**facts, verdict=verdict, duration=duration, exchange=exchange)


def _request(case: Case, model: str, tools: tuple[Tool, ...]) -> ChatRequest:
    before = (said("system", case.system),) if case.system.strip() else ()
    return ChatRequest(
        model=model,
        messages=(*before, said("user", case.prompt)),
        tools=tools,
        stream=True,
        include_usage=True,
    )
