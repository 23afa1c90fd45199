"""Places: where each value of a request stands in the body that was written of it.

Between dialects whose messages are one for one, and where nobody was helped, a message stands at
its own number. Else places are found by looking: the next leaf, in the order of the body, that
means the same and holds the same value, or one that the value became a part of. Messages that
Diglot puts in come before the client's, so a helped model's request is looked through from its end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from itertools import chain
from typing import Any

from msgspec.structs import replace

from core.errors import DiglotError
from core.translation.codec.json import decode_json, encode_json
from core.translation.codec.json_paths import value_at
from core.translation.dialects.registry import DIALECTS, FIELDS, SPOKEN, derived
from core.translation.fields.field import Field
from core.translation.fields.kinds import one_for_one
from core.translation.report.leaves import Leaf, fill, leaves
from core.translation.report.meaning import carries
from core.translation.report.scene import EMPTY, Scene, message_of, same

# Names of rows that hold one idea between them.
_PARALLEL = "parallel_tool_calls"
_GROUPS = (
    frozenset({"content", "content.text", "refusal", "prompt", "system", "message.thinking"}),
    frozenset({"call.id", "tool_call_id"}),
    frozenset({"call.name", "tool_name"}),
    frozenset({"raw_prompt", "prompt"}),
    frozenset({"thinking", "thinking.budget"}),
)

# What can be told by its meaning from others that stand in the same list.
_ALIKE = frozenset({"image", "call.arguments", "text_tool", "as_text", "client_tool"})

_NEAR = 50
"""Texts that are looked through for one that a value may be a part of."""

_CONTENT = "messages[].content"


class Places:
    """The place of each client's leaf, by its path. ``looks``: messages are found by looking."""

    def __init__(self, scene: Scene, client: list[Leaf]) -> None:
        self._scene = scene
        written = leaves(scene.written, scene.target)
        self._written = {leaf.path: leaf.value for leaf in written}
        aligned = SPOKEN[scene.source].aligned and SPOKEN[scene.target].aligned
        self.looks = scene.helped or not (aligned and one_for_one(scene.body))
        # Where the leaves of a pattern stand within one message, in order, until claimed.
        self._unclaimed: dict[tuple[str, tuple[int, ...]], list[str]] = {}
        for leaf in () if self.looks else written:
            if len(leaf.numbers) > 1:
                key = (leaf.node.pattern, leaf.numbers[:1])
                self._unclaimed.setdefault(key, []).append(leaf.path)
        self._last = max(0, len(scene.written.get("messages") or ()) - 1)
        self._found: dict[str, tuple[str, Field]] = {}
        self._homes: dict[str, list[str]] = defaultdict(list)
        # Most values go where the one before went.
        self._last_move = ("-", "-")
        order = list(reversed(client)) if scene.helped else client
        self._finder = _Finder(written if self.looks else [], scene)
        for leaf in order:
            self._settle(leaf)
        if self.looks:
            self._settle_items(client)

    def of(self, path: str) -> str | None:
        """Return the place of a client's leaf, None where it was not written."""
        found = self._found.get(path)
        return found[0] if found else None

    def row_of(self, path: str) -> Field | None:
        """Return the row of FIELDS by which a leaf's place was found."""
        found = self._found.get(path)
        return found[1] if found else None

    def holds(self, place: str, value: Any) -> bool:
        """Tell whether the same value was written at a place, be it null."""
        return place in self._written and same(self._written[place], value)

    def at(self, place: str) -> Any:
        """Return what was written at a place; None where nothing was."""
        return self._written.get(place)

    def written(self) -> Iterable[tuple[str, Any]]:
        """Return all places of the written body with their values."""
        return self._written.items()

    def homes(self, path: str) -> list[str]:
        """Return the written messages to which the parts of a client's message went.

        Only where messages are found by looking.
        """
        return self._homes[message_of(path)]

    def _settle(self, leaf: Leaf) -> None:
        rows = leaf.node.rows
        if not rows or leaf.value is None or (rows[0].name == "role" and self.looks):
            return
        if rows[0].setting:
            found = self._setting(leaf, rows[0])
        elif rows[0].name.endswith("model"):
            found = ("model", rows[0]) if "model" in self._written else None
        elif self.looks:
            found = self._looked_up(leaf)
        else:
            found = self._numbered(leaf)
        if found is None:
            return
        self._found[leaf.path] = found
        here, there = self._last_move
        if self.looks and not (leaf.path.startswith(here) and found[0].startswith(there)):
            self._note_move(leaf.path, found[0])

    def _note_move(self, path: str, place: str) -> None:
        """Note which message a value of a client's message went to."""
        here, there = message_of(path), message_of(place)
        if there and there not in self._homes[here]:
            self._homes[here].append(there)
        if here and there:
            self._last_move = here, there

    def _settle_items(self, client: list[Leaf]) -> None:
        for leaf in client:
            name = leaf.node.rows[0].name if leaf.node.rows else ""
            if name == "item.id":
                self._settle_identity(leaf)
            elif name == "item.status":
                self._settle_status(leaf)

    def _settle_identity(self, leaf: Leaf) -> None:
        """Find the id of an item that names its call, because there was no other."""
        item = value_at(self._scene.body, message_of(leaf.path))
        if not isinstance(item, dict) or item.get("call_id"):
            return
        for place, sent in self._written.items():
            if place.endswith((".id", "tool_call_id")) and same(sent, leaf.value):
                self._found[leaf.path] = (place, leaf.node.rows[0])
                return

    def _settle_status(self, leaf: Leaf) -> None:
        """Find a status that became words, because there were none of its own."""
        item = message_of(leaf.path)
        whole = value_at(self._scene.body, item) if item else {}
        # A message need not say that it is one.
        if not str(whole.get("type")).endswith("call_output"):
            return
        taken = {place for place, _ in self._found.values()}
        for place, sent in self._written.items():
            said = place.endswith(".content") and place not in taken
            if said and same(sent, leaf.value):
                self._found[leaf.path] = (place, leaf.node.rows[0])
                return

    def _setting(self, leaf: Leaf, row: Field) -> tuple[str, Field] | None:
        spoken = DIALECTS.get(self._scene.target)
        own = spoken.settings.by_name.get(row.name) if spoken is not None else None
        place = own.paths[self._scene.target] if own else ""
        if row.name == _PARALLEL and place not in self._written:
            places = _patterns(self._scene.target, frozenset({_PARALLEL}))
            place = next((one for one in places if one in self._written), place)
        if place not in self._written:
            return None
        sent = self._written[place]
        turned = row.name == _PARALLEL and place.rpartition(".")[2].startswith("disable")
        right = sent is (not leaf.value) if turned else carries(row, leaf.value, sent, self._scene)
        return (place, row) if right else None

    def _looked_up(self, leaf: Leaf) -> tuple[str, Field] | None:
        rows = leaf.node.rows
        counted = rows[0].note == "legacy_logprobs" and "top_logprobs" in self._written
        if counted and same(self._written["top_logprobs"], leaf.value):
            return "top_logprobs", rows[0]
        place = self._finder.find(leaf.value, rows)
        return (place, rows[0]) if place is not None else None

    def _numbered(self, leaf: Leaf) -> tuple[str, Field] | None:
        rows = leaf.node.rows
        pattern = rows[0].paths.get(self._scene.target, "")
        if pattern and not _is_loose(pattern):
            # As most do, it stands as it is where its numbers say.
            place = fill(pattern, self._moved(leaf.numbers, rows[0]))
            if place in self._written and same(self._written[place], leaf.value):
                return place, rows[0]
        for row in chain(rows, _owners(rows)):
            for place in self._candidates(leaf.numbers, row):
                sent = self._written[place]
                if not same(sent, leaf.value) and leaf.value in EMPTY and not _meant(row):
                    return None
                if carries(row, leaf.value, sent, self._scene):
                    self._use(row, leaf.numbers, place)
                    return place, row
        return None

    def _candidates(self, numbers: tuple[int, ...], row: Field) -> Iterator[str]:
        """Yield the paths in the written body at which this leaf may stand."""
        pattern = row.paths.get(self._scene.target, "")
        numbers = self._moved(numbers, row)
        if self._scene.source != self._scene.target and _is_loose(pattern):
            # A picture's place among the parts differs from its place among the images.
            yield from list(self._unclaimed.get((pattern, numbers[:1]), ()))
        elif pattern:
            place = fill(pattern, numbers)
            if place in self._written:
                yield place
        if row.name in ("content.text", "refusal"):
            # One text alone is written as a string.
            place = fill(_CONTENT, numbers)
            if place in self._written:
                yield place

    def _moved(self, numbers: tuple[int, ...], row: Field) -> tuple[int, ...]:
        if SPOKEN[self._scene.source].task == "text_completion":
            numbers = (0 if row.name == "system" else self._last, *numbers)
        if row.note == "legacy_functions":
            # The older form has one call a message.
            numbers = (*numbers, 0)
        return numbers

    def _use(self, row: Field, numbers: tuple[int, ...], place: str) -> None:
        pattern = row.paths.get(self._scene.target, "")
        waiting = self._unclaimed.get((pattern, self._moved(numbers, row)[:1]), [])
        if self._scene.source != self._scene.target and place in waiting:
            waiting.remove(place)


