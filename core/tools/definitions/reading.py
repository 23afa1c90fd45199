"""Reads pasted definitions in any format, and writes them in any format.

The format is detected from the text. Editing in a format that cannot express everything loses
nothing: pass the original definitions as ``known``, and what the text cannot express is merged back
(a three-way merge: as written, as edited, as known).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import yaml
from msgspec.structs import replace

from core.config.files import BoundedLoader
from core.errors import DiglotError, InvalidRequest
from core.tools.definitions.bfcl import dump_bfcl, is_bfcl, parse_bfcl
from core.tools.definitions.curl import parse_curl
from core.tools.definitions.json_forms import dump_form, parse_form
from core.tools.definitions.openapi import parse_openapi
from core.tools.definitions.python import parse_python
from core.tools.definitions.python_writing import dump_sources
from core.tools.definitions.remarks import REMARKS
from core.tools.definitions.values import Definition, Format, Parsed, Remark
from core.translation.codec.json import decode_json, read_object
from core.translation.messages import Tool

MAX_TEXT = 2_000_000
"""Characters of a text that are read."""
MAX_TOOLS = 1000
_MOST_VALUES = 200_000

_FENCE = re.compile(r"\A```[\w-]*[ \t]*\n(.*?)\n?```\s*\Z", re.S)
_CURL = re.compile(r"\A(?:\$ )?curl(?:\.exe)?\s")
_PYTHON = re.compile(r"^(?:async def|def|class|from|import|@|\"\"\")", re.M)


def parse_any(text: str, *, known: Sequence[Definition] = (), form: Format | None = None) -> Parsed:
    """Return the definitions in a text, whatever format it is in.

    ``known`` are the definitions that the text was written from, if any, and ``form`` is the format
    it was written in: what that format cannot express is taken from them. Raises InvalidRequest
    with the path or line of the problem.
    """
    if len(text) > MAX_TEXT:
        raise InvalidRequest(f"the text is longer than {MAX_TEXT} characters")
    parsed = _parse(text)
    if len(parsed.definitions) > MAX_TOOLS:
        raise InvalidRequest(f"there are more than {MAX_TOOLS} definitions in this text")
    seen: set[str] = set()
    remarks = list(parsed.remarks)
    for tool in parsed.tools:
        if tool.name in seen:
            remarks.append(Remark(tool.name, REMARKS["same_name"]))
        seen.add(tool.name)
    # Ollama's format equals OpenAI's, so the text alone cannot tell which it is.
    written = form if form in ("openai", "ollama") else parsed.format
    definitions = tuple(_with_known(parsed, known, written))
    return Parsed(format=parsed.format, definitions=definitions, remarks=tuple(remarks))


def dump_as(definition: Definition | Tool, form: Format) -> Any:
    """Return one definition in a format: an object, or for ``python`` the source."""
    if isinstance(definition, Tool):
        definition = Definition(tool=definition)
    if form == "python":
        return dump_sources([definition])
    if form == "bfcl":
        return dump_bfcl(definition)
    if form in ("openapi", "curl"):
        raise InvalidRequest(f"{form} is only read here, not written")
    return dump_form(definition, form)


def dump_text(definitions: Iterable[Definition], form: Format) -> str:
    """Return definitions as editable text that ``parse_any`` can read."""
    if form == "python":
        return dump_sources(definitions)
    items = [dump_as(definition, form) for definition in definitions]
    return json.dumps(items, ensure_ascii=False, indent=2)


def _parse(text: str) -> Parsed:
    text = text.removeprefix("\ufeff").strip()
    fenced = _FENCE.match(text)
    text = fenced[1].strip() if fenced else text
    if not text:
        raise InvalidRequest("there is nothing here yet; paste a definition")
    if _CURL.match(text):
        return parse_curl(text)
    if text[0] in "[{":
        return _from_value(_json(text))
    if _PYTHON.search(text) and not text.startswith(("openapi:", "swagger:")):
        return parse_python(text)
    return _from_value(_yaml(text))


def _json(text: str) -> Any:
    try:
        return decode_json(text)
    except DiglotError as exc:
        # One object a line, as test sets have them.
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2 or any(not line.strip().startswith("{") for line in lines):
            raise exc
        return [decode_json(line) for line in lines]


def _yaml(text: str) -> Any:
    try:
        value = yaml.load(text, BoundedLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as exc:
        raise InvalidRequest(f"this is no YAML: {exc}") from exc
    if not isinstance(value, dict | list):
        raise InvalidRequest(
            "this is no definition that is known here. Paste JSON (OpenAI, Ollama, Anthropic, "
            "MCP, BFCL), an OpenAPI document, a curl command or a Python function"
        )
    # A few lines of YAML can expand to millions of values.
    _count(value)
    return decode_json(json.dumps(value, default=str, ensure_ascii=False))


def _count(value: Any) -> None:
    left, count = [value], 0
    while left:
        count += 1
        if count > _MOST_VALUES:
            raise InvalidRequest(f"this document holds more than {_MOST_VALUES} values")
        item = left.pop()
        left += item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()


def _from_value(value: Any) -> Parsed:
    if isinstance(value, dict):
        if "openapi" in value or "swagger" in value:
            return parse_openapi(value)
        if isinstance(value.get("result"), dict) and "tools" in value["result"]:
            value = value["result"]
        for key in ("tools", "functions"):
            if isinstance(value.get(key), list):
                return _from_items(value[key], key)
    items = value if isinstance(value, list) else [value]
    # Entries of a test set: each contains the functions for its question.
    if items and all(isinstance(i, dict) and isinstance(i.get("function"), list) for i in items):
        functions: dict[str, Any] = {}
        for item in items:
            for function in item["function"]:
                functions.setdefault(json.dumps(function, sort_keys=True), function)
        return _from_items(list(functions.values()), "function")
    return _from_items(items, "tools")


def _from_items(items: list[Any], path: str) -> Parsed:
    definitions: list[Definition] = []
    remarks: list[Remark] = []
    forms: list[Format] = []
    for index, item in enumerate(items):
        place = f"{path}[{index}]"
        body = read_object(item, place)
        form = _form_of(body)
        if form is None:
            remarks.append(Remark(place, REMARKS["not_a_function"]))
            continue
        forms.append(form)
        definitions.append(
            parse_bfcl(body, place) if form == "bfcl" else parse_form(body, form, place)
        )
    if not definitions:
        raise InvalidRequest("there is no tool definition in this text", path=path)
    most: Format = "bfcl" if "bfcl" in forms else max(forms, key=forms.count)
    return Parsed(format=most, definitions=tuple(definitions), remarks=tuple(remarks))


def _form_of(item: Mapping[str, Any]) -> Format | None:
    """Return the format of one definition, None for a tool that is not a function."""
    kind = item.get("type")
    if "inputSchema" in item:
        return "mcp"
    if "input_schema" in item:
        return "anthropic"
    if "function" in item:
        return "openai" if kind == "function" else "ollama"
    if kind == "function":
        return "responses"
    if isinstance(kind, str) and kind not in ("object", "custom"):
        return None
    if is_bfcl(item):
        return "bfcl"
    if "name" in item and ("parameters" in item or "description" in item):
        return "openai"
    raise InvalidRequest(
        "this is no tool definition: it needs a name, and a schema under parameters, "
        "input_schema or inputSchema",
        path="name",
    )


def _with_known(
    parsed: Parsed, known: Sequence[Definition], written: Format
) -> Iterable[Definition]:
    by_name = {definition.tool.name: definition for definition in known}
    same_count = len(known) == len(parsed.definitions)
    if parsed.format in ("openapi", "curl"):
        yield from parsed.definitions
        return
    for index, new in enumerate(parsed.definitions):
        old = by_name.get(new.tool.name) or (known[index] if same_count else None)
        if old is None:
            yield new
            continue
        base = _reread(old, written)
        yield new if base is None else _merged_definition(base, new, old)


def _reread(definition: Definition, form: Format) -> Definition | None:
    """Return a definition after writing it in a format and reading it back."""
    try:
        found = _parse(dump_text([definition], form)).definitions
    except InvalidRequest:
        return None
    # A Python text may contain several functions.
    same = [d for d in found if d.tool.name == definition.tool.name]
    return (same or list(found))[0]


def _merged_definition(base: Definition, new: Definition, old: Definition) -> Definition:
    if new.source and base.source and base.source.strip() in new.source:
        # The rest of the text belongs to other definitions.
        new = replace(new, source=base.source)
    if new == base:
        return old
    parts = [msgspec.to_builtins(d) for d in (base, new, old)]
    return msgspec.convert(_merged(*parts), Definition)


_ABSENT = object()


def _merged(base: Any, new: Any, old: Any) -> Any:
    """Return ``old`` with the changes from ``base`` to ``new``."""
    if _same(base, new):
        return old
    if not (isinstance(base, dict) and isinstance(new, dict) and isinstance(old, dict)):
        return new
    merged: dict[str, Any] = {}
    # In the order of the edited text; keys that only the known one has come last.
    for key in dict.fromkeys((*new, *old)):
        parts = (base.get(key, _ABSENT), new.get(key, _ABSENT), old.get(key, _ABSENT))
        value = _merged(*parts)
        if value is not _ABSENT:
            merged[key] = value
    return merged


def _same(one: Any, other: Any) -> bool:
    """Tell whether two values are equal, with the same types at every level: 1 is not true."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(_same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)
