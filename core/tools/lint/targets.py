"""Problems with certain targets: keywords that a server ignores, and strict mode."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from msgspec.structs import replace

from core.note import quoted
from core.tools.definitions.conversion import convert
from core.tools.json_schema import pointed
from core.tools.lint.finding import Finding, finding, schema_fix, walk_schemas
from core.translation.codec.json import encode_json
from core.translation.messages import Tool
from core.words import say

# Keywords that can be expressed in words; "lint.keyword" has the words.
_SAID = (
    "default", "format", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
    "minLength", "maxLength", "minItems", "maxItems", "multipleOf", "const",
)  # fmt: skip
_INLINE_DEPTH = 8


def check_targets(index: int, tool: Tool) -> Iterator[Finding]:
    """Yield what Ollama does not pass on to a model, and violations of strict mode."""
    yield from _check_ignored(index, tool)
    yield from _check_references(index, tool)
    if tool.strict:
        yield from _check_strict(index, tool)


def _check_ignored(index: int, tool: Tool) -> Iterator[Finding]:
    dropped = {row.path for row in convert(tool, "ollama").rows if row.fate == "dropped"}
    for path, schema, _ in walk_schemas(tool.parameters):
        keys = [k for k in _SAID if k in schema and f"{path}.{k}" in dropped]
        unsaid = [k for k in keys if _spelled(schema[k]) not in str(schema.get("description", ""))]
        if unsaid:
            fix = schema_fix(path, partial(_with_words, keys=unsaid))
            yield finding("ignored_by_ollama", "hint", index, path, fix=fix, names=unsaid)


def _check_references(index: int, tool: Tool) -> Iterator[Finding]:
    root = tool.parameters or {}
    for path, schema, _ in walk_schemas(root):
        if "$ref" in schema and re.search(r"\.properties\.[^.]+$", path):
            whole = _inlined(schema, root, _INLINE_DEPTH)
            fix = None if whole is None else schema_fix(path, partial(_instead, new=whole))
            yield finding("reference_lost", "warning", index, path, fix=fix)


def _check_strict(index: int, tool: Tool) -> Iterator[Finding]:
    conversion = convert(tool, "openai_strict")
    if conversion.result is None:
        yield Finding(
            code="strict_impossible", severity="error", tool=index, path="strict",
            note=conversion.rows[0].note or quoted(""),
            fix=lambda old: replace(old, strict=None),
        )  # fmt: skip
    elif conversion.lost:
        wanted = conversion.result["parameters"]
        paths = [row.path.removeprefix("parameters.") for row in conversion.lost]
        yield finding("strict_misfit", "error", index, "strict",
                      fix=lambda old: replace(old, parameters=wanted), paths=paths[:4])  # fmt: skip


def _instead(_: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    return dict(new)


def _with_words(schema: dict[str, Any], keys: list[str]) -> dict[str, Any]:
    """Express keywords in the description, in its language."""
    words = str(schema.get("description") or "")
    language = "zh" if re.search(r"[\u4e00-\u9fff]", words) else "en"
    said = ", ".join(
        say(f"lint.keyword.{key}", language, {"value": _spelled(schema[key])}) for key in keys
    )
    text = say("lint.keywords", language, {"said": said})
    return {**schema, "description": f"{words}{text}".strip()}


def _spelled(value: Any) -> str:
    return value if isinstance(value, str) else encode_json(value).decode()


def _inlined(schema: Any, root: Mapping[str, Any], depth: int) -> Any:
    """Return a schema with its references inlined, None for a circular one."""
    if depth == 0:
        return None
    if isinstance(schema, list):
        items = [_inlined(item, root, depth) for item in schema]
        lost = [i is None and s is not None for i, s in zip(items, schema, strict=True)]
        return None if any(lost) else items
    if not isinstance(schema, Mapping):
        return schema
    pointer = schema.get("$ref")
    if isinstance(pointer, str):
        target = pointed(root, pointer)
        if not isinstance(target, Mapping):
            return None
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        return _inlined({**target, **rest}, root, depth - 1)
    new = {key: _inlined(value, root, depth) for key, value in schema.items()}
    return None if any(new[k] is None and schema[k] is not None for k in new) else new
