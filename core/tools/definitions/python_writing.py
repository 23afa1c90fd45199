"""Writes a definition as a Python function: signature and docstring express the schema.

A type hint is used where it means exactly the schema; otherwise the annotation contains the schema
itself (pydantic's ``WithJsonSchema``), so nothing is lost.
"""

from __future__ import annotations

import ast
import keyword
import re
import unicodedata
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from core.errors import InvalidRequest
from core.tools.definitions.python import parse_python, read_tree, source_lines
from core.tools.definitions.values import Definition
from core.tools.json_schema import pointed
from core.translation.messages import Tool

_PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None",
          "array": "list", "object": "dict"}  # fmt: skip
_DATED = {"date": "date", "date-time": "datetime", "time": "time"}
_LIMITS = {"minimum": "ge", "exclusiveMinimum": "gt", "maximum": "le", "exclusiveMaximum": "lt",
           "multipleOf": "multiple_of", "minLength": "min_length", "maxLength": "max_length",
           "minItems": "min_length", "maxItems": "max_length", "pattern": "pattern"}  # fmt: skip
_MODULES = (
    ("datetime", ("date", "datetime", "time")),
    ("typing", ("Annotated", "Any", "Literal")),
    ("pydantic", ("Field", "WithJsonSchema")),
)
_BODY = "    raise NotImplementedError"
_DEEPEST = 12


def dump_sources(definitions: Iterable[Definition]) -> str:
    """Return the source of functions: the original where it still fits, else an updated one.

    Helpers, imports and bodies stay; only signatures and docstrings are rewritten.
    """
    texts: dict[str, str] = {}
    written: list[Tool] = []
    for definition in definitions:
        source, tool = definition.source, definition.tool
        if not source:
            written.append(tool)
            continue
        text = texts.get(source, source)
        texts[source] = text if _says(text, tool) else _mended(text, tool)
    heads = [_written(tool, _BODY) for tool in written]
    if heads:
        text = "\n\n".join(heads)
        texts[""] = _imports(text) + text
    return "\n\n".join(texts.values())


def _says(source: str, tool: Tool) -> bool:
    try:
        return tool in parse_python(source).tools
    except InvalidRequest:
        return False


def _mended(source: str, tool: Tool) -> str:
    """Return ``source`` with signature and docstring of one function updated from the tool."""
    node = _function(source, python_name(tool.name))
    if node is None:
        text = _written(tool, _BODY)
        return _imports(text) + text
    lines = source_lines(source)
    text = _written(tool, _body(lines, node) or _BODY)
    if isinstance(node, ast.AsyncFunctionDef):
        text = f"async {text}"
    first = min([node.lineno, *(d.lineno for d in node.decorator_list)]) - 1
    new = [*lines[:first], *text.splitlines(), *lines[node.end_lineno :]]
    return _imports(text, "\n".join(lines)) + "\n".join(new) + "\n"


def _written(tool: Tool, body: str) -> str:
    schema = tool.parameters or {}
    named = schema.get("properties")
    properties = named if isinstance(named, Mapping) else {}
    needed = schema.get("required")
    required = needed if isinstance(needed, list) else ()
    lines, defaults = [], []
    own = _own_names(properties)
    for name, value in properties.items():
        inner = value if isinstance(value, Mapping) else {}
        lines.append(_parameter(name, own[name], inner, required=name in required, root=schema))
        defaults.append("default" in inner or name not in required)
    if any(earlier and not later for earlier, later in pairwise(defaults)):
        # After a bare star, parameters with and without defaults may come in any order.
        lines.insert(0, "*")
    head = f"def {python_name(tool.name)}({', '.join(lines)}) -> Any:"
    if len(head) > 88:
        inner_lines = "".join(f"    {line},\n" for line in lines)
        head = f"def {python_name(tool.name)}(\n{inner_lines}) -> Any:"
    return f"{head}\n{_docstring(tool, properties)}{body}\n"


def python_name(name: str) -> str:
    """Return a valid identifier for a name."""
    # Python normalises identifiers like this; a leading _ would mean private.
    text = re.sub(r"\W", "_", unicodedata.normalize("NFKC", name)).lstrip("_") or "value"
    text = text if text.isidentifier() else f"n{text}"
    return f"{text}_" if keyword.iskeyword(text) else text


def _parameter(
    name: str, own: str, schema: Mapping[str, Any], *, required: bool, root: Mapping[str, Any]
) -> str:
    plain = {k: v for k, v in schema.items() if k not in ("description", "default")}
    hint = _hint(plain, _DEEPEST)
    if hint is None:
        whole = _resolved(plain, root, _DEEPEST)
        outer = _PLAIN.get(str(plain.get("type")), "Any")
        hint = f"Annotated[{outer}, WithJsonSchema({whole!r})]"
    optional = not required and "default" not in schema
    if optional and hint not in ("Any", "None"):
        hint = f"{hint} | None"
    if own != name:
        # The docstring can only describe names that are identifiers.
        said = f", description={schema['description']!r}" if schema.get("description") else ""
        hint = f"Annotated[{hint}, Field(alias={name!r}{said})]"
    if "default" in schema:
        return f"{own}: {hint} = {schema['default']!r}"
    return f"{own}: {hint} = None" if optional else f"{own}: {hint}"


