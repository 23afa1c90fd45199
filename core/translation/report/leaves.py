"""The values of a body one by one, each with the rows of FIELDS that say what it is."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from msgspec import Struct

from core.translation.codec.json_paths import join
from core.translation.dialects.registry import FIELDS, derived
from core.translation.fields.allowed_tools import mark_barred
from core.translation.fields.field import Field
from core.translation.fields.kinds import KINDS, left_out, part_kind


class _Node(Struct, eq=False):
    """One step in a path pattern, with the rows that end here. ``item`` stands for ``[]``.

    ``dialect`` is set where things of several kinds stand, ``kinds`` are the steps of those that
    have rows of their own; ``left`` is the note of one that is left out.
    """

    pattern: str = ""
    rows: list[Field] = []
    opaque: bool = False
    dialect: str = ""
    left: str = ""
    children: dict[str, _Node] = {}
    kinds: dict[str, _Node] = {}
    item: _Node | None = None


class Leaf(Struct, frozen=True, gc=False):
    """One value of a body, and the node of the pattern that its path fits.

    ``numbers`` are the indices in its path as they are once nothing is there that is left out.
    """

    path: str
    numbers: tuple[int, ...]
    value: Any
    node: _Node


@derived
def pattern_tree(dialect: str) -> _Node:
    root = _Node()
    for row in sorted(FIELDS, key=lambda row: row.alias):
        if dialect not in row.paths:
            continue
        node = root
        for step in row.paths[dialect].split("."):
            name, _, kind = step.rstrip("]").partition("[")
            pattern = f"{node.pattern}.{name}" if node.pattern else name
            node = node.children.setdefault(name, _Node(pattern))
            if step.endswith("]"):
                node = _item(node, kind, dialect)
        node.rows.append(row)
        node.opaque = node.opaque or row.opaque
    return root


def _item(node: _Node, kind: str, dialect: str) -> _Node:
    """Return the step into the items of a list, or into those of one kind."""
    pattern = f"{node.pattern}[]"
    if node.item is None:
        node.item = _Node(pattern)
        node.item.dialect = dialect if pattern in KINDS.get(dialect, ()) else ""
    return node.item.kinds.setdefault(kind, _Node(pattern)) if kind else node.item


_UNKNOWN = _Node()


def leaves(body: Any, dialect: str) -> list[Leaf]:
    """Return the leaves of a body; what no row names and what is opaque is not looked into."""
    seen = mark_barred(body) if isinstance(body, dict) else body
    found: list[Leaf] = []
    _add(found, seen, "", (), pattern_tree(dialect))
    return found


@lru_cache
def _left(note: str) -> _Node:
    node = _Node()
    node.left = note
    return node


def _add(found: list[Leaf], value: Any, path: str, numbers: tuple[int, ...], node: _Node) -> None:
    if not node.opaque and isinstance(value, dict) and value:
        _add_object(found, value, path, numbers, node)
    elif not node.opaque and isinstance(value, list) and value:
        _add_list(found, value, path, numbers, node)
    elif path:
        found.append(Leaf(path, numbers, value, node))


def _add_object(
    found: list[Leaf], value: dict[str, Any], path: str, numbers: tuple[int, ...], node: _Node
) -> None:
    if _is_one(value, node) or not (node.children or node.kinds):
        found.append(Leaf(path, numbers, value, node))
        return
    own = node.kinds.get(str(part_kind(value)), node) if node.kinds else node
    for key, item in value.items():
        child = own.children.get(key) or node.children.get(key)
        if child is None:
            found.append(Leaf(join(path, key), numbers, item, _UNKNOWN))
            continue
        here = f"{path}.{key}" if path else key
        if isinstance(item, str):  # as most are
            found.append(Leaf(here, numbers, item, child))
        else:
            _add(found, item, here, numbers, child)


def _add_list(
    found: list[Leaf], value: list[Any], path: str, numbers: tuple[int, ...], node: _Node
) -> None:
    inner, place = node.item, 0
    texts = bool(node.rows) and node.rows[0].kind == "strings"
    if texts and not all(isinstance(item, str) for item in value):
        for index, item in enumerate(value):
            found.append(Leaf(f"{path}[{index}]", numbers, item, node))
    elif inner is None:
        found.append(Leaf(path, numbers, value, node))
    else:
        for index, item in enumerate(value):
            here, mine = f"{path}[{index}]", (*numbers, place)
            note = left_out(inner.dialect, inner.pattern, item) if inner.dialect else ""
            if note:
                # What is left out takes no place in what is written.
                found.append(Leaf(here, mine, item, _left(note)))
            else:
                _add(found, item, here, mine, inner)
                place += 1


def _is_one(value: dict[str, Any], node: _Node) -> bool:
    """Tell whether an object is one value: a row names its place, and none what is in it."""
    return bool(node.rows) and not node.kinds and node.children.keys().isdisjoint(value)


# Most requests have the same places.
@lru_cache(maxsize=8192)
def fill(pattern: str, numbers: tuple[int, ...]) -> str:
    """Return a pattern with numbers in its brackets; nothing where it has more than there are."""
    first, *pieces = pattern.split("[]")
    if len(pieces) > len(numbers):
        return ""
    return first + "".join(f"[{n}]{piece}" for n, piece in zip(numbers, pieces, strict=False))
