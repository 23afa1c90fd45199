"""Which sentence a row of an answer has: the closest one that is true of it.

Every note has a condition (``ANSWER_HOLDS``); where none of the closer ones holds, the sentence
says no more than the outcome does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from core.inspector.align.answer_leaves import EMPTY, GROWING, is_echo
from core.inspector.align.answer_meaning import COUNTS, DURATIONS
from core.inspector.align.answer_scene import AnswerFact
from core.inspector.align.response_notes import ANSWER_NOTES
from core.note import Note
from core.translation.report.scene import same

_CHAT = ("ollama", "generate", "openai")
_KINDS = frozenset({"kind", "block", "role", "call.type"})
_FALLBACKS = {
    "kept": "kept",
    "renamed": "renamed",
    "retyped": "form",
    "dropped": "not_carried",
    "defaulted": "made",
    "emulated": "written_call",
}


def reason_of(fact: AnswerFact, note: str = "") -> Note:
    """Return the note of a row; ``note`` is the one that its field has in the table."""
    for name in (*_CLOSER, note):
        if name and ANSWER_HOLDS[name](fact):
            return ANSWER_NOTES[name]
    return ANSWER_NOTES[_FALLBACKS[fact.outcome]]


Holds = Callable[[AnswerFact], bool]


def _pair(fact: AnswerFact) -> bool:
    return fact.path is not None and fact.target is not None


def _differs(fact: AnswerFact) -> bool:
    return _pair(fact) and not same(fact.value, fact.written)


def _lost(fact: AnswerFact) -> bool:
    return fact.outcome == "dropped"


def _made(fact: AnswerFact) -> bool:
    return fact.outcome == "defaulted"


def _unsaid(fact: AnswerFact) -> bool:
    return fact.outcome == "retyped" and fact.target is None


def _about(*names: str) -> Holds:
    return lambda fact: fact.name in names and not _lost(fact)


def _in_chats(fact: AnswerFact) -> bool:
    return fact.scene.source in _CHAT and fact.scene.target in _CHAT


def _dialect(fact: AnswerFact) -> str:
    return fact.scene.source if fact.path is not None else fact.scene.target


def _echoed(fact: AnswerFact) -> bool:
    place = fact.path if fact.path is not None else fact.target or ""
    lone = not _pair(fact) and not _lost(fact)
    return lone and _dialect(fact) == "responses" and is_echo(place)


def _anthropic(fact: AnswerFact) -> bool:
    return "anthropic" in (fact.scene.source, fact.scene.target)


def _uncounted(fact: AnswerFact) -> bool:
    scene = fact.scene
    return _lost(fact) and scene.target in ("openai", "completions") and not scene.counted


ANSWER_HOLDS: Mapping[str, Holds] = {
    "kept": lambda f: f.outcome == "kept",
    "renamed": lambda f: f.outcome == "renamed",
    "form": _differs,
    "not_carried": _lost,
    "made": _made,
    # What was done another way.
    "written_call": lambda f: f.outcome == "emulated" and f.scene.ways.makes_calls,
    "other_request": lambda f: f.outcome == "emulated" and f.path is None
    and "choices" in f.scene.ways.emulated,
    "summed": lambda f: f.outcome == "emulated" and f.name in COUNTS,
    # Which of two.
    "alias": lambda f: f.name == "model" and _differs(f),
    "several": lambda f: f.outcome == "retyped" and f.target is not None
    and any(same(f.written, value) for _, values in f.scene.several for value in values),
    "said_again": lambda f: f.again and not _pair(f) and f.outcome == "retyped",
    "part": lambda f: f.path is None and f.outcome == "retyped" and isinstance(f.written, str)
    and any(f.written in text for text in f.scene.said),
    "joined": lambda f: f.path is not None and isinstance(f.value, str) and not _lost(f)
    and (f.name in (*GROWING, "error.message") or f.name.startswith("?")) and bool(f.value)
    and f.value != f.written and any(f.value in text for text in f.scene.written),
    # What says nothing.
    "empty": lambda f: _unsaid(f) and f.value in EMPTY,
    "zero": lambda f: _unsaid(f) and f.value == 0,
    "added": lambda f: _made(f) and (f.written in EMPTY or f.written == 0),
    "empty_chunk": lambda f: f.name == "nothing" and not _lost(f),
    "empty_content": lambda f: _differs(f) and f.value in EMPTY and f.written in EMPTY
    and f.name == "text",
    # What has no place, or none of its own.
    "unknown": lambda f: _lost(f) and f.name.startswith("?"),
    "no_place": lambda f: _lost(f) and not f.scene.has_place(f.name) and not f.name.startswith("?"),
    "durations": lambda f: _lost(f) and f.name in DURATIONS and not f.scene.has_place(f.name),
    "context": lambda f: f.name == "context" and _lost(f),
    "signature": lambda f: f.name == "signature" and _lost(f),
    "usage_not_asked": lambda f: f.name in COUNTS and _uncounted(f),
    "constant": lambda f: f.name in _KINDS and not _pair(f) and not _lost(f),
    "position": _about("place", "call.place"),
    "done": lambda f: f.name == "done" and not _lost(f),
    "echoed": _echoed,
    "created": _about("created"),
    "id": _about("id", "item_id"),
    "call_id": lambda f: f.name == "call.id" and _made(f),
    "call_kind": lambda f: f.name == "call.name" and _unsaid(f) and f.value not in EMPTY,
    "total_tokens": _about("total_tokens"),
    "fingerprint": lambda f: f.name == "fingerprint" and not _pair(f) and not _lost(f),
    "event_name": _about("event"),
    "done_mark": _about("mark"),
    "stream_state": _about("state"),
    # The same in other words.
    "content": lambda f: f.name == "text" and _differs(f),
    "refusal": lambda f: f.name == "refusal" and _pair(f),
    "thinking": lambda f: f.name == "thinking" and _pair(f) and _in_chats(f),
    "reason": lambda f: f.name == "reason" and _differs(f),
    "arguments": lambda f: _pair(f) and isinstance(f.value, str) != isinstance(f.written, str),
    "prompt_tokens": lambda f: f.name == "prompt_tokens" and _pair(f) and not _anthropic(f),
    "cached_apart": lambda f: f.name == "prompt_tokens" and _differs(f) and _anthropic(f),
    "completion_tokens": lambda f: f.name == "completion_tokens" and _pair(f),
    "token_details": lambda f: f.name in ("cached_tokens", "reasoning_tokens") and _pair(f),
    "logprobs": lambda f: f.name == "logprobs" and _differs(f) and _in_chats(f),
    "vector": lambda f: f.name == "vector" and _pair(f),
    "durations_read": lambda f: f.name in DURATIONS and not _lost(f)
    and (f.scene.timed or "timings" in (f.path or "") + (f.target or "")),
    "duration_measured": lambda f: f.name in DURATIONS and _made(f) and not f.scene.timed
    and not f.scene.native(f.scene.source),
    # Errors.
    "error_text": lambda f: f.name == "error.message" and _pair(f) and same(f.value, f.written),
    "own_error": lambda f: f.name == "error.message" and _made(f),
    "error_kind": lambda f: f.name in ("error.kind", "error.more") and not _lost(f)
    and f.outcome not in ("kept", "renamed"),
    # Headers and what only streams have is chosen where it is found.
    "stream_type": lambda f: False,
    "content_type": lambda f: False,
    "own_header": lambda f: False,
    "secret_header": lambda f: False,
    "transport": lambda f: False,
}  # fmt: skip
"""By name of a note: whether what it says is so."""

# Tried before what the table says of a field.
_CLOSER = (
    "kept", "summed", "other_request", "written_call", "alias", "empty_content", "cached_apart",
    "several", "said_again", "part", "joined", "empty_chunk", "echoed", "empty", "usage_not_asked",
    "durations", "context", "signature", "unknown", "no_place", "zero", "constant", "position",
    "id", "created", "stream_state", "total_tokens", "event_name", "done_mark", "done",
    "fingerprint", "error_text", "own_error", "error_kind", "duration_measured", "durations_read",
    "call_id", "call_kind", "added",
)  # fmt: skip