def _own_names(names: Iterable[str]) -> dict[str, str]:
    """Return a unique identifier for each name."""
    own: dict[str, str] = {}
    for name in names:
        text, number = python_name(name), 2
        while text in own.values():
            text, number = f"{python_name(name)}_{number}", number + 1
        own[name] = text
    return own


def _hint(schema: Mapping[str, Any], depth: int) -> str | None:
    """Return a hint that means exactly this schema, or None where there is none."""
    left = {k: v for k, v in schema.items() if k != "type"}
    kind = schema.get("type")
    if depth == 0 or not isinstance(kind, str | None):
        return None
    enum = left.pop("enum", None)
    if enum is not None:
        values = isinstance(enum, list) and enum and all(isinstance(v, str) for v in enum)
        return f"Literal[{', '.join(map(repr, enum))}]" if values and not left else None
    if isinstance(left.get("anyOf"), list) and kind is None and len(left) == 1:
        inner = [_hint(s, depth - 1) if isinstance(s, Mapping) else None for s in left["anyOf"]]
        return " | ".join(h for h in inner if h) if all(inner) else None
    if kind is None:
        return None if left else "Any"
    hint = _PLAIN.get(kind)
    if hint is None:
        return None
    if kind == "string" and str(left.get("format")) in _DATED:
        hint = _DATED[left.pop("format")]
    elif kind == "array" and "items" in left:
        inner_hint = _hint(_mapping(left.pop("items")), depth - 1)
        hint = f"list[{inner_hint}]" if inner_hint else None
    elif kind == "object":
        more = left.pop("additionalProperties", None)
        inner_hint = (
            "Any" if more is True else _hint(more, depth - 1) if isinstance(more, Mapping) else None
        )
        hint = f"dict[str, {inner_hint}]" if inner_hint else None
    elif kind == "array":
        hint = None
    if hint is None or any(key not in _LIMITS for key in left):
        return None
    said = ", ".join(f"{_LIMITS[key]}={value!r}" for key, value in left.items())
    return f"Annotated[{hint}, Field({said})]" if said else hint


def _mapping(value: Any) -> Mapping[str, Any]:
    # A value that is not a schema has no hint: an unknown keyword marks it.
    return value if isinstance(value, Mapping) else {"": value}


def _resolved(value: Any, root: Mapping[str, Any], depth: int) -> Any:
    """Replace references by their targets; a circular one by an empty schema."""
    if isinstance(value, list):
        return [_resolved(item, root, depth) for item in value]
    if not isinstance(value, Mapping):
        return value
    pointer = value.get("$ref")
    if isinstance(pointer, str):
        target = pointed(root, pointer)
        rest = {k: v for k, v in value.items() if k != "$ref"}
        known = isinstance(target, Mapping) and depth > 0
        return _resolved({**target, **rest}, root, depth - 1) if known else rest
    return {key: _resolved(item, root, depth) for key, item in value.items()}


def _docstring(tool: Tool, properties: Mapping[str, Any]) -> str:
    described = {
        name: " ".join(str(value["description"]).split())
        for name, value in properties.items()
        if isinstance(value, Mapping) and value.get("description") and python_name(name) == name
    }
    lines = [tool.description, ""] if tool.description and described else [tool.description]
    if described:
        lines += ["Args:", *(f"    {name}: {text}" for name, text in described.items())]
    text = "\n".join(lines).strip()
    if not text:
        return ""
    text = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    # Source cannot contain NUL, and other control characters would end lines.
    text = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", lambda m: f"\\x{ord(m[0]):02x}", text)
    if "\n" not in text:
        end = " " if text.endswith('"') else ""
        return f'    """{text}{end}"""\n'
    inner = "\n".join(f"    {line}".rstrip() for line in text.split("\n"))
    return f'    """{inner.lstrip()}\n    """\n'


def _function(source: str, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    try:
        body = read_tree(source).body
    except InvalidRequest:
        return None
    functions = (n for n in body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    return next((node for node in functions if node.name == name), None)


def _body(lines: list[str], node: ast.FunctionDef | ast.AsyncFunctionDef) -> str | None:
    """Return the lines of a function's body after its docstring, if it has lines of its own."""
    has_words = ast.get_docstring(node, clean=False) is not None
    left = node.body[1:] if has_words else node.body
    if not left or left[0].lineno == node.lineno:
        return None
    return "\n".join(lines[left[0].lineno - 1 : left[-1].end_lineno])


def _imports(text: str, present: str = "") -> str:
    """Return the imports that ``text`` needs and ``present`` lacks."""
    used, there = _names(text), _names(present)
    lines = []
    for module, names in _MODULES:
        wanted = [name for name in names if name in used and name not in there]
        if wanted:
            lines.append(f"from {module} import {', '.join(wanted)}")
    return "\n".join(lines) + ("\n" if present else "\n\n\n") if lines else ""


def _names(text: str) -> set[str]:
    """Return the names that a text uses or imports."""
    nodes = list(ast.walk(ast.parse(text)))
    imported = {a.asname or a.name for n in nodes if isinstance(n, ast.ImportFrom) for a in n.names}
    return {n.id for n in nodes if isinstance(n, ast.Name)} | imported
