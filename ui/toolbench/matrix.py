"""The matrix: cases down, models across, how often each passed; and earlier matrices."""

from __future__ import annotations

import time
from datetime import datetime

import streamlit as st

from core.chats.service import Service
from core.chats.toolbench.compare_matrices import Change, compare
from core.chats.toolbench.matrix import MatrixJob
from core.chats.values.matrix import Cell, Matrix, MatrixPlan, Result, cells
from core.errors import DiglotError
from ui.session.account import told
from ui.toolbench.bench import bench
from ui.toolbench.cases import show_cases
from ui.widgets.cards import attempt, show_fault
from ui.widgets.status import model_names, show_progress
from ui.widgets.text import code_span, plain, pretty
from ui.words import t

_PAGE = 25
_LOOK_EVERY = 0.5


def show_tests(service: Service, owner: str) -> None:
    """Draw the cases, the button, the progress and the matrix."""
    show_cases(service, owner)
    running = service.matrices.running(owner)
    plan = _pick_plan(service, owner)
    with st.container(horizontal=True, vertical_alignment="center"):
        ready = show_progress(service)
        count = len(plan.tries)
        if st.button(
            t("tools.matrix_run", count=count),
            type="primary",
            icon=":material/grid_on:",
            disabled=not (count and plan.tools and ready) or running is not None,
            key="matrix_run",
        ):
            attempt(_start, service, owner, plan)
            st.rerun()
        if running is not None:
            st.button(
                t("tools.stop"), icon=":material/stop:", on_click=running.cancel, key="matrix_stop"
            )
    show_fault(service)
    if running is not None:
        _show_running(running)
        return
    _show_history(service, owner)


def _pick_plan(service: Service, owner: str) -> MatrixPlan:
    kept = bench(service, owner)
    models = model_names(service)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.multiselect(
            t("tools.matrix_models"), models, models[:1], key="matrix_models",
            persist_state="session", placeholder=t("compare.choose"),
        )  # fmt: skip
        repeat = st.number_input(
            t("tools.matrix_repeat"), 1, 100, 1, key="matrix_repeat", persist_state="session",
            width=140,
        )  # fmt: skip
        workers = st.number_input(
            t("tools.matrix_workers"), 1, 32, 2, key="matrix_workers", persist_state="session",
            help=t("tools.matrix_workers_help"), width=140,
        )  # fmt: skip
    emulated = st.checkbox(
        t("tools.matrix_emulated"), key="matrix_emulated", persist_state="session",
        help=t("tools.way_help"),
    )  # fmt: skip
    return MatrixPlan(
        cases=kept.cases,
        models=tuple(chosen),
        tools=tuple(one.tool for one in kept.on),
        repeat=int(repeat),
        workers=int(workers),
        emulated=bool(emulated),
    )


def _start(service: Service, owner: str, plan: MatrixPlan) -> None:
    job = service.matrices.start(owner, plan)
    st.session_state["matrix_shown"] = job.matrix.id


def _show_running(job: MatrixJob) -> None:
    """Follow a matrix until it ends. Leaving the page stops only the drawing."""
    bar, table = st.empty(), st.empty()
    drawn = -1
    while not job.done:
        if job.count != drawn:
            drawn = job.count
            said = t("tools.matrix_progress", done=drawn, total=job.total)
            bar.progress(drawn / job.total, text=said)
            with table.container():
                _show_numbers(job.matrix, job.results)
        # Access to the session is where Streamlit can stop this loop for a rerun.
        st.session_state["_following"] = job.matrix.id
        time.sleep(_LOOK_EVERY)
    st.rerun()


def _show_numbers(matrix: Matrix, results: tuple[Result, ...]) -> None:
    """Draw the growing matrix, without buttons."""
    found = cells(results)
    columns = st.columns(len(matrix.plan.models))
    for model, column in zip(matrix.plan.models, columns, strict=True):
        mine = [cell for (_, name), cell in found.items() if name == model]
        passed, tries = sum(c.passed for c in mine), sum(len(c.results) for c in mine)
        column.metric(plain(model), f"{passed}/{tries}")


def _show_history(service: Service, owner: str) -> None:
    kept = service.store.matrices.all(owner)
    if not kept:
        st.caption(t("tools.matrix_none"))
        return
    by_id = {one.id: one for one in kept}
    if st.session_state.get("matrix_shown") not in by_id:
        st.session_state["matrix_shown"] = kept[0].id
    with st.container(horizontal=True, vertical_alignment="bottom"):
        shown = st.selectbox(
            t("tools.matrix_shown"), list(by_id), key="matrix_shown",
            format_func=lambda one: _name(by_id[one]), persist_state="session",
        )  # fmt: skip
        others = [one for one in by_id if one != shown]
        against = st.selectbox(
            t("tools.matrix_against"), others, index=None, key="matrix_against",
            format_func=lambda one: _name(by_id[one]) if one in by_id else "",
            placeholder=t("tools.matrix_nothing"), persist_state="session",
        )  # fmt: skip
        if st.button(t("tools.matrix_delete"), icon=":material/delete:", key="matrix_delete"):
            attempt(service.store.matrices.delete, owner, shown)
            st.session_state.pop("matrix_shown", None)
            st.rerun()
    try:
        matrix = service.store.matrices.get(owner, shown)
        before = service.store.matrices.get(owner, against) if against in others else None
    except DiglotError as exc:
        st.warning(plain(exc.message))
        return
    if matrix.state != "complete":
        st.caption(f":material/stop_circle: {t(f'tools.matrix_{matrix.state}')}")
    _show_matrix(service, owner, matrix, before)


