"""Reads type hints from source without running it: from syntax trees to types.

Known are the names in the table below and classes of the text itself, which are rebuilt from their
fields. Nothing of the text is executed or imported.
"""

from __future__ import annotations

import ast
import collections.abc
import datetime
import decimal
import enum
import types
import typing
import uuid
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Optional, Union

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, create_model

from core.errors import InvalidRequest

_KNOWN: Mapping[str, Any] = {
    **{t.__name__: t for t in (str, int, float, bool, bytes, list, dict, tuple, set, frozenset)},
    "None": None, "object": Any, "Any": Any, "Optional": Optional, "Union": Union,
    "Literal": Literal, "Annotated": Annotated, "List": list, "Dict": dict, "Tuple": tuple,
    "Set": set, "FrozenSet": frozenset, "Sequence": collections.abc.Sequence,
    "Iterable": collections.abc.Iterable, "Mapping": collections.abc.Mapping,
    "datetime": datetime.datetime, "date": datetime.date, "time": datetime.time,
    "timedelta": datetime.timedelta, "Decimal": decimal.Decimal, "UUID": uuid.UUID,
    "Required": typing.Required, "NotRequired": typing.NotRequired,
}  # fmt: skip
_MODULES = ("typing", "typing_extensions", "datetime", "decimal", "uuid", "pydantic", "enum",
            "collections.abc", "collections", "abc", "t", "dt")  # fmt: skip
_DEEPEST = 40
_FIELD_WORDS = frozenset(
    "default alias title description examples gt ge lt le multiple_of pattern min_length "
    "max_length strict json_schema_extra".split()
)
_BASES = ("TypedDict", "BaseModel", "Enum", "StrEnum", "IntEnum", "NamedTuple")


def literal(node: ast.AST) -> Any:
    """Return the value of a literal. Raises InvalidRequest for anything else."""
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as exc:
        raise _unreadable(node, "only a literal value can stand here") from exc


