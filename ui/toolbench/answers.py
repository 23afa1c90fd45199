"""Drawing an answer: thinking, tool steps, text, numbers; finished, or while it is written."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.chats.feed.numbers import seconds
from core.chats.jobs.elsewhere import AnswerElsewhere
from core.chats.jobs.job import Job, Snapshot
from core.chats.values.chat import Call, ChatMessage, Step
from core.translation.messages import text_of
from ui.toolbench.diagrams import may_draw
from ui.toolbench.growing import Blocks
from ui.widgets.cards import error_card
from ui.widgets.text import code_span, diagrams, plain, readable
from ui.words import t

_TICK = 0.08
"""Seconds between looks at a job: often enough to look fluent, seldom enough to stay cheap."""

_SHORT = 60
_THINKING = ":material/psychology:"

_STALLED = 60
"""Seconds without a token after which the page says what may be the matter."""


def show_answer(message: ChatMessage) -> None:
    """Draw what a finished run said in the end, without the turns that called tools."""
    _show_thinking(message.message.thinking, int(message.numbers.get("thinking_ns", 0)))
    text = text_of(message.message)
    for piece, diagram in diagrams(text):
        if diagram:
            if may_draw(piece, message.id):
                st.mermaid_chart(piece, alt=t("chat.diagram"))
            with st.expander(t("chat.diagram_source"), type="compact"):
                st.code(piece, language="text")
        else:
            st.markdown(readable(piece))
    if message.error:
        error_card(message.error, model=message.model, key=message.id)
    elif message.state in ("stopped", "interrupted"):
        st.caption(f":material/stop_circle: {t(f'chat.{message.state}')}")
    elif message.finish_reason == "edited":
        st.caption(f":material/edit: {t('chat.edited')}")
    elif message.finish_reason == "length":
        st.caption(f":material/content_cut: {t('chat.length')}")


def _show_said(step: Step) -> None:
    _show_thinking(step.thinking, step.thinking_duration)
    if step.text:
        st.markdown(readable(step.text))


def follow(
    jobs: Sequence[Job | AnswerElsewhere], *, until: Callable[[], bool] = lambda: False
) -> None:
    """Draw answers as they grow, several side by side, until all are done; the last of a page.

    Leaving early (a click, a refresh) only ends the drawing: the jobs go on. ``until`` ends the
    drawing early.
    """
    places: Sequence[Any] = st.columns(len(jobs)) if len(jobs) > 1 else [st.container()]
    views = [_Growing(job, place) for job, place in zip(jobs, places, strict=True)]
    while not all([view.draw() for view in views]) and not until():
        # Touching the session is where Streamlit can take the page away from this loop.
        st.session_state["_following"] = jobs[0].id
        jobs[0].wait(views[0].seen, _TICK)
        time.sleep(_TICK)


class _Growing:
    """One answer that is being written, and its place on the page."""

    def __init__(self, job: Job | AnswerElsewhere, place: DeltaGenerator) -> None:
        self.seen = -1
        self._job = job
        with place:
            self._state = st.empty()
            self._steps = st.container()
            self._thinking = _GrowingText(st.empty(), folded=True)
            self._text = _GrowingText(st.empty())
        self._opened = 0
        self._drawn = 0

    def draw(self) -> bool:
        """Draw what is new; return whether the answer is done."""
        snapshot = self._job.snapshot()
        if snapshot.version != self.seen:
            self.seen = snapshot.version
            self._show(snapshot)
        if not snapshot.saved and not snapshot.done:
            self._state.caption(f":material/cloud_off: {t('chat.unsaved')}")
        elif snapshot.done or (snapshot.phase == "writing" and snapshot.text):
            self._state.empty()
        else:
            waited = (time.monotonic_ns() - self._job.started) / 1e9
            said = f":material/hourglass_top: {t(f'phase.{snapshot.phase}')} · {waited:.0f} s"
            if waited > _STALLED and not snapshot.numbers.get("first_token_ns"):
                said += f"  \n{t('phase.stalled')}"
            self._state.caption(said)
        return snapshot.done

    def _show(self, snapshot: Snapshot) -> None:
        with self._steps:
            for step in snapshot.steps[self._opened :]:
                _show_said(step)
            self._opened = len(snapshot.steps)
            whole = [c for step in snapshot.steps for c in step.calls if c.result is not None]
            for call in whole[self._drawn :]:
                _show_call(call)
            self._drawn = len(whole)
        self._thinking.show(snapshot.thinking)
        self._text.show(snapshot.text)


class _GrowingText:
    """Markdown that grows at its end; a text that does not go on is a new one."""

    def __init__(self, place: DeltaGenerator, *, folded: bool = False) -> None:
        self._place = place
        self._folded = folded
        self._shown = ""
        self._blocks = Blocks()
        self._places: list[DeltaGenerator] = []
        self._inside: DeltaGenerator | None = None

    def show(self, text: str) -> None:
        """Draw ``text``."""
        if not text.startswith(self._shown):
            self._place.empty()
            self._blocks, self._places, self._inside = Blocks(), [], None
        self._shown = text
        for number, block in self._blocks.grow(text):
            if self._inside is None:
                self._inside = self._open()
            while number >= len(self._places):
                self._places.append(self._inside.empty())
            if block.strip():
                self._places[number].markdown(readable(block))

    def _open(self) -> DeltaGenerator:
        inside = self._place.container()
        if self._folded:
            with inside:
                return st.expander(t("chat.thinking"), type="compact", icon=_THINKING)
        return inside


def _show_thinking(thinking: str, duration: int) -> None:
    if not thinking:
        return
    said = t("chat.thinking") if not duration else t("chat.thought", time=seconds(duration))
    with st.expander(said, type="compact", icon=_THINKING):
        st.markdown(readable(thinking))


def _show_call(call: Call) -> None:
    short = " ".join(call.arguments.split())
    if len(short) > _SHORT:
        short = short[:_SHORT] + "…"
    mark = ":material/error:" if call.failed else ":material/check_circle:"
    took = f" · {call.duration / 1e6:.0f} ms" if call.duration else ""
    with st.expander(f"{code_span(call.name)} {plain(short)}{took}", type="compact", icon=mark):
        st.caption(t("chat.arguments"))
        st.code(call.arguments, language="json", wrap_lines=True)
        st.caption(t("chat.result"))
        st.code(call.result or t("chat.running"), language="json", wrap_lines=True)
