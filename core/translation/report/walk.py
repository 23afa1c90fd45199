"""Walk: one report in the making, from the values of both bodies to its rows.

Where a value went is found first (Places), then what that makes of it, and last the sentence: the
closest one that is true of the row (HOLDS). What belongs to others, such as a role to the words of
its message, is judged after them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from core.translation.dialects.registry import DIALECTS
from core.translation.fields.field import Field
from core.translation.fields.kinds import HARMLESS
from core.translation.report.leaves import Leaf, leaves
from core.translation.report.meaning import carries
from core.translation.report.notes import NOTES
from core.translation.report.places import Places
from core.translation.report.reasons import FALLBACKS, HOLDS
from core.translation.report.rows import Outcome, ReportRow
from core.translation.report.scene import EMPTY, FLATTENED, Fact, Scene, message_of, same

# Notes of fields that the target may mean without writing them.
_MEANT = ("tool_choice_native", "echo_done", "embed_cut", "encoding", "expanded", "format",
          "format_name", "format_strict", "raw_mode", "tool_type", "usage_always")  # fmt: skip
# What a value is missing for that the target has a place for.
_MISSED = {"image": "no_vision", "audio.data": "no_hearing"}
_EFFORTS = ("think", "reasoning_effort")
_HISTORY = frozenset({"content", "content.text", "call.name", "call.arguments", "call.id",
                      "tool_call_id", "tool_name", "call.index"})  # fmt: skip


class Walk:
    """The report of one scene."""

    def __init__(self, scene: Scene) -> None:
        self._leaves = leaves(scene.body, scene.source)
        names = Counter(
            leaf.node.rows[0].name
            for leaf in self._leaves
            if leaf.node.rows and leaf.value is not None
        )
        self._scene = replace(scene, ideas=names, claimed=set(), reached=set())
        self._places = Places(self._scene, self._leaves)
        # The rows of what stands within a place, however deep.
        self._inside: dict[str, list[ReportRow]] = defaultdict(list)
        self._told = _texts(scene.about.others, scene.written) if self._scene.helped else ""

    def rows(self) -> tuple[ReportRow, ...]:
        """Return the rows of the client's body in its order, then those of what was added."""
        done: dict[int, ReportRow] = {}
        later = []
        for i, leaf in enumerate(self._leaves):
            if self._belongs(leaf):
                later.append(i)
                continue
            row = done[i] = self._judge(leaf)
            for place in _around(row.path or ""):
                self._inside[place].append(row)
        for i in later:
            done[i] = self._judge_member(self._leaves[i])
        return (*(done[i] for i in sorted(done)), *self._added())

    def lost(self) -> tuple[ReportRow, ...]:
        """Return the rows of what was dropped, in their order.

        Of nearly every value it is seen by its place that it was not, and no row is made of it.
        """
        about = self._scene.about
        if about.emulated or about.unwanted:
            return self._dropped()
        found = []
        for leaf in self._leaves:
            if self._places.of(leaf.path) is not None:
                continue
            if not self._belongs(leaf):
                found.append(self._judge(leaf))
            elif leaf.node.rows[0].name == "role" and not self._homes(leaf.path):
                return self._dropped()  # what is said beside it decides
        return tuple(row for row in found if row.outcome == "dropped")

    def _dropped(self) -> tuple[ReportRow, ...]:
        return tuple(row for row in self.rows() if row.outcome == "dropped")

    def _stays(self, leaf: Leaf) -> bool:
        """Tell whether a leaf was written as it is where it was."""
        scene = self._scene
        rows = leaf.node.rows
        if self._places.looks and rows and rows[0].name == "role":
            return False  # it goes where the words of its message went
        return scene.source == scene.target and self._places.holds(leaf.path, leaf.value)

    def _belongs(self, leaf: Leaf) -> bool:
        """Tell whether a leaf can be judged only by what stands beside it."""
        rows = leaf.node.rows
        if not rows or leaf.value is None or rows[0].setting or self._stays(leaf):
            return False
        if rows[0].name == "role":
            return self._places.looks
        return rows[0].note == "implied" and self._places.of(leaf.path) is None

    # One value ------------------------------------------------------------------------------

    def _judge(self, leaf: Leaf) -> ReportRow:
        path, value, rows = leaf.path, leaf.value, leaf.node.rows
        scene = self._scene
        row = rows[0] if rows else None
        if self._stays(leaf):
            return self._placed(path, value, row, path)
        left = leaf.node.left
        if left:
            return self._say("dropped", path, value, row, left, harmless=left in HARMLESS)
        if any(path == p or path.startswith((f"{p}.", f"{p}[")) for p in scene.about.unwanted):
            return self._say("dropped", path, value, row, "unwanted")
        if value is None:
            return self._say("retyped", path, value, row, "null")
        if row is None:
            if value in EMPTY:
                return self._say("retyped", path, value, row, "empty")
            return self._unknown(path, value)
        if path == "n" and "choices" in scene.ways:
            return self._say("emulated", path, value, row, "choices")
        place = self._places.of(path)
        if place is not None:
            return self._placed(path, value, self._places.row_of(path) or row, place)
        return self._unplaced(path, value, rows)

    def _unknown(self, path: str, value: Any) -> ReportRow:
        name = path.partition(".")[0].partition("[")[0]
        spoken = DIALECTS.get(self._scene.target)
        known = spoken is not None and name in spoken.settings.by_name
        return self._say("dropped", path, value, None, *(["top_level"] if known else []), "unknown")

    def _placed(self, path: str, value: Any, row: Field | None, place: str) -> ReportRow:
        self._scene.claim(place)
        sent = self._places.at(place)
        if same(sent, value):
            if path == "seed" and "choices" in self._scene.ways:
                outcome: Outcome = "kept" if path == place else "renamed"
                return self._say(outcome, path, value, row, "seed_each", target=place)
            if path == place:
                return self._say("kept", path, value, row, "kept", target=place)
            closer = self._closer(row)
            return self._say("renamed", path, value, row, *closer, "renamed", target=place)
        if row is not None and path == "prompt" and "choices" in self._scene.ways:
            return self._say("emulated", path, value, row, "choices", target=place)
        if self._is_written_out(row, value, sent):
            return self._say("emulated", path, value, row, *FLATTENED, target=place)
        return self._say("retyped", path, value, row, *self._closer(row), target=place)

    def _closer(self, row: Field | None) -> tuple[str, ...]:
        if row is None:
            return ()
        if row.name.endswith("model"):
            return ("model_alias",)
        if row.name in ("item.status", "item.id"):
            return ()
        if row.name == "role":
            return ("developer", "role_case", "role_function")
        if row.name == "image":
            return ("image_fetched", "image")
        if row.name == "tool_choice":
            return ("allowed_tools", "choice_form")
        return ("system_field", row.note) if row.note in ("blocks", "items") else (row.note,)

    def _is_written_out(self, row: Field | None, value: Any, sent: Any) -> bool:
        return (
            row is not None
            and row.name in _HISTORY
            and not self._scene.ways.isdisjoint(FLATTENED)
            and isinstance(sent, str)
            and len(sent) > len(str(value))
        )

    # What was not written ---------------------------------------------------------------------

    def _unplaced(self, path: str, value: Any, rows: list[Field]) -> ReportRow:
        row = rows[0]
        helped = self._helped(path, value, row)
        if helped is not None:
            return helped
        if row.name == "thinking" and self._true("retyped", path, value, row, "effort_unused"):
            return self._say("retyped", path, value, row, "effort_unused")
        if value in EMPTY and not row.setting:
            return self._say("retyped", path, value, row, "empty")
        if row.name.startswith("tools.") and self._true("retyped", path, value, row,
                                                        "tool_choice_native"):  # fmt: skip
            return self._say("retyped", path, value, row, "tool_choice_native")
        if row.name == "tool_choice" and self._true("retyped", path, value, row, "allowed_tools"):
            return self._say("retyped", path, value, row, "allowed_tools")
        if row.name == "max_tokens" and isinstance(value, int) and value < 0:
            return self._say("retyped", path, value, row, "unlimited")
        if self._true("retyped", path, value, row, "neutral"):
            note = "tool_choice_native" if row.name == "tool_choice" else "neutral"
            return self._say("retyped", path, value, row, note, "neutral")
        for meant in rows:
            if meant.note in _MEANT and self._true("retyped", path, value, meant, meant.note):
                return self._say("retyped", path, value, meant, meant.note)
        if value in EMPTY:
            return self._say("retyped", path, value, row, "empty")
        return self._lost(path, value, row)

    def _lost(self, path: str, value: Any, row: Field) -> ReportRow:
        notes = [_MISSED.get(row.name, row.note), "no_native", "no_openai"]
        if row.name == "tool_name":
            notes = ["participant"]
        elif row.name == "thinking":
            notes = ["superseded", "think_relaxed"]
        elif row.name.startswith("format"):
            notes = ["schema_unused", *notes]
        elif row.setting and not row.harmless:
            here = bool(self._scene.can_say(row.name))
            notes = ["superseded", "side_settings"] if here else ["no_native", "no_openai"]
            notes += ["no_openai"]
        elif ".summary[" in path:
            notes = ["summary_left_out"]
        elif row.name in _HISTORY:
            notes = (
                ["call_left_out", "call_in_words"] if row.name.startswith(("call", "tool")) else []
            )
            notes.append("side_messages")
        known = ["wrong_kind", *(name for name in notes if name)]
        return self._say("dropped", path, value, row, *known, harmless=row.harmless)

    def _helped(self, path: str, value: Any, row: Field) -> ReportRow | None:
        """Return the row of what stands in the words or the schema that a model is helped by."""
        scene = self._scene
        way = next((w for w in ("tools_emulated", "tool_choice_emulated") if w in scene.ways), "")
        if row.name == "thinking" and "think_nearest" in scene.ways:
            place = next((p for p in _EFFORTS if self._places.at(p) is not None), None)
            if place is not None:
                self._scene.claim(place)
            return self._say("emulated", path, value, row, "think_nearest", target=place)
        if path == "stream" and scene.helped:
            return self._say("emulated", path, value, row, "stream_replayed")
        if way and row.name in ("content", "content.text") and value and str(value) in self._told:
            # Said in another request that was made for the same call.
            return self._say("emulated", path, value, row, way)
        if not way or not row.name.startswith("tool"):
            return None
        if row.name == "tool_choice":
            name = _named(path, value)
            # The choice of a tool that is left out goes with it.
            if name and name not in self._told:
                return self._say("dropped", path, value, row)
            return self._say("emulated", path, value, row, way)
        if not row.name.startswith("tools."):
            return None
        if value in EMPTY:
            return self._say("retyped", path, value, row, "empty")
        if row.name in ("tools.type", "tools.strict"):
            return None
        names = list(value.get("properties") or {}) if isinstance(value, dict) else [value]
        if all(str(name) in self._told for name in names):
            return self._say("emulated", path, value, row, way)
        return self._say("dropped", path, value, row, "tools_left_out")

    # What belongs to others -------------------------------------------------------------------

    def _judge_member(self, leaf: Leaf) -> ReportRow:
        path, value, row = leaf.path, leaf.value, leaf.node.rows[0]
        if row.name == "role":
            return self._judge_role(path, value, row)
        beside = self._inside.get(path.rpartition(".")[0], [])
        said = [one for one in beside if one.note.key not in ("report.null", "report.empty")]
        # What says how to look at a picture goes with it, lost or not.
        lost = any(one.outcome == "dropped" for one in said)
        if lost and not any(one.target for one in said):
            return self._say("retyped", path, value, row, "kind_of_lost")
        return self._say("retyped", path, value, row, "implied")

    def _judge_role(self, path: str, value: Any, row: Field) -> ReportRow:
        homes = self._homes(path)
        equal = [place for place in homes if same(self._places.at(place), value)]
        alike = [p for p in homes if carries(row, value, self._places.at(p), self._scene)]
        if equal or alike:
            return self._placed(path, value, row, (equal or alike)[0])
        beside = self._inside.get(message_of(path), [])
        if any(one.outcome == "emulated" for one in beside):
            return self._say("emulated", path, value, row, *FLATTENED, *self._scene.ways)
        if homes:
            return self._say("retyped", path, value, row, "blocks", "items", "implied")
        if any(one.outcome == "dropped" for one in beside):
            return self._say(
                "dropped", path, value, row, "side_messages", "call_left_out", "call_in_words"
            )
        return self._say("retyped", path, value, row, "empty_message")

    def _homes(self, path: str) -> list[str]:
        """Return the roles of the messages that hold what is said beside a role."""
        homes = [f"{home}.role" for home in self._places.homes(path)]
        return [place for place in homes if self._places.at(place) is not None]

    # What was added ---------------------------------------------------------------------------

    def _added(self) -> Iterator[ReportRow]:
        """Yield one row per leaf of the written body that no leaf of the source explains."""
        for place, sent in self._places.written():
            if place not in self._scene.claimed:
                notes = _why_added(place)
                yield self._say("defaulted", None, None, None, *notes, target=place, sent=sent)

    # Saying it --------------------------------------------------------------------------------

    def _true(self, outcome: Outcome, path: str, value: Any, row: Field, note: str) -> bool:
        fact = Fact(outcome=outcome, path=path, value=value, target=None, sent=None, row=row,
                    scene=self._scene)  # fmt: skip
        return HOLDS[note](fact)

    def _say(
        self, outcome: Outcome, path: str | None, value: Any, row: Field | None, *notes: str,
        target: str | None = None, sent: Any = None, harmless: bool = False,
    ) -> ReportRow:  # fmt: skip
        """Return a row with the first of these sentences that is true of it."""
        if target is not None and sent is None:
            sent = self._places.at(target)
        fact = Fact(outcome=outcome, path=path, value=value, target=target, sent=sent, row=row,
                    scene=self._scene)  # fmt: skip
        note = next((n for n in notes if n and HOLDS[n](fact)), FALLBACKS[outcome])
        return ReportRow(
            path=path, outcome=outcome, target=target, note=NOTES[note], harmless=harmless
        )


