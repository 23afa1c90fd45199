"""The Python of a case as a function that a sandbox can call."""

from __future__ import annotations

import ast

from core.errors import InvalidRequest

CHECK = "check"
"""The function's name; its parameters are those of core.tools.cases.values.Case."""


def predicate_source(predicate: str) -> str:
    """Return the source of the function. Raises InvalidRequest for what is no Python, or does
    not end in an expression."""
    try:
        tree = ast.parse(predicate.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError) as exc:
        raise InvalidRequest(f"the predicate is not Python: {exc}", path="predicate") from exc
    if not tree.body or not isinstance(tree.body[-1], ast.Expr):
        raise InvalidRequest("the predicate must end in an expression", path="predicate")
    *before, last = tree.body
    lines = [ast.unparse(statement) for statement in before]
    lines.append(f"return bool({ast.unparse(last)})")
    body = "\n".join(lines).replace("\n", "\n    ")
    return f"def {CHECK}(name, arguments, calls, text):\n    {body}\n"
