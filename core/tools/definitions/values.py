"""The values of definitions, independent of their format."""

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
"""The formats that definitions can be written in; ``openapi`` and ``curl`` are only read."""


class Definition(Struct, frozen=True, kw_only=True):
    """A tool, and what its format contains beyond that.

    ``original`` has, by format, the definition as it was written: keys that a Tool cannot hold are
    written back from it. ``source`` is the Python text that holds the function, ``http`` the
    request that a call makes.
    """

    tool: Tool
    source: str = ""
    http: HttpTemplate | None = None
    original: Mapping[str, Any] = field(default_factory=dict)


class Remark(Struct, frozen=True):
    """A remark about a text that was read: a path in the text, and a note."""

    path: str
    note: Note


class Parsed(Struct, frozen=True, kw_only=True):
    """The format of a text, the definitions in it, and remarks."""

    format: Format
    definitions: tuple[Definition, ...]
    remarks: tuple[Remark, ...] = ()

    @property
    def tools(self) -> tuple[Tool, ...]:
        """The definitions as the hub holds them."""
        return tuple(definition.tool for definition in self.definitions)