def _name(matrix: Matrix) -> str:
    when = datetime.fromtimestamp(matrix.created / 1e9)
    models = ", ".join(matrix.plan.models)
    return f"{when:%m-%d %H:%M:%S} · {models} · {matrix.definitions[:6]}"


def _show_matrix(service: Service, owner: str, matrix: Matrix, before: Matrix | None) -> None:
    _show_numbers(matrix, matrix.results)
    if before is not None:
        same = matrix.definitions == before.definitions
        st.caption(t("tools.matrix_same" if same else "tools.matrix_changed"))
    found = cells(matrix.results)
    changes = {} if before is None else compare(matrix, before)
    places = list(range(len(matrix.plan.cases)))
    if len(places) > _PAGE:
        page = st.pagination(-(-len(places) // _PAGE), key=f"matrix_page_{matrix.id}")
        places = places[(page - 1) * _PAGE : page * _PAGE]
    widths = [3, *([2] * len(matrix.plan.models))]
    for place in places:
        case = matrix.plan.cases[place]
        with st.container(border=True):
            columns = st.columns(widths, vertical_alignment="center")
            wanted = ", ".join(f"`{one.tool}`" for one in case.expected)
            wanted = wanted or (t("tools.wants_none") if case.judge != "python" else "Python")
            columns[0].markdown(f"{plain(case.prompt[:200])}  \n:gray[{wanted}]")
            for model, column in zip(matrix.plan.models, columns[1:], strict=True):
                cell = found.get((place, model))
                with column:
                    st.caption(plain(model))
                    if cell is None:
                        st.caption(t("tools.cell_none"))
                    else:
                        _show_cell(service, owner, matrix, cell, changes.get((place, model)))


def _show_cell(
    service: Service, owner: str, matrix: Matrix, cell: Cell, before: Change | None
) -> None:
    tries = len(cell.results)
    icon = "check_circle" if cell.passed == tries else "cancel" if not cell.passed else "contrast"
    label = f"{cell.passed}/{tries} · {cell.duration / 1e9:.1f} s"
    if before is not None:
        share = cell.passed / tries
        arrow = "↑" if share > before.share else "↓" if share < before.share else "="
        label += f" {arrow} {before.passed}/{before.tries}"
    if st.button(
        label, icon=f":material/{icon}:", key=f"cell_{matrix.id}_{cell.case}_{cell.model}",
        type="tertiary",
    ):  # fmt: skip
        _open_cell(service, owner, matrix, cell)


def _open_cell(service: Service, owner: str, matrix: Matrix, cell: Cell) -> None:
    @st.dialog(t("tools.cell", model=cell.model), width="large", position="right")
    def draw() -> None:
        case = matrix.plan.cases[cell.case]
        st.markdown(plain(case.prompt))
        facts = {"tools": cell.tools, "valid": cell.valid, "arguments": cell.arguments}
        tries = len(cell.results)
        st.caption(" · ".join(t(f"tools.cell_{k}", count=f"{n}/{tries}") for k, n in facts.items()))
        for result in cell.results:
            _show_result(service, owner, result)

    draw()


def _show_result(service: Service, owner: str, result: Result) -> None:
    verdict = result.verdict
    icon = ":material/check_circle:" if verdict.passed else ":material/cancel:"
    why = t(f"tools.why_{verdict.why}") if verdict.why else t("tools.why_right")
    label = f"#{result.number + 1} · {why} · {result.duration / 1e9:.2f} s"
    with st.expander(label, icon=icon, type="step"):
        if verdict.detail:
            st.code(told(service, verdict.detail), language=None, wrap_lines=True)
        for call in result.calls:
            st.markdown(code_span(call.name))
            st.code(pretty(call.arguments), language="json", wrap_lines=True)
        if result.text:
            st.markdown(plain(result.text))
        if service.exchange(owner, result.exchange) is None:
            st.caption(t("requests.gone"))
        elif st.button(
            t("chat.wire_open"), icon=":material/open_in_full:", key=f"wire_{result.exchange}"
        ):
            st.session_state["exchange"] = result.exchange
            st.switch_page("../pages/requests.py", query_params={"x": result.exchange})