class TypeReader:
    """Reads the annotations of one text; ``add`` registers the names that the text defines."""

    def __init__(self) -> None:
        self._own: dict[str, Any] = {}

    def add(self, node: ast.stmt) -> bool:
        """Register a class or a type alias; tell whether the statement was one."""
        if isinstance(node, ast.ClassDef):
            self._own[node.name] = self._class(node)
            return True
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name, value = node.targets[0].id, node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            name, value = node.target.id, node.value
        else:
            return False
        try:
            self._own[name] = self.read(value)
        except InvalidRequest:
            return False
        return True

    def read(self, node: ast.AST, depth: int = _DEEPEST) -> Any:
        """Return the type that an annotation names. Raises InvalidRequest with its line."""
        if depth == 0:
            raise _unreadable(node, "this type is nested too deeply")
        if isinstance(node, ast.Constant):
            return self._constant(node, depth)
        if isinstance(node, ast.Name | ast.Attribute):
            return self._name(node)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            left, right = self.read(node.left, depth - 1), self.read(node.right, depth - 1)
            return Union[left, right]  # noqa: UP007  # | is not defined between all of these
        if isinstance(node, ast.Subscript):
            return self._subscript(node, depth)
        raise _unreadable(node, "this is not a type hint")

    def value(self, node: ast.AST) -> Any:
        """Return a default: a literal, or a member of one of the text's enums."""
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = self._own.get(node.value.id)
            if isinstance(owner, enum.EnumMeta) and node.attr in owner.__members__:
                return owner.__members__[node.attr]
        return literal(node)

    def field(self, node: ast.Call) -> Any:
        """Return pydantic's object for ``Field(...)`` or ``WithJsonSchema(...)``."""
        called = _spelled(node.func).rpartition(".")[2]
        if called == "WithJsonSchema" and len(node.args) == 1 and not node.keywords:
            return WithJsonSchema(literal(node.args[0]))
        if called != "Field":
            raise _unreadable(node, "only Field(...) can be called here")
        words = {k.arg: self.value(k.value) for k in node.keywords if k.arg in _FIELD_WORDS}
        if len(words) != len(node.keywords):
            known = ", ".join(sorted(_FIELD_WORDS))
            raise _unreadable(node, f"Field takes only these words here: {known}")
        ellipsis = node.args and isinstance(node.args[0], ast.Constant) and (
            node.args[0].value is ...)  # fmt: skip
        if node.args and not ellipsis:
            words["default"] = self.value(node.args[0])
        build: Callable[..., Any] = Field
        return build(**words)

    def _constant(self, node: ast.Constant, depth: int) -> Any:
        if node.value is None or node.value is ...:
            return node.value
        if not isinstance(node.value, str):
            raise _unreadable(node, "this is not a type hint")
        try:
            inner = ast.parse(node.value, mode="eval").body
        except (SyntaxError, ValueError, MemoryError, RecursionError) as exc:
            raise _unreadable(node, "this is not a type hint") from exc
        return self.read(inner, depth - 1)

    def _name(self, node: ast.AST) -> Any:
        name = _spelled(node)
        module, _, last = name.rpartition(".")
        if not module and name in self._own:
            return self._own[name]
        if last in _KNOWN and (not module or module in _MODULES):
            return _KNOWN[last]
        raise _unreadable(
            node,
            f"the type {name} is not known here; use Python's own types, typing's, or a class "
            "(TypedDict, dataclass, Enum, BaseModel) written above the function",
        )

    def _subscript(self, node: ast.Subscript, depth: int) -> Any:
        outer = self.read(node.value, depth - 1)
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if outer is Literal:
            return Literal[tuple(self.value(n) for n in inner)]
        if outer is Annotated:
            said = [self._said(n) for n in inner[1:]]
            return Annotated[(self.read(inner[0], depth - 1), *said)]
        if outer in (Any, None) or (isinstance(outer, type) and outer in _PLAIN):
            raise _unreadable(node, f"{_spelled(node.value)} takes no [...]")
        arguments = tuple(self.read(n, depth - 1) for n in inner)
        try:
            return outer[arguments if len(arguments) > 1 else arguments[0]]
        except (TypeError, KeyError) as exc:
            raise _unreadable(node, f"this type hint is not right: {exc}") from exc

    def _said(self, node: ast.AST) -> Any:
        """Read the metadata of Annotated: a text is a description, as in PEP 727."""
        if isinstance(node, ast.Call):
            return self.field(node)
        said = literal(node)
        return Field(description=said) if isinstance(said, str) else said

    def _class(self, node: ast.ClassDef) -> Any:
        bases = [_spelled(base).rpartition(".")[2] for base in node.bases]
        fields = [n for n in node.body if isinstance(n, ast.AnnAssign)]
        if any(base.endswith("Enum") for base in bases):
            members = [
                (n.targets[0].id, literal(n.value))
                for n in node.body
                if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name)
            ]
            made: Any = enum.Enum(node.name, members)  # type: ignore[misc]  # made from the text
            made.__doc__ = ast.get_docstring(node)
            return made
        decorated = any("dataclass" in _spelled(d) for d in node.decorator_list)
        strange = [b for b in bases if b not in _BASES and b not in self._own]
        if strange or not (bases or decorated):
            wanted = ", ".join(_BASES)
            raise _unreadable(node, f"a class must be a dataclass or one of: {wanted}")
        partial = any(k.arg == "total" and literal(k.value) is False for k in node.keywords)
        described = {name: self._field(n, partial=partial)
                     for n in fields for name in [_spelled(n.target)]}  # fmt: skip
        parents = [self._own[b] for b in bases if b in self._own]
        for parent in parents:
            if not (isinstance(parent, type) and issubclass(parent, BaseModel)):
                raise _unreadable(node, "a class cannot inherit from this")
        build: Any = create_model
        config = {} if parents else {"__config__": ConfigDict(extra="ignore")}
        base = {"__base__": tuple(parents)} if parents else {}
        doc = ast.get_docstring(node)
        return build(node.name, __doc__=doc, **config, **base, **described)

    def _field(self, node: ast.AnnAssign, *, partial: bool) -> tuple[Any, Any]:
        kind = self.read(node.annotation)
        outer = typing.get_origin(kind)
        optional = outer is typing.NotRequired or (partial and outer is not typing.Required)
        if outer in (typing.NotRequired, typing.Required):
            (kind,) = typing.get_args(kind)
        if isinstance(node.value, ast.Call):
            called = _spelled(node.value.func).rpartition(".")[2]
            return kind, self._factory(node.value) if called == "field" else self.field(node.value)
        if node.value is not None:
            return kind, self.value(node.value)
        if optional:
            # An optional key has no default in the schema: it is just not required.
            return kind, Field(default_factory=lambda: None)
        return kind, ...

    def _factory(self, node: ast.Call) -> Any:
        """Read a dataclass's ``field(...)``."""
        words = {k.arg: k.value for k in node.keywords}
        if "default" in words:
            return self.value(words["default"])
        return Field(default_factory=dict) if "default_factory" in words else ...


_PLAIN = frozenset({str, int, float, bool, bytes, types.NoneType, datetime.datetime, datetime.date})


def _spelled(node: ast.AST) -> str:
    try:
        return ast.unparse(node)
    except (ValueError, RecursionError):
        return "…"


def _unreadable(node: ast.AST, why: str) -> InvalidRequest:
    line = getattr(node, "lineno", 0)
    return InvalidRequest(f"line {line}: {_spelled(node):.80}: {why}", path=f"line {line}")
