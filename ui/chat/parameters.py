"""The drawer of parameters: only what a person has set is sent, and what would be lost is said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import streamlit as st
from msgspec.structs import replace

from core.chats.service import Service
from core.chats.values.chat import ChatOptions
from core.errors import DiglotError
from core.note import Note
from core.translation.dialects.shared.thinking import EFFORTS, ThinkingLevels
from ui.widgets.cards import json_fault
from ui.words import note_text, t

# Name, least, most, step: as Ollama's and OpenAI's references give them.
NUMBERS: tuple[tuple[str, float | int, float | int | None, float | int], ...] = (
    ("temperature", 0.0, 2.0, 0.1),
    ("top_p", 0.0, 1.0, 0.05),
    ("top_k", 0, None, 1),
    ("min_p", 0.0, 1.0, 0.05),
    ("max_tokens", 1, None, 16),
    ("seed", 0, None, 1),
    ("num_ctx", 256, None, 1024),
    ("repeat_penalty", 0.0, 2.0, 0.05),
    ("presence_penalty", -2.0, 2.0, 0.1),
    ("frequency_penalty", -2.0, 2.0, 0.1),
)
# Where a server does not say what its model has.
_USUAL: tuple[bool | str, ...] = (False, True, "low", "medium", "high")
_NO_LEVELS = ThinkingLevels()
_ORDER: tuple[bool | str, ...] = (False, True, *EFFORTS[1:])


def count_set(options: ChatOptions) -> int:
    """Return how many of the parameters are set."""
    others = (options.thinking, options.schema)
    return len(options.settings) + sum(value is not None for value in others)


def known_ignored(options: ChatOptions) -> Mapping[str, Note]:
    """Return the fields that this model or API takes no notice of, as far as it is known."""
    found: Mapping[str, Note] = _kept().get((options.model, options.dialect), {})
    return found


def look_ignored(service: Service, options: ChatOptions) -> Mapping[str, Note]:
    """Return them with the reasons, asking if need be, which may wait for a model to be loaded."""
    if options.model and (options.model, options.dialect) not in _kept():
        # A value that stands for no default, so that leaving it out would be a loss.
        values = {name: least + step for name, least, _, step in NUMBERS}
        try:
            found = service.ignored(options, {**values, "stop": ["x"]})
        except DiglotError:
            return {}
        _kept()[(options.model, options.dialect)] = found
    return known_ignored(options)


def read_parameters(
    options: ChatOptions,
    *,
    levels: ThinkingLevels | None,
    ignored: Mapping[str, Note],
) -> ChatOptions:
    """Return the options with what was set, whether its fields are drawn or not.

    ``levels`` is how hard the model can think, None for one that cannot.
    """
    kept = st.session_state
    given = {name: kept.get(f"parameter_{name}") for name, *_ in NUMBERS}
    settings = {
        name: value for name, value in given.items() if value is not None and name not in ignored
    }
    stop = kept.get("parameter_stop")
    if stop and "stop" not in ignored:
        settings["stop"] = [text.strip() for text in stop.split("|") if text.strip()]
    offered = {} if levels is None else _offered(levels)
    thinking = offered.get(str(kept.get("parameter_thinking")))
    schema, _ = _read_schema(kept.get("parameter_schema"))
    return replace(options, settings=settings, thinking=thinking, schema=schema)


def show_parameters(*, levels: ThinkingLevels | None, ignored: Mapping[str, Note]) -> None:
    """Draw the fields; those in ``ignored`` are grey and say why."""
    st.caption(t("parameters.hint"))
    columns = st.columns(2)
    for place, (name, least, most, step) in enumerate(NUMBERS):
        with columns[place % 2]:
            st.number_input(
                name,
                min_value=least,
                max_value=most,
                value=None,
                step=step,
                key=f"parameter_{name}",
                persist_state="session",
                placeholder=t("parameters.unset"),
                disabled=name in ignored,
                help=_help(name, ignored),
            )
    st.text_input(
        "stop", key="parameter_stop", persist_state="session", placeholder=t("parameters.unset"),
        disabled="stop" in ignored, help=_help("stop", ignored),
    )  # fmt: skip
    _show_thinking(levels)
    _show_schema()


def _offered(levels: ThinkingLevels) -> dict[str, bool | str]:
    """Return what the model can be told, by the names of the words for it, the least first."""
    values = [value for value in _ORDER if value in levels.values]
    return {_word(value): value for value in values or _USUAL}


def _word(value: bool | str) -> str:
    return ("on" if value else "off") if isinstance(value, bool) else value


_WORDS = [_word(value) for value in _ORDER]


def _show_thinking(levels: ThinkingLevels | None) -> None:
    """Draw the levels that the model has, and which of them it takes if nothing is chosen."""
    offered = [*_offered(levels or _NO_LEVELS)]
    kept = st.session_state.get("parameter_thinking")
    if levels is None and kept in _WORDS:
        offered = [word for word in _WORDS if word in offered or word == kept]
    elif kept not in offered:
        # Chosen for another model.
        st.session_state["parameter_thinking"] = None
    about = t("parameters.thinking_cannot") if levels is None else None
    if levels is not None and levels.default is not None:
        usual = t(f"parameters.thinking_{_word(levels.default)}")
        about = t("parameters.thinking_default", level=usual)
    st.segmented_control(
        t("parameters.thinking"),
        offered,
        format_func=lambda name: t(f"parameters.thinking_{name}"),
        key="parameter_thinking",
        persist_state="session",
        disabled=levels is None,
        help=about,
    )


def show_lost(service: Service, options: ChatOptions) -> None:
    """Say which of these the model's server cannot be told, and why."""
    if not options.model or not (options.settings or options.schema or options.thinking):
        return
    try:
        rows = service.lost(options)
    except DiglotError:
        return  # asking will say it
    for row in rows:
        st.warning(
            t("parameters.lost", path=row.path, why=note_text(row.note)), icon=":material/block:"
        )


def _help(name: str, ignored: Mapping[str, Note]) -> str:
    about = t(f"parameters.{name}")
    return f"{about}\n\n**{note_text(ignored[name])}**" if name in ignored else about


def _kept() -> dict[tuple[str, str], Mapping[str, Note]]:
    found: dict[tuple[str, str], Mapping[str, Note]]
    found = st.session_state.setdefault("_ignored", {})
    return found


def _show_schema() -> None:
    text = st.text_area(
        t("parameters.schema"),
        key="parameter_schema",
        persist_state="session",
        height=120,
        placeholder='{"type": "object", "properties": {"city": {"type": "string"}}}',
        help=t("parameters.schema_help"),
    )
    _, fault = _read_schema(text)
    if fault:
        st.error(fault)


def _read_schema(text: str | None) -> tuple[Mapping[str, Any] | None, str]:
    """Return the schema that was typed, or what is wrong with it."""
    if not text or not text.strip():
        return None, ""
    try:
        schema = json.loads(text)
    except json.JSONDecodeError as exc:
        return None, json_fault(exc)
    except (ValueError, RecursionError) as exc:
        return None, str(exc)
    return (schema, "") if isinstance(schema, dict) else (None, t("parameters.schema_object"))