def _named(path: str, value: Any) -> str:
    """Return the tool that a choice names, "" where it names none."""
    if isinstance(value, dict):
        inner = value.get("function", value)
        value = inner.get("name") if isinstance(inner, dict) else None
        return value if isinstance(value, str) else ""
    return value if path.endswith(".name") and isinstance(value, str) else ""


def _around(path: str) -> Iterator[str]:
    """Yield the places that a path is within: of ``a.b[0].c`` those are ``a.b[0]`` and ``a``."""
    while "." in path:
        path = path.rpartition(".")[0]
        yield path


def _why_added(place: str) -> tuple[str, ...]:
    if place == "raw":
        return ("raw_mode",)
    if place == "logprobs":
        return ("inserted", "logprobs_implied", "deployment_default")
    if place == "stream":
        return ("stream_default",)
    if place == "stream_options.include_usage":
        return ("usage_asked",)
    if place in ("think", "reasoning_effort"):
        return ("inserted", "thinking_off", "deployment_default")
    if place.endswith(".tool_name"):
        return ("tool_name_found",)
    if place.endswith((".id", ".tool_call_id")):
        return ("tool_call_id_found", "tool_call_id_made", "inserted")
    return ("deployment_default", "inserted", "required_there")


def _texts(*values: Any) -> str:
    """Return every text in some JSON, keys among it, to look for words in."""
    found: list[str] = []
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            found += map(str, value)
            waiting += value.values()
        elif isinstance(value, list | tuple):
            waiting += value
    return "\n".join(found)
