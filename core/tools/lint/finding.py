"""A finding of the linter: what is wrong, where, and the fix if it is mechanical."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from core.note import Note
from core.translation.messages import Tool

Severity = Literal["error", "warning", "hint"]
Fix = Callable[[Tool], Tool]


class Finding(Struct, frozen=True, kw_only=True):
    """``tool`` is the index of the tool, None if the finding is about all of them.

    ``path`` is a path in the definition, such as ``parameters.properties.city``. ``fix`` returns
    the fixed tool; None where only a person can know what to write.
    """

    code: str
    severity: Severity
    note: Note
    tool: int | None = None
    path: str = ""
    fix: Fix | None = None


def finding(
    code: str,
    severity: Severity,
    tool: int | None = None,
    path: str = "",
    *,
    fix: Fix | None = None,
    **values: Any,
) -> Finding:
    """Return a finding. Its sentence is ``lint.<code>``, with ``values`` filled in."""
    note = Note(f"lint.{code}").fill(**values)
    return Finding(code=code, severity=severity, note=note, tool=tool, path=path, fix=fix)


def walk_schemas(schema: Any, path: str = "parameters", depth: int = 0) -> Iterator[
    tuple[str, dict[str, Any], int]
]:  # fmt: skip
    """Yield the schemas in a schema, itself first: path, schema, depth of nesting."""
    if not isinstance(schema, Mapping) or depth > 60:
        return
    yield path, dict(schema), depth
    for key in ("properties", "$defs"):
        named = schema.get(key)
        for name, inner in named.items() if isinstance(named, Mapping) else ():
            yield from walk_schemas(inner, f"{path}.{key}.{name}", depth + (key == "properties"))
    for key in ("anyOf", "oneOf", "allOf"):
        options = schema.get(key)
        for index, inner in enumerate(options) if isinstance(options, list) else ():
            yield from walk_schemas(inner, f"{path}.{key}[{index}]", depth)
    yield from walk_schemas(schema.get("items"), f"{path}.items", depth + 1)


def schema_fix(path: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Fix:
    """Return a fix that changes the one schema at a path that ``walk_schemas`` gave."""

    def rewrite(schema: Any, here: str) -> Any:
        if not isinstance(schema, Mapping) or not path.startswith(here):
            return schema
        if here == path:
            return change(dict(schema))
        new = dict(schema)
        for key in ("properties", "$defs"):
            if isinstance(new.get(key), Mapping):
                new[key] = {n: rewrite(s, f"{here}.{key}.{n}") for n, s in new[key].items()}
        for key in ("anyOf", "oneOf", "allOf"):
            if isinstance(new.get(key), list):
                new[key] = [rewrite(s, f"{here}.{key}[{i}]") for i, s in enumerate(new[key])]
        if "items" in new:
            new["items"] = rewrite(new["items"], f"{here}.items")
        return new

    return lambda tool: replace(tool, parameters=rewrite(tool.parameters or {}, "parameters"))
