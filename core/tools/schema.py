"""A Python function as a tool: its JSON Schema from type hints, its descriptions from the
docstring.

pydantic reads the signature (it knows Literal, Optional, nested models, enums and dates), and
griffe the docstring in Google's, NumPy's or Sphinx' style. ``$defs`` stay references: inlining
would break recursive types, and schemas are never rewritten on their way to a model.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Literal

from griffe import Docstring, DocstringSectionKind
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ArgsKwargs

from core.errors import InvalidRequest
from core.tools.arguments import ToolArgumentError, parse_arguments, spell_path
from core.translation.messages import Tool

_STYLES: tuple[Literal["google", "numpy", "sphinx"], ...] = ("google", "numpy", "sphinx")
_KEYED = ("properties", "$defs")


def tool_from_function(function: Callable[..., Any]) -> Tool:
    """Return the definition of a function, with a faithful schema of its parameters.

    Raises InvalidRequest for ``*args``, ``**kwargs`` and positional-only parameters, which
    JSON has no way to name, and for types that have no JSON Schema.
    """
    signature = inspect.signature(function)
    name = function.__name__
    for parameter in signature.parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise InvalidRequest(
                f"{name}: {parameter} cannot be described to a model; give every parameter a "
                "name of its own",
                path=parameter.name,
            )
    try:
        schema = _without_titles(_bind(function).json_schema())
    except Exception as exc:
        raise InvalidRequest(f"{name}: a parameter has no JSON Schema: {exc}") from exc
    summary, described = _read_docstring(function)
    for key, text in described.items():
        if key in schema.get("properties", {}):
            schema["properties"][key].setdefault("description", text)
    schema.setdefault("properties", {})
    return Tool(name=name, description=summary, parameters=schema)


def call_function(function: Callable[..., Any], arguments: str) -> Any:
    """Call a function with arguments turned into the types that it declares.

    Returns what it returns, for an async function its coroutine. Raises ToolArgumentError
    before the call when the arguments do not fit.
    """
    value = parse_arguments(arguments)
    bound = _bind(function)
    try:
        ready = bound.validate_python(ArgsKwargs((), value))
    except ValidationError as exc:
        raise ToolArgumentError(
            "; ".join(f"{spell_path(list(e['loc']))}: {e['msg']}" for e in exc.errors()[:5])
        ) from exc
    args, kwargs = ready
    return function(*args, **kwargs)


def _bind(function: Callable[..., Any]) -> TypeAdapter[Any]:
    """Return a validator of the parameters that returns them instead of calling."""

    def taken(*args: Any, **kwargs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return args, kwargs

    signature = inspect.signature(function, eval_str=True)
    taken.__signature__ = signature.replace(  # type: ignore[attr-defined]  # inspect reads it
        return_annotation=inspect.Signature.empty
    )
    taken.__annotations__ = {
        name: p.annotation
        for name, p in signature.parameters.items()
        if p.annotation is not inspect.Parameter.empty
    }
    # pydantic takes functions too, which the type of its argument does not say.
    bound: Any = taken
    return TypeAdapter(bound)


def _read_docstring(function: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    text = inspect.getdoc(function) or ""
    best: tuple[str, dict[str, str]] = (text.strip(), {})
    for style in _STYLES:
        summary, described = "", {}
        for section in Docstring(text).parse(style, warnings=False):
            if section.kind is DocstringSectionKind.text:
                summary = summary or str(section.value).strip()
            elif section.kind is DocstringSectionKind.parameters:
                described = {p.name: " ".join(p.description.split()) for p in section.value}
        if len(described) > len(best[1]):
            best = (summary, described)
    return best


def _without_titles(schema: Any, *, keyed: bool = False) -> Any:
    """Drop the titles that pydantic makes from names: they only repeat the names."""
    if isinstance(schema, list):
        return [_without_titles(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _without_titles(value, keyed=not keyed and key in _KEYED)
        for key, value in schema.items()
        if keyed or key != "title" or not isinstance(value, str)
    }
