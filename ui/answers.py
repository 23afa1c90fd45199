"""Drawing an answer: thinking, tool steps, text, numbers; finished, or while it is written.

A growing text is drawn in blocks: what is finished stays as it is, only the last block is sent
again. So an answer costs the browser its own length, not its square.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.chats.job import Job, Snapshot
from core.chats.values import Call, ChatMessage, Step
from core.translation.messages import text_of
from ui.cards import error_card
from ui.text import plain, readable
from ui.words import t

__all__ = ["follow", "numbers_line", "seconds", "show_answer", "show_steps"]

_TICK = 0.08
"""Seconds between looks at a job: often enough to look fluent, seldom enough to stay cheap."""

_SHORT = 60


def show_answer(message: ChatMessage) -> None:
    """Draw a finished answer."""
    for step in message.steps:
        _show_thinking(step.thinking, step.thinking_duration)
        if step.text:
            st.markdown(readable(step.text))
        show_steps((step,))
    _show_thinking(message.message.thinking, int(message.numbers.get("thinking_ns", 0)))
    text = text_of(message.message)
    if text:
        st.markdown(readable(text))
    if message.error:
        error_card(message.error, model=message.model)
    elif message.state in ("stopped", "interrupted"):
        st.caption(f":material/stop_circle: {t(f'chat.{message.state}')}")
    elif message.finish_reason == "length":
        st.caption(f":material/content_cut: {t('chat.length')}")


def show_steps(steps: tuple[Step, ...]) -> None:
    """Draw the calls of tool-calling turns, one line each, folded."""
    for step in steps:
        for call in step.calls:
            _show_call(call)


def numbers_line(numbers: Mapping[str, Any]) -> str:
    """Return the quiet line under an answer; estimates are marked with ~."""
    parts = []
    if numbers.get("first_token_ns"):
        parts.append(t("numbers.first", time=seconds(numbers["first_token_ns"])))
    count = numbers.get("completion_tokens")
    spent = numbers.get("completion_ns")
    if count and (spent or numbers.get("stream_ns")):
        mark = "" if spent else "~"
        speed = count / ((spent or numbers["stream_ns"]) / 1e9)
        parts.append(t("numbers.speed", speed=f"{mark}{speed:.1f}"))
    if count:
        parts.append(t("numbers.tokens", count=f"{count:,}"))
    if numbers.get("prompt_tokens"):
        parts.append(t("numbers.prompt", count=f"{numbers['prompt_tokens']:,}"))
    if numbers.get("load_ns", 0) > 50_000_000:
        parts.append(t("numbers.load", time=seconds(numbers["load_ns"])))
    return " · ".join(parts)


def seconds(duration: int) -> str:
    """Write a duration given in ns."""
    return f"{duration / 1e9:.2f} s" if duration < 10e9 else f"{duration / 1e9:.0f} s"


def follow(job: Job) -> Snapshot:
    """Draw a job's answer as it grows, until it is done; call it last in a page.

    Leaving early (a click, a refresh) only ends the drawing: the job goes on.
    """
    state = st.empty()
    steps = st.container()
    thinking = st.empty()
    text = _GrowingText(st.container())
    drawn, seen = 0, -1
    while True:
        # Touching the session is where Streamlit can take the page away from this loop.
        st.session_state["_following"] = job.id
        snapshot = job.wait(seen, _TICK)
        if snapshot.version != seen:
            seen = snapshot.version
            whole = [c for step in snapshot.steps for c in step.calls if c.result is not None]
            with steps:
                for call in whole[drawn:]:
                    _show_call(call)
            drawn = len(whole)
            if snapshot.thinking:
                with thinking.container():
                    _show_thinking(snapshot.thinking, 0 if not snapshot.text else 1)
            text.show(snapshot.text)
        if snapshot.done:
            state.empty()
            return snapshot
        waited = (time.monotonic_ns() - job.started) / 1e9
        if snapshot.phase == "writing" and snapshot.text:
            state.empty()
        else:
            state.caption(
                f":material/hourglass_top: {t(f'phase.{snapshot.phase}')} · {waited:.0f} s"
            )
        time.sleep(_TICK)


class _GrowingText:
    """Markdown that grows at its end. Blocks end at blank lines outside of code fences."""

    def __init__(self, place: DeltaGenerator) -> None:
        self._place = place
        self._tail = place.empty()
        self._frozen = 0
        self._shown = ""

    def show(self, text: str) -> None:
        """Draw ``text``, which begins with all that was drawn before."""
        if text == self._shown:
            return
        self._shown = text
        end = _last_block_end(text, self._frozen)
        if end > self._frozen:
            self._tail.markdown(readable(text[self._frozen : end]))
            self._tail = self._place.empty()
            self._frozen = end
        if text[self._frozen :].strip():
            self._tail.markdown(readable(text[self._frozen :]))


def _last_block_end(text: str, start: int) -> int:
    """Return where the last finished block after ``start`` ends, outside of code fences."""
    end, place, fenced = start, start, False
    for line in text[start:].splitlines(keepends=True):
        place += len(line)
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        elif not fenced and not line.strip() and line.endswith("\n"):
            end = place
    return end


def _show_thinking(thinking: str, duration: int) -> None:
    if not thinking:
        return
    said = t("chat.thinking") if not duration else t("chat.thought", time=seconds(duration))
    with st.expander(said, type="compact", icon=":material/psychology:"):
        st.markdown(readable(thinking))


def _show_call(call: Call) -> None:
    short = " ".join(call.arguments.split())
    if len(short) > _SHORT:
        short = short[:_SHORT] + "…"
    mark = ":material/error:" if call.failed else ":material/check_circle:"
    took = f" · {call.duration / 1e6:.0f} ms" if call.duration else ""
    with st.expander(f"`{call.name}` {plain(short)}{took}", type="compact", icon=mark):
        st.caption(t("chat.arguments"))
        st.code(call.arguments, language="json", wrap_lines=True)
        st.caption(t("chat.result"))
        st.code(call.result or t("chat.running"), language="json", wrap_lines=True)
