"""Diglot's programs as trees, parsed once for all tests that look at them: it takes seconds."""

from __future__ import annotations

import ast
import functools
import gc
from pathlib import Path

__all__ = ["ROOT", "Source", "sources"]

ROOT = Path(__file__).parent.parent.parent


class Source:
    """A program's nodes, in the order in which ``ast.walk`` meets them."""

    def __init__(self, path: Path) -> None:
        self.path = path.relative_to(ROOT).as_posix()
        self.nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))

    @functools.cached_property
    def strings(self) -> set[str]:
        """Its texts, those aside that are docstrings."""
        docs = {
            id(node.body[0].value)
            for node in self.nodes
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        return {
            node.value
            for node in self.nodes
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docs
        }

    @functools.cached_property
    def modules(self) -> set[str]:
        """The top-level modules that it imports."""
        found = set()
        for node in self.nodes:
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add((node.module or "").split(".")[0])
        return found


@functools.cache
def _source(path: Path) -> Source:
    return Source(path)


def sources(*places: str) -> list[Source]:
    """Return the programs in these folders, or of these names."""
    paths = (ROOT / place for place in places)
    files = [sorted(path.rglob("*.py")) if path.is_dir() else [path] for path in paths]
    # Nothing here is garbage: to look for it takes longer than to parse, now and in later tests.
    gc.disable()
    try:
        return [_source(path) for some in files for path in some]
    finally:
        gc.freeze()
        gc.enable()
