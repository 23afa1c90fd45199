"""Field: one idea of a request body, with its name in each dialect. Columns: one dialect's names.

The rows that Ollama's chat and OpenAI's have in common stand in ``chat``; what another dialect
calls them, and the rows that only it has, are its Columns, in its own folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from core.translation.codec.kinds import ValueKind

COMMON: Literal["openai"] = "openai"
"""The dialect whose names the hub has. What is written for no client in particular is in it."""


class Field(Struct, frozen=True, kw_only=True):
    """One row. ``note`` names the reason, in NOTES, for what is not simply kept.

    ``setting``: a flat value, read and written from this table. ``alias``: a second place from
    which it is read. ``extension``: no part of OpenAI's API, yet sent to servers known to take
    it. ``retyped``: said in another form there. ``opaque``: carried whole, never looked into.
    ``neutral`` values say no more than leaving the field out does. ``harmless``: the content of
    the answer does not depend on it, so losing it is reported but no reason to refuse.
    """

    name: str
    paths: Mapping[str, str]
    kind: ValueKind = "any"
    setting: bool = False
    alias: bool = False
    extension: bool = False
    retyped: bool = False
    opaque: bool = False
    neutral: tuple[Any, ...] = ()
    harmless: bool = False
    note: str = ""


class Columns(Struct, frozen=True, kw_only=True):
    """How one dialect writes the rows of the table.

    ``follows``: its flat settings have the names of chat completions, but for those that it has
    ``renamed`` and those that are ``taken``: they mean something else there, and are read by
    code. ``same`` gives its places of other rows, by a row's name. ``standard`` are the settings
    that it has itself, all others being extensions; None where each row says so. ``native``: it
    has a place for every setting of its column. ``winner``: of two names for ``max_tokens`` the
    one that counts. ``rows`` are those that no other dialect's columns hold.
    """

    dialect: str
    follows: bool = False
    renamed: Mapping[str, str] = {}
    taken: frozenset[str] = frozenset()
    same: Mapping[str, str] = {}
    standard: frozenset[str] | None = None
    native: bool = False
    winner: str = ""
    rows: tuple[Field, ...] = ()

    def added_to(self, rows: Iterable[Field]) -> tuple[Field, ...]:
        """Return ``rows`` with this dialect's names in them."""
        return tuple(self._named(row) for row in rows)

    def _named(self, row: Field) -> Field:
        path = row.paths.get(COMMON, "")
        own = ""
        if row.setting and path and self.follows:
            own = path if row.alias else self.renamed.get(row.name, path)
            if own in self.taken or (row.alias and own in self.renamed.values()):
                own = ""
        elif not row.setting and not row.alias:
            own = self.same.get(row.name, "")
        return replace(row, paths={**row.paths, self.dialect: own}) if own else row


def own_rows(dialect: str, name: str, *places: str, **more: Any) -> list[Field]:
    """Return rows that say what places of a dialect mean; other rows say where it goes."""
    return [Field(name=name, paths={dialect: path}, alias=True, **more) for path in places]


def chat_row(name: str, *, ollama: str = "", openai: str = "", **more: Any) -> Field:
    """A row of what the dialect modules do by code."""
    paths = {"ollama": ollama, "openai": openai}
    return Field(name=name, paths={key: path for key, path in paths.items() if path}, **more)


def other_rows(name: str, native: str, *places: str, **more: Any) -> list[Field]:
    """Return rows of further places of chat completions for what is ``native`` in Ollama's."""
    return [chat_row(name, ollama=native, openai=place, alias=True, **more) for place in places]


def same_row(name: str, path: str, **more: Any) -> Field:
    return chat_row(name, ollama=path, openai=path, **more)
