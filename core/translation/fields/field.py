"""Field: one idea of a request body, with its name in each dialect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from core.translation.codec.kinds import Kind

__all__ = ["Field"]


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
    kind: Kind = "any"
    setting: bool = False
    alias: bool = False
    extension: bool = False
    retyped: bool = False
    opaque: bool = False
    neutral: tuple[Any, ...] = ()
    harmless: bool = False
    note: str = ""
