"""Tools from Python source, read without running any of it.

The functions of the text become stubs with the same signature and docstring, and the same reader
that reads live functions (``core.tools.schema``) makes their schemas: so pasted and registered
functions get the same schema. Functions whose name begins with ``_`` are helpers; a signature
without a body is a definition alone, without source.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable
from typing import Any

from core.errors import InvalidRequest
from core.tools.definitions.python_types import TypeReader
from core.tools.definitions.remarks import REMARKS
from core.tools.definitions.values import Definition, Parsed, Remark
from core.tools.schema import tool_from_function

MAX_SOURCE = 100_000
"""Characters of source that are read."""


def parse_python(text: str) -> Parsed:
    """Return a tool for each function of a text. Raises InvalidRequest with the line."""
    tree = read_tree(text)
    reader = TypeReader()
    remarks: list[Remark] = []
    definitions = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if node.name.startswith("_"):
                continue
            if node.decorator_list:
                remarks.append(Remark(f"line {node.lineno}", REMARKS["decorator"]))
            tool = tool_from_function(_stub(node, reader))
            definitions.append(Definition(tool=tool, source=text if _does(node) else ""))
        elif not reader.add(node) and not _harmless(node):
            remarks.append(Remark(f"line {node.lineno}", REMARKS["not_read"]))
    if not definitions:
        raise InvalidRequest("there is no function in this text; write def name(...): first")
    return Parsed(format="python", definitions=tuple(definitions), remarks=tuple(remarks))


def read_tree(text: str) -> ast.Module:
    """Return the syntax tree of a text. Raises InvalidRequest with the line."""
    if len(text) > MAX_SOURCE:
        raise InvalidRequest(f"the source is longer than {MAX_SOURCE} characters")
    try:
        return ast.parse(text)
    except SyntaxError as exc:
        line = exc.lineno or 0
        raise InvalidRequest(f"line {line}: {exc.msg}", path=f"line {line}") from exc
    except (ValueError, MemoryError, RecursionError) as exc:
        raise InvalidRequest("the source cannot be read: it is nested too deeply") from exc


def source_lines(text: str) -> list[str]:
    """Return the lines of a text as Python counts them; str.splitlines splits at more."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _stub(node: ast.FunctionDef | ast.AsyncFunctionDef, reader: TypeReader) -> Any:
    """Return an empty function with the signature and docstring of ``node``."""

    def stub() -> None:
        """Stand in for a function."""

    parameters = list(_parameters(node, reader))
    stub.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # inspect reads it
    stub.__name__ = node.name
    stub.__doc__ = ast.get_docstring(node)
    return stub


def _parameters(
    node: ast.FunctionDef | ast.AsyncFunctionDef, reader: TypeReader
) -> Iterable[inspect.Parameter]:
    taken = node.args
    kinds = inspect.Parameter
    positional = [*taken.posonlyargs, *taken.args]
    missing: list[ast.expr | None] = [None] * (len(positional) - len(taken.defaults))
    for place, (argument, default) in enumerate(
        zip(positional, [*missing, *taken.defaults], strict=True)
    ):
        first = place < len(taken.posonlyargs)
        kind = kinds.POSITIONAL_ONLY if first else kinds.POSITIONAL_OR_KEYWORD
        yield _parameter(argument, default, kind, reader)
    if taken.vararg:
        yield inspect.Parameter(taken.vararg.arg, kinds.VAR_POSITIONAL)
    for argument, default in zip(taken.kwonlyargs, taken.kw_defaults, strict=True):
        yield _parameter(argument, default, kinds.KEYWORD_ONLY, reader)
    if taken.kwarg:
        yield inspect.Parameter(taken.kwarg.arg, kinds.VAR_KEYWORD)


def _parameter(
    argument: ast.arg, default: ast.expr | None, kind: Any, reader: TypeReader
) -> inspect.Parameter:
    value: Any = inspect.Parameter.empty
    if isinstance(default, ast.Call):
        value = reader.field(default)
    elif default is not None:
        value = reader.value(default)
    hint = argument.annotation
    return inspect.Parameter(
        argument.arg,
        kind,
        default=value,
        annotation=inspect.Parameter.empty if hint is None else reader.read(hint),
    )


def _does(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Tell whether a function has a body, not only a signature."""
    for line in node.body:
        if isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant):
            continue
        bare = isinstance(line, ast.Raise) and "NotImplementedError" in ast.unparse(line)
        if not bare and not isinstance(line, ast.Pass):
            return True
    return False


def _harmless(node: ast.stmt) -> bool:
    """Tell whether a statement can be ignored: imports and constants."""
    return (
        isinstance(node, ast.Import | ast.ImportFrom)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        or isinstance(node, ast.Assign | ast.AnnAssign)
    )