class _Finder:
    """The leaves of a written body, to be found once each by what they hold."""

    def __init__(self, written: list[Leaf], scene: Scene) -> None:
        self._scene = scene
        self._written = written[::-1] if scene.helped else written
        # Of equal values the next one is the last of its list.
        self._equal: dict[tuple[str, str | bytes], list[str]] = defaultdict(list)
        self._found: dict[tuple[str, str | bytes], str] = {}
        self._next: dict[str, int] = defaultdict(int)
        # By the rows of a leaf, which are the same list for all that stand in the same place.
        self._patterns: dict[int, tuple[str, ...]] = {}
        self._taken: set[str] = set()
        for leaf in reversed(self._written):
            self._equal[leaf.node.pattern, _key(leaf.value)].append(leaf.path)

    @cached_property
    def _places(self) -> dict[str, list[tuple[str, Any]]]:
        """Places with their values, by pattern: for what stands nowhere as it is."""
        places: dict[str, list[tuple[str, Any]]] = defaultdict(list)
        for leaf in self._written:
            places[leaf.node.pattern].append((leaf.path, leaf.value))
        return places

    def find(self, value: Any, rows: list[Field]) -> str | None:
        """Return the path at which ``value`` was written, whole or as a part, if it was."""
        patterns = self._patterns.get(id(rows))
        if patterns is None:
            patterns = _patterns(self._scene.target, frozenset(row.name for row in rows))
            self._patterns[id(rows)] = patterns
        if isinstance(value, int | float | dict) and rows[0].name == "content":
            # What a tool answered is written as its JSON.
            value = encode_json(value).decode()
        key = _key(value)
        for pattern in patterns:
            places = self._equal.get((pattern, key))
            if places:
                self._found[pattern, key] = places[-1]
                self._taken.add(places[-1])
                return places.pop()
        for pattern in patterns:
            # A value that was sent twice may be written once.
            if (pattern, key) in self._found:
                return self._found[pattern, key]
        for pattern in patterns:
            path = self._part_of(value, pattern) if _has_words(value) else None
            if path is not None:
                return path
        if rows[0].name in ("call.name", "tool_name") and self._scene.helped:
            # Of several results each is written out behind the name of its tool.
            return self._part_of(f"{value}: ", _CONTENT, told=False)
        if rows[0].name == "call.arguments" and "history_in_words" in self._scene.ways:
            text = value if isinstance(value, str) else encode_json(value).decode()
            return self._part_of(text, _CONTENT, told=False)
        return self._alike(value, rows[0], patterns) if rows[0].retyped else None

    def _alike(self, value: Any, row: Field, patterns: Iterable[str]) -> str | None:
        """Return where something stands that says the value in another form."""
        for pattern in patterns:
            # Of texts and calls only what is equal can be told from the others.
            if "[]" in pattern and not (row.name in _ALIKE or row.note in _ALIKE):
                continue
            for place, sent in self._places.get(pattern, []):
                # A description may hold several things that were said of its tool.
                taken = "[]" in pattern and place in self._taken and row.note != "client_tool"
                if not taken and carries(row, value, sent, self._scene):
                    self._taken.add(place)
                    return place
        return None

    def _part_of(self, value: str, pattern: str, *, told: bool = True) -> str | None:
        """Return the next text with a value in it; what is ``told`` later stands there or later."""
        places = self._places.get(pattern, [])
        first = self._next[pattern]
        for index in range(first, min(first + _NEAR, len(places))):
            path, text = places[index]
            if isinstance(text, str) and value in text:
                self._next[pattern] = index if told else first
                return path
        return None


