"""Whether to think, and how hard: every way in which clients write it.

The hub knows a yes, a no, and OpenAI's efforts. Servers and clients of the chat dialects have
come to write the same in many places: OpenRouter's ``reasoning``, Anthropic's ``thinking``,
the templates' ``enable_thinking`` of vLLM, SGLang and llama.cpp, Ollama's ``think``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from core.errors import InvalidRequest

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""OpenAI's efforts, the least first; "max" is Ollama's and Anthropic's."""

# openai/openai.go: Ollama's own table of the words that clients have been seen to send.
_EFFORT_NAMES = {"ultra": "max"}
SWITCHES = {"enabled": True, "adaptive": True, "auto": True, "between_tools": True,
             "disabled": False}  # fmt: skip

# Tokens that a budget must have for an effort. Anthropic's least is 1,024; the steps are those
# of LiteLLM, whose users send such budgets.
_BUDGETS = ((10_000, "high"), (5_000, "medium"), (0, "low"))

Thinking = bool | str | None


def named(effort: bool | str) -> bool | str:
    """Return OpenAI's word for one that clients have been seen to send."""
    return _EFFORT_NAMES.get(effort, effort) if isinstance(effort, str) else effort


def parse_effort(value: Any, path: str = "reasoning_effort") -> bool | str:
    """Read one effort. Raises InvalidRequest for what is no level."""
    effort = named(value) if isinstance(value, str) else ""
    if effort not in EFFORTS:
        words = ", ".join(sorted(EFFORTS))
        raise InvalidRequest(f"{path} must be one of {words}", path=path)
    return effort


def dump_effort(value: bool | str) -> str:
    """Write ``reasoning_effort``: OpenAI has no plain yes, and "max" is its "xhigh"."""
    if isinstance(value, bool):
        return "medium" if value else "none"
    return "xhigh" if value == "max" else value


def effort_of(budget: Any) -> Thinking:
    """Return the effort that a budget of thinking tokens stands for; -1 is no limit, 0 is off."""
    if isinstance(budget, bool) or not isinstance(budget, int | float):
        return None
    if budget <= 0:
        return budget < 0
    return next(effort for least, effort in _BUDGETS if budget >= least)


_LEVEL_WORDS = {"true": True, "on": True, "false": False, "off": False, "none": False}


class ThinkingLevels(NamedTuple):
    """How hard a model can think: yes, no, or efforts. Nothing where its server does not say."""

    values: tuple[bool | str, ...] = ()
    default: bool | str | None = None


def parse_levels(value: Any) -> ThinkingLevels:
    """Read ``thinking`` of a newer Ollama's ``/api/show``: its ``values`` and its ``default``."""
    said = value if isinstance(value, dict) else {}
    given = said.get("values")
    found = [_level(one) for one in given] if isinstance(given, list) else []
    values = tuple(one for one in found if one is not None)
    default = _level(said.get("default"))
    return ThinkingLevels(values, default if default in values else None)


def _level(value: Any) -> Thinking:
    if isinstance(value, str):
        return _LEVEL_WORDS.get(value, named(value))
    return value if isinstance(value, bool) else None


def nearest(wanted: bool | str, values: Iterable[Any]) -> bool | str:
    """Return what of ``values``, which a model has, is nearest to what is wanted.

    Between two that are as near the lower one is taken. A no stays a no: only the server can
    say that it cannot be had.
    """
    offered = [v for v in values if isinstance(v, bool) or v in EFFORTS]
    if wanted in (False, "none") or wanted in offered or not offered:
        return wanted
    levels = [v for v in offered if isinstance(v, str) and v != "none"]
    if wanted is True:
        return "medium" if "medium" in levels else (levels[0] if levels else True)
    if not levels:
        return True
    place = EFFORTS.index(wanted) if isinstance(wanted, str) else 0
    return min(levels, key=lambda v: (abs(EFFORTS.index(v) - place), EFFORTS.index(v)))


def read_thinking(body: Mapping[str, Any]) -> Thinking:
    """Return what a body of OpenAI's dialects says of thinking, None where it says nothing.

    The first place that says something counts. Raises InvalidRequest for an unknown level in
    OpenAI's own two places; elsewhere it says nothing, as servers ignore it there.
    """
    for path, value in (
        ("reasoning_effort", body.get("reasoning_effort")),
        ("reasoning.effort", _at(body, "reasoning", "effort")),
    ):
        if value is not None and value != "":
            return parse_effort(value, path)
    found = (look(body) for look in _PLACES)
    return next((said for said in found if said is not None), None)


def _at(body: Mapping[str, Any], name: str, key: str) -> Any:
    inner = body.get(name)
    return inner.get(key) if isinstance(inner, dict) else None


def _flag(value: Any) -> Thinking:
    return value if isinstance(value, bool) else None


def _switch(body: Mapping[str, Any]) -> Thinking:
    """Anthropic's ``thinking``, in other dialects too; some write a bare flag or a level."""
    value = body.get("thinking")
    if isinstance(value, dict):
        kind = value.get("type")
        on = SWITCHES.get(kind) if isinstance(kind, str) else None
        budget = effort_of(value.get("budget_tokens"))
        return budget if on is not False and budget is not None else on
    return value if isinstance(value, bool) or value in EFFORTS else None


def _template(body: Mapping[str, Any]) -> Thinking:
    inner = body.get("chat_template_kwargs")
    if not isinstance(inner, dict):
        return None
    for key in ("enable_thinking", "thinking"):
        if isinstance(inner.get(key), bool):
            return bool(inner[key])
    effort = inner.get("reasoning_effort")
    return effort if effort in EFFORTS else None


def _native(body: Mapping[str, Any]) -> Thinking:
    """Ollama's ``think``: a level, or a bool."""
    value = body.get("think")
    level = named(value) if isinstance(value, str) else None
    return value if isinstance(value, bool) else level if level in EFFORTS else None


_PLACES: tuple[Callable[[Mapping[str, Any]], Thinking], ...] = (
    _native,
    lambda body: False if _at(body, "reasoning", "enabled") is False else None,
    lambda body: effort_of(_at(body, "reasoning", "max_tokens")),
    lambda body: _flag(_at(body, "reasoning", "enabled")),
    _switch,
    _template,
    lambda body: False if body.get("enable_thinking") is False else None,
    lambda body: effort_of(body.get("thinking_budget")),
    lambda body: _flag(body.get("enable_thinking")),
)
