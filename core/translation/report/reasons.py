"""HOLDS: of each note, when its sentence is true of a row. No row says a sentence that is not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from core.translation.codec.json import is_setting
from core.translation.dialects.registry import SPOKEN
from core.translation.dialects.shared.thinking import EFFORTS, SWITCHES, named
from core.translation.fields.allowed_tools import allowed_choice
from core.translation.report.leaves import leaves
from core.translation.report.scene import EMPTY, Fact, message_of, same

Holds = Callable[[Fact], bool]

# What a format wants even where a client of another one says nothing of it.
_REQUIRED = frozenset({"type", "name", "role", "content", "index", "arguments", "strict", "input"})
_NUMBERS = frozenset({"max_tokens", "max_completion_tokens", "max_output_tokens"})
_WORDS: Mapping[str, Collection[str]] = {
    "thinking": {*EFFORTS, *SWITCHES},
    "format": ("json", "json_object", "json_schema", "text"),
    "tool_choice": ("auto", "none", "required", "any", "tool", "function", "custom"),
}
_FORMATS = ("format", "response_format", "text", "output_config", "output_format")


def _last(path: str | None) -> str:
    return (path or "").rpartition(".")[2]


def _dropped(fact: Fact) -> bool:
    return fact.outcome == "dropped"


def _added(fact: Fact) -> bool:
    return fact.path is None


def _unsaid(fact: Fact) -> bool:
    """Whether the target means the same without writing it."""
    return fact.outcome == "retyped" and fact.target is None


def _noted(name: str) -> Holds:
    """It is what the table of fields says of this field."""
    return lambda fact: fact.row is not None and fact.row.note == name


def _way(name: str) -> Holds:
    """It is one of the ways in which this request was helped."""
    return lambda fact: fact.outcome == "emulated" and name in fact.scene.ways


def _moves(*names: str) -> Holds:
    """The value goes from one of these names to another, or to its new place."""
    return lambda fact: (
        bool(fact.target) and (_last(fact.path) in names or _last(fact.target) in names)
    )


def _differs(fact: Fact) -> bool:
    return fact.target is not None and not same(fact.value, fact.sent)


def _neutral(fact: Fact) -> bool:
    row = fact.row
    if not _unsaid(fact) or row is None:
        return False
    plain = row.name == "tools.strict" and fact.value is False
    return plain or any(same(fact.value, one) for one in row.neutral)


def _required(fact: Fact) -> bool:
    place = fact.target or ""
    return _added(fact) and not fact.scene.inserted(place) and (
        _last(place) in _REQUIRED or place in _FORMATS
    )  # fmt: skip


def _default(fact: Fact) -> bool:
    found = fact.scene.default_at(fact.target or "")
    thinks = (fact.target or "") in ("think", "reasoning_effort")
    return _added(fact) and found is not None and (thinks or fact.sent in (found, [found]))


def _no_place(fact: Fact) -> bool:
    return _dropped(fact) and fact.row is not None and not fact.scene.can_say(fact.row.name)


def _no_openai(fact: Fact) -> bool:
    scene, row = fact.scene, fact.row
    if not _dropped(fact) or scene.native or row is None:
        return False
    refused = row.extension and row.name not in scene.about.accepts
    return refused or not scene.can_say(row.name)


def _formatted(fact: Fact) -> bool:
    # A schema without a word is one, too.
    return any(fact.scene.written.get(key) is not None for key in _FORMATS)


def _no_tools(fact: Fact) -> bool:
    choice = fact.scene.body.get("tool_choice") or fact.scene.body.get("function_call")
    return choice in ("none", {"type": "none"})


def _choice_meant(fact: Fact) -> bool:
    return _unsaid(fact) and (
        fact.value in ("auto", "none") or (_no_tools(fact) and "tools" not in fact.scene.written)
    )


def _allowed(fact: Fact) -> bool:
    """Tell whether a choice that lists tools is said: by what is offered, and required if it is."""
    choice = allowed_choice(fact.scene.body)
    if choice is None or fact.path != "tool_choice":
        return False
    sent = "required" if fact.sent == "any" else fact.sent
    return sent == choice.get("mode") or (_unsaid(fact) and choice.get("mode") != "required")


def _thinking_off(fact: Fact) -> bool:
    needs = fact.scene.thinks_if()
    off = fact.sent in (False, "none")
    return _added(fact) and off and bool(needs) and needs not in fact.scene.body


def _inserted(fact: Fact) -> bool:
    # Settings, a schema and messages that stand only in what a helped model is asked.
    return _added(fact) and fact.scene.helped and (
        fact.scene.inserted(fact.target or "") or not message_of(fact.target or "")
    )  # fmt: skip


def _called(fact: Fact) -> bool:
    return _added(fact) and _last(fact.target) == "tool_name"


def _id_known(fact: Fact) -> bool:
    """An id was added that the client gave to the call, though not to its result."""
    return (
        _added(fact)
        and _last(fact.target) == "tool_call_id"
        and any(
            same(fact.sent, leaf.value)
            for leaf in leaves(fact.scene.body, fact.scene.source)
            if _last(leaf.path) in ("id", "call_id")
        )
    )


def _wrong_kind(fact: Fact) -> bool:
    """The value is none that its field has: of another kind, or a word that is not known."""
    row, value = fact.row, fact.value
    if not _dropped(fact) or row is None:
        return False
    if isinstance(value, str) and row.name in _WORDS and _last(fact.path) != "name":
        return value not in _WORDS[row.name] and named(value) not in _WORDS[row.name]
    return (row.name == "thinking" and isinstance(value, list | dict)) or not is_setting(
        value, row.kind
    )


def _top_level(fact: Fact) -> bool:
    native = SPOKEN[fact.scene.source].native
    return _dropped(fact) and native and "." not in (fact.path or "")


HOLDS: Mapping[str, Holds] = {
    # What can always be said of an outcome.
    "kept": lambda f: f.path == f.target and same(f.value, f.sent),
    "renamed": lambda f: f.path != f.target and bool(f.target) and same(f.value, f.sent),
    "retyped": lambda f: f.outcome == "retyped" and _differs(f),
    "unsent": _dropped,
    "added": _added,
    "emulated": lambda f: f.outcome == "emulated",
    # Values that say nothing.
    "null": lambda f: f.value is None and _unsaid(f),
    "empty": lambda f: f.value in EMPTY and _unsaid(f),
    "neutral": _neutral,
    "empty_message": lambda f: _unsaid(f) and _last(f.path) == "role",
    "implied": _unsaid,
    "kind_of_lost": _unsaid,
    "effort_unused": lambda f: _unsaid(f)
    and any(f.scene.written.get(key) in (False, "none") for key in ("think", "reasoning_effort"))
    and "disabled" in str(f.scene.body.get(f.scene.thinks_if())),
    "role_function": lambda f: str(f.value).lower() == "function" and f.sent == "tool",
    "unlimited": lambda f: _unsaid(f) and isinstance(f.value, int) and f.value < 0,
    # Losses.
    "unknown": lambda f: _dropped(f) and f.row is None,
    "wrong_kind": _wrong_kind,
    "unwanted": lambda f: _dropped(f) and any(
        (f.path or "").startswith(path) for path in f.scene.about.unwanted),
    "superseded": lambda f: _dropped(f) and f.row is not None
    and f.scene.ideas.get(f.row.name, 0) > 1,
    "top_level": _top_level,
    "side_settings": lambda f: _dropped(f) and f.scene.asked_aside,
    "side_messages": lambda f: _dropped(f) and f.scene.asked_aside,
    "call_in_words": lambda f: _dropped(f) and "history_in_words" in f.scene.ways,
    "call_left_out": lambda f: _dropped(f) and "history_flattened" in f.scene.ways,
    "tools_left_out": lambda f: _dropped(f) and "tools_emulated" in f.scene.ways,
    "summary_left_out": lambda f: _dropped(f) and ".summary[" in (f.path or ""),
    "schema_unused": lambda f: _dropped(f) and not _formatted(f),
    "no_native": lambda f: f.scene.native and _no_place(f),
    "no_openai": _no_openai,
    "participant": lambda f: f.scene.native and _dropped(f) and _last(f.path) == "name",
    "strict_tool": lambda f: f.scene.native and _dropped(f),
    "detail": lambda f: f.scene.native and _dropped(f),
    "format_description": lambda f: f.scene.native and _dropped(f),
    "legacy_context": lambda f: _dropped(f) and f.path == "context",
    "is_error": lambda f: _dropped(f) and _last(f.path) == "is_error",
    "think_relaxed": lambda f: f.scene.native and _dropped(f) and not _wrong_kind(f)
    and f.value not in (False, "none", "disabled") and "think" not in f.scene.written,
    "thinking_budget": _noted("thinking_budget"),
    "bookkeeping": _noted("bookkeeping"),
    "running": _noted("running"),
    "anthropic_only": _noted("anthropic_only"),
    "responses_only": _noted("responses_only"),
    "unknown_kind": _dropped,
    "hosted_tool": _dropped,
    "not_allowed": _dropped,
    "allowed_tools": lambda f: _allowed(f) and f.outcome == "retyped",
    "hosted_record": _dropped,
    "encrypted": _dropped,
    "file_id": _dropped,
    "file_bytes": _dropped,
    "no_vision": _dropped,
    "no_hearing": _dropped,
    "as_text": lambda f: f.outcome != "dropped",
    "text_tool": lambda f: f.outcome != "dropped",
    "tools_added": lambda f: f.outcome != "dropped",
    "thinking_shown": _noted("thinking_shown"),
    "namespace": lambda f: f.outcome != "dropped",
    "claude_only": _noted("claude_only"),
    "think_nearest": _way("think_nearest"),
    # Other forms.
    "role_case": lambda f: f.value != f.sent and str(f.value).lower() == f.sent,
    "developer": lambda f: str(f.value).lower() == "developer" and f.sent == "system",
    "reasoning": lambda f: f.target is not None,
    "refusal": lambda f: f.target is not None,
    "options": lambda f: f.target is not None and (f.path or "").startswith("options.")
    != f.target.startswith("options."),
    "max_tokens": lambda f: _last(f.path) != _last(f.target) and (
        "num_predict" in (_last(f.path), _last(f.target)) or {_last(f.path), _last(f.target)}
        <= _NUMBERS),
    "stop_list": lambda f: f.scene.native and f.sent == [f.value],
    "think": lambda f: f.target is not None,
    "format": lambda f: f.outcome != "dropped" and _formatted(f),
    "format_name": lambda f: _unsaid(f) and _formatted(f),
    "format_strict": lambda f: _unsaid(f) and _formatted(f),
    "arguments": lambda f: f.target is not None and isinstance(f.value, str) != isinstance(
        f.sent, str),
    "image": _differs,
    "image_fetched": lambda f: _differs(f) and str(f.value).startswith("http"),
    "audio_native": lambda f: f.target is not None and f.scene.native,
    "parts": lambda f: f.scene.native and f.target is not None and _last(f.target) == "content",
    "tool_name": _moves("tool_name"),
    "tool_type": lambda f: _unsaid(f) and _last(f.path) == "type",
    "tool_choice_native": lambda f: f.scene.native and _choice_meant(f),
    "client_tool": lambda f: f.target is not None,
    "tool_form": lambda f: f.target is not None and f.path != f.target,
    "choice_form": lambda f: _differs(f),
    "system_field": lambda f: bool(f.target) and not message_of(f.path or "")
    and bool(message_of(f.target or "")),
    "blocks": lambda f: bool(message_of(f.path or "")) and f.outcome != "dropped",
    "items": lambda f: (f.path or "").startswith("input") and f.outcome != "dropped",
    "joined_prompt": lambda f: f.path in ("prompt", "system") and f.target is not None
    and bool(message_of(f.target)),
    "expanded": lambda f: f.path == "previous_response_id",
    "raw_prompt": lambda f: f.target == "prompt",
    "raw_mode": lambda f: "raw" in (f.path, f.target) and f.outcome != "dropped",
    "suffix": lambda f: f.target is not None,
    "echo_done": lambda f: f.path == "echo" and f.value is True,
    "usage_always": lambda f: f.scene.native and _unsaid(f),
    "legacy_logprobs": lambda f: f.path == "logprobs" and f.target is not None,
    "legacy_functions": lambda f: "function" in (f.path or "") and f.target is not None,
    "embed_input": lambda f: f.target is not None,
    "embed_cut": _unsaid,
    "encoding": _unsaid,
    "seed_each": lambda f: "choices" in f.scene.ways and _last(f.path) == "seed",
    # Additions.
    "required_there": _required,
    "deployment_default": _default,
    "thinking_off": _thinking_off,
    "inserted": _inserted,
    "stream_default": lambda f: _added(f) and f.target == "stream",
    "usage_asked": lambda f: _added(f) and f.sent is True,
    "logprobs_implied": lambda f: _added(f) and "top_logprobs" in f.scene.written,
    "tool_name_found": _called,
    "tool_call_id_found": _id_known,
    "tool_call_id_made": lambda f: (
        _added(f) and _last(f.target) in ("id", "tool_call_id") and not _id_known(f)
    ),
    # What is done another way, and what the config does.
    "tool_choice_emulated": _way("tool_choice_emulated"),
    "tools_emulated": _way("tools_emulated"),
    "history_flattened": _way("history_flattened"),
    "history_in_words": _way("history_in_words"),
    "choices": _way("choices"),
    "calls_written": lambda f: True,
    "stream_replayed": lambda f: f.outcome == "emulated" and f.path == "stream",
    "model_alias": lambda f: f.target is not None and f.value != f.sent,
}  # fmt: skip
"""By name of a note: whether what it says is so."""

FALLBACKS: Mapping[str, str] = {
    "kept": "kept",
    "renamed": "renamed",
    "retyped": "retyped",
    "dropped": "unsent",
    "defaulted": "added",
    "emulated": "emulated",
}
"""What can be said of a row of each outcome if nothing closer is true."""