def _has_words(value: Any) -> bool:
    """Tell whether a value is a text to be looked for within others: blanks are in every one."""
    return isinstance(value, str) and bool(value.strip())


@lru_cache(maxsize=4096)
def _is_loose(pattern: str) -> bool:
    return pattern.count("[]") > 1 and "tool_calls" not in pattern


def _meant(row: Field) -> bool:
    return row.retyped and row.name != "thinking"


def _key(value: Any) -> str | bytes:
    """Return what is equal for values that mean the same in every dialect.

    Most are texts, which may be long: those are what they are, anything else is its JSON.
    """
    if isinstance(value, str):
        text: str = value
        if text.startswith("data:") and ";base64," in text[:100]:
            return text.partition(";base64,")[2]
        if not text.startswith("{"):
            return text
        # A call's arguments: text in one dialect, an object in the other.
        try:
            value = decode_json(text)
        except DiglotError:
            return text
    return encode_json(value)


@derived
def _patterns(target: str, names: frozenset[str]) -> tuple[str, ...]:
    """Return where ``target`` writes what these rows are about: own places before aliases."""
    wanted = set(names)
    for group in _GROUPS:
        if group & names:
            wanted |= group
    rows = [row for row in FIELDS if row.name in wanted and target in row.paths]
    rows.sort(key=lambda row: (row.name not in names, row.alias))
    return tuple(dict.fromkeys(row.paths[target] for row in rows))


def _owners(fields: list[Field]) -> Iterator[Field]:
    """Yield the rows that say where a dialect itself writes what it reads from an alias."""
    for row in fields:
        if row.alias:
            yield replace(_owner(row.name), note=row.note)


@derived
def _owner(name: str) -> Field:
    """Return the row that owns a name; of rows that are all aliases the first."""
    rows = [row for row in FIELDS if row.name == name]
    return next((row for row in rows if not row.alias), rows[0])
