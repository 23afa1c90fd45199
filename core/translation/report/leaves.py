"""The values of a body one by one, each with the rows of FIELDS that say what it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from core.translation.codec.json_paths import join
from core.translation.dialects.registry import FIELDS, derived
from core.translation.fields.field import Field

__all__ = ["Leaf", "fill", "leaves"]


class _Node:
    """One step in a path pattern, with the rows that end here. ``item`` stands for ``[]``."""

    __slots__ = ("children", "item", "opaque", "pattern", "rows")

    def __init__(self, pattern: str = "") -> None:
        self.pattern = pattern
        self.rows: list[Field] = []
        self.opaque = False
        self.children: dict[str, _Node] = {}
        self.item: _Node | None = None


class Leaf(NamedTuple):
    """One value of a body, the indices in its path, and the node of the pattern it fits."""

    path: str
    numbers: tuple[int, ...]
    value: Any
    node: _Node


@derived
def _pattern_tree(dialect: str) -> _Node:
    root = _Node()
    for row in sorted(FIELDS, key=lambda row: row.alias):
        if dialect not in row.paths:
            continue
        node = root
        for step in row.paths[dialect].split("."):
            name = step.removesuffix("[]")
            pattern = f"{node.pattern}.{name}" if node.pattern else name
            node = node.children.setdefault(name, _Node(pattern))
            if step.endswith("[]"):
                node.item = node.item or _Node(f"{pattern}[]")
                node = node.item
        node.rows.append(row)
        node.opaque = node.opaque or row.opaque
    return root


_UNKNOWN = _Node()


def leaves(body: Any, dialect: str) -> Iterator[Leaf]:
    """Yield the leaves of a body; what no row names and what is opaque is not looked into."""
    return _below(body, "", (), _pattern_tree(dialect))


def _below(value: Any, path: str, numbers: tuple[int, ...], node: _Node) -> Iterator[Leaf]:
    if node.opaque or not isinstance(value, dict | list) or not value:
        if path:
            yield Leaf(path, numbers, value, node)
    elif isinstance(value, dict) and node.children:
        for key, item in value.items():
            child = node.children.get(key)
            if child is None:
                yield Leaf(join(path, key), numbers, item, _UNKNOWN)
            else:
                yield from _below(item, f"{path}.{key}" if path else key, numbers, child)
    elif isinstance(value, list) and node.item is not None:
        for index, item in enumerate(value):
            yield from _below(item, f"{path}[{index}]", (*numbers, index), node.item)
    else:
        yield Leaf(path, numbers, value, node)


def fill(pattern: str, numbers: tuple[int, ...]) -> str:
    first, *pieces = pattern.split("[]")
    if len(pieces) > len(numbers):
        return ""
    return first + "".join(f"[{n}]{piece}" for n, piece in zip(numbers, pieces, strict=False))
