"""The matrices and toolboxes that are kept, each with one owner."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace
from sqlalchemy import ColumnElement, delete, insert, select, update

from core.chats.store.rows import named, not_found
from core.chats.store.tables import Rows, matrices, matrix_results, toolboxes, transaction
from core.chats.values.matrix import Matrix, MatrixPlan, MatrixState, Result, hash_tools
from core.ids import new_id


class Matrices(Rows):
    """Matrices and toolboxes of all owners. Methods may be called from any thread and raise
    BackendUnavailable where the database fails. Those of other owners behave as if they did not
    exist.
    """

    def create(self, owner: str, plan: MatrixPlan) -> Matrix:
        """Store a plan that is about to run."""
        now = time.time_ns()
        row: dict[str, Any] = {
            "id": new_id(),
            "owner": named(owner),
            "created": now,
            "updated": now,
            "state": "running",
            "definitions": hash_tools(plan.tools),
            "plan": plan,
        }
        with transaction(self._writer) as db:
            db.execute(insert(matrices).values(row))
        return Matrix(**row)

    def add(self, matrix_id: str, results: Iterable[tuple[int, Result]]) -> None:
        """Store results with their places; an empty list only updates the heartbeat."""
        rows = [{"matrix_id": matrix_id, "place": p, "result": r} for p, r in results]
        alive = update(matrices).where(matrices.c.id == matrix_id)
        with transaction(self._writer) as db:
            # A matrix that was deleted meanwhile takes no more results.
            if db.execute(alive.values(updated=time.time_ns())).rowcount and rows:
                db.execute(insert(matrix_results), rows)

    def end(self, matrix_id: str, state: MatrixState) -> None:
        """Store the final state of a matrix."""
        with transaction(self._writer) as db:
            ended = update(matrices).where(matrices.c.id == matrix_id)
            db.execute(ended.values(state=state, updated=time.time_ns()))

    def all(self, owner: str, *, limit: int = 50) -> list[Matrix]:
        """Return an owner's matrices without their results, the newest first."""
        query = select(matrices).where(matrices.c.owner == named(owner))
        query = query.order_by(matrices.c.created.desc(), matrices.c.id).limit(limit)
        with transaction(self._reader) as db:
            return [Matrix(**row) for row in db.execute(query).mappings()]

    def get(self, owner: str, matrix_id: str) -> Matrix:
        """Return one with its results. Raises InvalidRequest (404)."""
        with transaction(self._reader) as db:
            row = db.execute(select(matrices).where(_mine(owner, matrix_id))).mappings().first()
            if row is None:
                raise not_found("matrix")
            query = select(matrix_results.c.result).where(matrix_results.c.matrix_id == matrix_id)
            found = db.scalars(query.order_by(matrix_results.c.place)).all()
        return replace(Matrix(**row), results=tuple(found))

    def delete(self, owner: str, matrix_id: str) -> None:
        """Delete a matrix and its results, if it exists."""
        with transaction(self._writer) as db:
            db.execute(delete(matrices).where(_mine(owner, matrix_id)))

    def recover(self) -> None:
        """Mark running matrices of dead processes as interrupted."""
        lost = matrices.c.state == "running"
        with transaction(self._writer) as db:
            db.execute(update(matrices).where(lost).values(state="interrupted"))

    def toolbox(self, owner: str) -> str | None:
        """Return the stored state of the tool page of an owner, if any."""
        query = select(toolboxes.c.content).where(toolboxes.c.owner == named(owner))
        with transaction(self._reader) as db:
            return db.scalar(query)

    def keep_toolbox(self, owner: str, content: str) -> None:
        """Store the state of the tool page, replacing the old one."""
        with transaction(self._writer) as db:
            db.execute(delete(toolboxes).where(toolboxes.c.owner == named(owner)))
            db.execute(insert(toolboxes).values(owner=owner, content=content))


def _mine(owner: str, matrix_id: str) -> ColumnElement[bool]:
    return (matrices.c.id == matrix_id) & (matrices.c.owner == named(owner))
