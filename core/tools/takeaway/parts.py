"""Common parts of exported files: definitions as literals, and functions."""

from __future__ import annotations

import ast
import builtins
import inspect
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from pprint import pformat
from typing import Any

from core.tools.definitions.python_writing import python_name
from core.tools.definitions.reading import dump_as
from core.tools.definitions.values import Definition


def literal(name: str, value: Any) -> str:
    """Return Python that assigns a JSON value to a name."""
    return f"{name} = {pformat(value, width=96, sort_dicts=False)}\n"


def tools_literal(definitions: Iterable[Definition]) -> str:
    """Return the definitions in the form of both APIs, as ``TOOLS``."""
    return literal("TOOLS", [dump_as(one, "openai") for one in definitions])


def sources(definitions: Sequence[Definition], known: Mapping[str, Callable[..., Any]]) -> str:
    """Return the functions and ``RUN``, which finds them by the tools' names.

    ``known`` are functions of the same names, used where they need nothing else. A tool without
    source becomes a stub, whose body people have to write.
    """
    texts: dict[str, None] = {}
    names = []
    for one in definitions:
        name = one.tool.name
        text = one.source or own_source(known.get(name)) or _unwritten(name)
        texts[text.strip()] = None
        names.append(f"    {name!r}: {python_name(name)},\n")
    return "\n\n\n".join(texts) + "\n\n\nRUN = {\n" + "".join(names) + "}\n"


def own_source(function: Callable[..., Any] | None) -> str:
    """Return the source of a function if it uses only its own and built-in names."""
    code = getattr(function, "__code__", None)
    if function is None or code is None:
        return ""
    try:
        source = textwrap.dedent(inspect.getsource(function))
        used = {n.id for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Name)}
    except (OSError, TypeError, SyntaxError):
        return ""
    known = {*vars(builtins), *code.co_varnames, *code.co_names}
    outside = {name for name in used if name in function.__globals__}
    return source if used <= known and not outside else ""


def _unwritten(name: str) -> str:
    return (
        f"def {python_name(name)}(**arguments):\n"
        f"    raise NotImplementedError({f'write here what {name} does'!r})"
    )
