"""Scene: what a report is about, and Fact: one row of it, before a sentence is chosen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from core.translation.dialects.registry import DIALECTS, FIELDS, SPOKEN
from core.translation.fields.field import Field

FLATTENED = ("history_flattened", "history_in_words")
"""Notes on a history whose calls and results became plain text."""
EMPTY: tuple[Any, ...] = ("", [], {})
"""What says no more than leaving it out does."""

_MESSAGE = re.compile(r"(?:messages|input)\[\d+\]")


class Circumstances(Struct, frozen=True, kw_only=True):
    """What else decided how a request was written.

    ``accepts``: what the server takes beyond its dialect. ``emulated``: the names of the notes
    that say what is done another way, by what it is done to. ``defaults``: the settings that the
    config gives, by the hub's names, and ``thinking``. ``unwanted``: JSON paths that the config
    keeps from this server. ``others``: the other bodies that were sent for the same request.
    """

    accepts: frozenset[str] = frozenset()
    emulated: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    unwanted: tuple[str, ...] = ()
    others: tuple[Any, ...] = ()


class Scene(Struct, frozen=True, kw_only=True):
    """A request in its own dialect, the body that was written of it, and the circumstances.

    ``ideas`` counts the client's values by what they are about, ``claimed`` are the places in the
    written body that a value of the client's went to, ``reached`` the messages that those are in.
    """

    body: Mapping[str, Any]
    written: Mapping[str, Any]
    source: str
    target: str
    about: Circumstances
    ideas: Mapping[str, int] = field(default_factory=dict)
    claimed: set[str] = field(default_factory=set)
    reached: set[str] = field(default_factory=set)

    def claim(self, place: str) -> None:
        """Take down that a value of the client's went to this place."""
        self.claimed.add(place)
        self.reached.add(message_of(place))

    @property
    def native(self) -> bool:
        """Whether the written body is of Ollama's form."""
        return SPOKEN[self.target].native

    @property
    def helped(self) -> bool:
        """Whether messages or tools were put another way than the client put them."""
        return bool({*FLATTENED, "tools_emulated", "tool_choice_emulated"} & self.ways)

    @property
    def ways(self) -> frozenset[str]:
        """The names of the notes on what is done another way."""
        return frozenset(self.about.emulated.values())

    @property
    def asked_aside(self) -> bool:
        """Whether a call was asked for by a request of Diglot's own making.

        A model that has its result already is asked for no call, though tools are offered.
        """
        asked = (
            self.about.others or self.written.get("format") or self.written.get("response_format")
        )
        return bool(asked and {"tools_emulated", "tool_choice_emulated"} & self.ways)

    def default_at(self, place: str) -> Any:
        """Return what the config gives for the setting that is written at ``place``, or None."""
        defaults = self.about.defaults
        if not defaults:
            return None
        if place in ("think", "reasoning_effort"):
            return defaults.get("thinking")
        for row in FIELDS:
            if row.name in defaults and place == row.paths.get(self.target):
                return defaults[row.name]
        last = place.rpartition(".")[2]
        return defaults.get(last)

    def can_say(self, name: str) -> bool:
        """Tell whether the target has a place for an idea at all."""
        return any(self.target in row.paths for row in FIELDS if row.name == name)

    def inserted(self, place: str) -> bool:
        """Tell whether a message of the written body holds nothing that the client said."""
        message = message_of(place)
        return bool(message) and message not in self.reached

    def thinks_if(self) -> str:
        """Return the field without which nobody thinks in the client's dialect."""
        return DIALECTS[self.source].thinks_if if self.source in DIALECTS else ""


class Fact(Struct, frozen=True, kw_only=True):
    """One pair of values. ``path`` is None for what was added, ``target`` for what was not sent."""

    outcome: str
    path: str | None
    value: Any
    target: str | None
    sent: Any
    row: Field | None
    scene: Scene


def message_of(path: str) -> str:
    """Return the message that a place is in; nothing where it is in none."""
    if not path.startswith(("messages[", "input[")):
        return ""
    found = _MESSAGE.match(path)
    return found[0] if found else ""


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are the same JSON: 1, 1.0 and true are three different things."""
    return type(one) is type(other) and one == other
