"""What a definition is once it has been read, whatever it was written in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct, field

from core.note import Note
from core.tools.http_template import HttpTemplate
from core.translation.messages import Tool

Format = Literal[
    "openai", "responses", "ollama", "anthropic", "mcp", "bfcl", "python", "openapi", "curl"
]
FORMATS: tuple[Format, ...] = (
    "openai", "responses", "ollama", "anthropic", "mcp", "bfcl", "python",
)  # fmt: skip
"""Those that every definition can be written in; ``openapi`` and ``curl`` are only read."""


class Definition(Struct, frozen=True, kw_only=True):
    """A tool, and what its own format says of it besides.

    ``original`` holds, by format, the definition as it was written there: keys that a Tool has
    no place for are written back from it. ``source`` is the Python text that holds the
    function, ``http`` the request that a call makes.
    """

    tool: Tool
    source: str = ""
    http: HttpTemplate | None = None
    original: Mapping[str, Any] = field(default_factory=dict)


class Remark(Struct, frozen=True):
    """Something to know about what was read: where (a path in the text), and why."""

    path: str
    note: Note


class Parsed(Struct, frozen=True, kw_only=True):
    """What a text was found to be, the definitions in it, and what there is to know of them."""

    format: Format
    definitions: tuple[Definition, ...]
    remarks: tuple[Remark, ...] = ()

    @property
    def tools(self) -> tuple[Tool, ...]:
        """The definitions as the hub holds them."""
        return tuple(definition.tool for definition in self.definitions)
