"""The state of the tool page of one owner: definitions and cases, as stored."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from core.errors import InvalidRequest
from core.tools.cases.examples import EXAMPLES, example_tool
from core.tools.cases.values import Case
from core.tools.definitions.values import Definition
from core.tools.toolbox import Toolbox

_MOST = 2_000_000
"""Characters that are kept for one owner."""


class Workbench(Struct, frozen=True, kw_only=True):
    """Definitions, in the order in which they are shown to a model, and cases for them.

    ``off`` are the names of tools that are stored but not shown to a model.
    """

    definitions: tuple[Definition, ...] = ()
    cases: tuple[Case, ...] = ()
    off: tuple[str, ...] = ()

    @property
    def on(self) -> tuple[Definition, ...]:
        """The definitions that a model is shown."""
        return tuple(one for one in self.definitions if one.tool.name not in self.off)

    def put(self, place: int, definition: Definition) -> Workbench:
        """Return a copy with one definition replaced."""
        new = list(self.definitions)
        new[place] = definition
        return replace(self, definitions=tuple(new))

    def add(self, added: Sequence[Definition]) -> Workbench:
        """Return a copy with more definitions; one with a known name replaces the old one."""
        new = {one.tool.name: one for one in (*self.definitions, *added)}
        return replace(self, definitions=tuple(new.values()))

    def duplicate(self, place: int) -> Workbench:
        """Return a copy in which a definition is duplicated under a new name."""
        old = self.definitions[place]
        names = {one.tool.name for one in self.definitions}
        number = next(n for n in range(2, len(names) + 3) if f"{old.tool.name}_{n}" not in names)
        twin = replace(old, tool=replace(old.tool, name=f"{old.tool.name}_{number}"), original={})
        new = list(self.definitions)
        new.insert(place + 1, twin)
        return replace(self, definitions=tuple(new))

    def drop(self, place: int) -> Workbench:
        """Return a copy without a definition."""
        kept = (one for number, one in enumerate(self.definitions) if number != place)
        return replace(self, definitions=tuple(kept))


def new_workbench(toolbox: Toolbox, *, language: str) -> Workbench:
    """Return the initial state: the example tools and a case of each kind."""
    names = dict.fromkeys(name for example in EXAMPLES for name in example.tools)
    return Workbench(
        definitions=tuple(
            Definition(tool=example_tool(tool, language))
            for tool in toolbox.tools
            if tool.name in names
        ),
        cases=tuple(example.case(language) for example in EXAMPLES),
    )


def read_workbench(text: str) -> Workbench:
    """Return what ``write_workbench`` wrote. Raises InvalidRequest for anything else."""
    try:
        return msgspec.json.decode(text, type=Workbench)
    except msgspec.DecodeError as exc:
        raise InvalidRequest(f"what was kept cannot be read: {exc}") from exc


def write_workbench(bench: Workbench) -> str:
    """Return it as JSON text. Raises InvalidRequest if it is too large."""
    text = msgspec.json.encode(bench).decode()
    if len(text) > _MOST:
        raise InvalidRequest(f"tools and cases together are longer than {_MOST} characters")
    return text
