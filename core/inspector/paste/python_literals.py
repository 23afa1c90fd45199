"""Evaluates literal values in Python source without running it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from contextlib import suppress
from typing import Any

NOT_KNOWN = object()
"""Stands for a value that is not literal."""

_LONGEST = 1 << 20
# What returns the value that it is given, in another form.
_READ_THROUGH = ("json.dumps", "orjson.dumps", "json.loads", "json.load")


class NotLiteral(Exception):
    """A value that is not literal; ``line`` counts from 1."""

    def __init__(self, node: ast.AST) -> None:
        super().__init__(ast.unparse(node)[:60])
        self.line = getattr(node, "lineno", 1)


class Names:
    """The names of a program with literal values."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._readers: dict[type[ast.AST], Callable[[Any], Any]] = {
            ast.Constant: _constant,
            ast.Name: self._name,
            ast.Dict: self._dict,
            ast.List: self._items,
            ast.Tuple: self._items,
            ast.Set: self._items,
            ast.JoinedStr: self._joined,
            ast.UnaryOp: self._minus,
            ast.BinOp: self._binary,
            ast.Call: self._call,
            ast.Subscript: self._subscript,
        }

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        """Record an assignment to a name, or to a key of a known dict."""
        if isinstance(target, ast.Name):
            try:
                self._values[target.id] = self.value(value)
            except NotLiteral:
                self._values[target.id] = NOT_KNOWN
        elif isinstance(target, ast.Subscript):
            with suppress(NotLiteral, TypeError, KeyError, IndexError):
                self.value(target.value)[self.value(target.slice)] = self.value(value)
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for one, other in zip(target.elts, value.elts, strict=False):
                self.assign(one, other)

    def change(self, call: ast.Call) -> None:
        """Apply ``list.append``, ``list.extend`` and ``dict.update`` to known values."""
        if not isinstance(call.func, ast.Attribute):
            return
        try:
            held = self.value(call.func.value)
            if isinstance(held, list) and call.func.attr in ("append", "extend") and call.args:
                getattr(held, call.func.attr)(self.value(call.args[0]))
            elif isinstance(held, dict) and call.func.attr == "update":
                for argument in call.args:
                    held.update(self.value(argument))
                held.update({k.arg: self.value(k.value) for k in call.keywords if k.arg})
        except (NotLiteral, TypeError, ValueError):
            return

    def value(self, node: ast.expr) -> Any:
        """Return the value of an expression. Raises NotLiteral."""
        reader = self._readers.get(type(node))
        if reader is None:
            raise NotLiteral(node)
        return reader(node)

    def _name(self, node: ast.Name) -> Any:
        value = self._values.get(node.id, NOT_KNOWN)
        if value is NOT_KNOWN:
            raise NotLiteral(node)
        return value

    def _dict(self, node: ast.Dict) -> Any:
        found: dict[Any, Any] = {}
        for key, item in zip(node.keys, node.values, strict=True):
            if key is None:
                found.update(self._mapping(item))
            else:
                found[self._hashable(key)] = self.value(item)
        return found

    def _hashable(self, node: ast.expr) -> Any:
        key = self.value(node)
        if not isinstance(key, str | int | float | bool | None):
            raise NotLiteral(node)
        return key

    def _mapping(self, node: ast.expr) -> dict[Any, Any]:
        value = self.value(node)
        if not isinstance(value, dict):
            raise NotLiteral(node)
        return value

    def _items(self, node: ast.List | ast.Tuple | ast.Set) -> Any:
        found: list[Any] = []
        for item in node.elts:
            if isinstance(item, ast.Starred):
                held = self.value(item.value)
                if not isinstance(held, list):
                    raise NotLiteral(item)
                found.extend(held)
            else:
                found.append(self.value(item))
        return found

    def _joined(self, node: ast.JoinedStr) -> Any:
        parts = []
        for part in node.values:
            inner = part.value if isinstance(part, ast.FormattedValue) else part
            if isinstance(part, ast.FormattedValue) and (part.format_spec or part.conversion > 0):
                raise NotLiteral(node)
            parts.append(str(self.value(inner)))
        return "".join(parts)

    def _minus(self, node: ast.UnaryOp) -> Any:
        value = self.value(node.operand)
        if not isinstance(node.op, ast.USub | ast.UAdd) or not isinstance(value, int | float):
            raise NotLiteral(node)
        return -value if isinstance(node.op, ast.USub) else value

    def _binary(self, node: ast.BinOp) -> Any:
        left: Any = self.value(node.left)
        right: Any = self.value(node.right)
        if isinstance(node.op, ast.BitOr) and isinstance(left, dict) and isinstance(right, dict):
            return {**left, **right}
        joinable = isinstance(left, str | list) and type(left) is type(right)
        if joinable and isinstance(node.op, ast.Add) and len(left) + len(right) <= _LONGEST:
            return left + right
        if all(isinstance(side, int | float) and abs(side) < 1 << 31 for side in (left, right)):
            if isinstance(node.op, ast.Add):
                return left + right
            if isinstance(node.op, ast.Mult):
                return left * right
        raise NotLiteral(node)

    def _call(self, node: ast.Call) -> Any:
        name = ast.unparse(node.func)
        if name.endswith(_READ_THROUGH) or name in ("dumps", "str", "int", "float", "list"):
            return self.value(node.args[0]) if node.args else None
        if name == "dict":
            found = {}
            for argument in node.args:
                found.update(self._mapping(argument))
            for keyword in node.keywords:
                if keyword.arg is None:
                    found.update(self._mapping(keyword.value))
                else:
                    found[keyword.arg] = self.value(keyword.value)
            return found
        if name.endswith((".encode", ".strip", ".copy", ".lstrip", ".rstrip")):
            assert isinstance(node.func, ast.Attribute)
            value = self.value(node.func.value)
            return value.strip() if name.endswith("strip") and isinstance(value, str) else value
        if name in ("os.getenv", "getenv", "os.environ.get") and len(node.args) > 1:
            return self.value(node.args[1])
        raise NotLiteral(node)

    def _subscript(self, node: ast.Subscript) -> Any:
        if ast.unparse(node.value) in ("os.environ", "environ"):
            raise NotLiteral(node)  # a secret
        try:
            return self.value(node.value)[self.value(node.slice)]
        except (TypeError, KeyError, IndexError) as exc:
            raise NotLiteral(node) from exc


def _constant(node: ast.Constant) -> Any:
    if node.value is Ellipsis:
        raise NotLiteral(node)
    return node.value.decode("utf-8", "replace") if isinstance(node.value, bytes) else node.value
