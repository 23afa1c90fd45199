"""What is left out of a request because of its kind: tools, parts, blocks and items.

Each place of a dialect that holds things of several kinds has a row here. The parsers leave out
what a row says, and the report says of the same things why they are gone; there is no second
list. What is not left out is carried, as it stands or as what says it best.

Sources: the types of the packages openai (3.54) and anthropic (2.12), Ollama api/types.go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from core.translation.fields.allowed_tools import Barred

HARMLESS = frozenset({"hosted_record", "encrypted", "anthropic_only", "not_allowed"})
"""Notes of things whose loss cannot change the content of the answer."""

_TEXT_TYPES = ("text/", "application/json", "application/xml", "application/yaml",
               "application/x-yaml", "application/toml", "application/javascript",
               "application/sql", "application/x-sh")  # fmt: skip

Reason = Callable[[Mapping[str, Any]], str]


def is_text_type(media: str) -> bool:
    """Tell whether a file of this media type holds words that can be read as they stand."""
    return media.lower().startswith(_TEXT_TYPES) or media.lower().endswith(("+json", "+xml"))


def left_out(dialect: str, place: str, thing: Any) -> str:
    """Return the note that says why ``thing`` at ``place`` is left out; "" where it is carried.

    ``place`` is a path pattern, as in FIELDS. What is no object breaks its dialect, which is for
    the parser to say.
    """
    if isinstance(thing, Barred):
        return "not_allowed"
    reason = KINDS.get(dialect, {}).get(place)
    return reason(thing) if reason is not None and isinstance(thing, dict) else ""


def one_for_one(body: Mapping[str, Any]) -> bool:
    """Tell whether each message of a body is one elsewhere.

    One with calls or results among its parts becomes several.
    """
    messages = body.get("messages")
    return not isinstance(messages, list) or not any(map(_has_call_parts, messages))


def _has_call_parts(message: Any) -> bool:
    content = message.get("content") if isinstance(message, dict) else None
    parts = content if isinstance(content, list) else ()
    return any(isinstance(part, dict) and part_kind(part) in CALL_PARTS for part in parts)


def part_kind(part: Mapping[str, Any]) -> Any:
    """Return the kind of a part; one that does not say it is what it holds, as vLLM reads it."""
    kind = part.get("type")
    if kind is not None:
        return kind
    held = ("text", "image_url", "input_audio", "file")
    return next((name for name in held if name in part), None)


def _only(*carried: str | None, note: str = "unknown_kind", **more: str) -> Reason:
    """Carry these kinds; ``more`` are known ones that are left out, each with its note."""

    def reason(thing: Mapping[str, Any]) -> str:
        kind = part_kind(thing)
        if kind is not None and not isinstance(kind, str):
            return note
        return "" if kind in carried else more.get(kind or "", note)

    return reason


def _first(*reasons: Reason) -> Reason:
    # Of every part of every request: a generator would take twice the time.
    def first(thing: Mapping[str, Any]) -> str:
        for reason in reasons:
            note = reason(thing)
            if note:
                return note
        return ""

    return first


def _file(thing: Mapping[str, Any]) -> str:
    """OpenAI's files: text that is in the request is carried, nothing else can be."""
    kind = part_kind(thing)
    if kind not in ("file", "input_file"):
        return "file_id" if kind == "input_image" and not thing.get("image_url") else ""
    inner = thing.get("file") if kind == "file" else thing
    data = inner.get("file_data") if isinstance(inner, dict) else None
    if not isinstance(data, str) or not data:
        return "file_id"
    media = data.removeprefix("data:").partition(";")[0] if data.startswith("data:") else ""
    name = str(inner.get("filename") or "").lower() if isinstance(inner, dict) else ""
    return "" if is_text_type(media) or name.endswith(_TEXT_NAMES) else "file_bytes"


_TEXT_NAMES = (".txt", ".md", ".csv", ".json", ".xml", ".yaml", ".yml", ".toml", ".html", ".py",
               ".js", ".ts", ".c", ".h", ".go", ".rs", ".java", ".sh", ".sql", ".log")  # fmt: skip


def _source(thing: Mapping[str, Any]) -> str:
    """Anthropic's pictures and documents: what stands in the request is carried."""
    kind, source = thing.get("type"), thing.get("source")
    if kind not in ("image", "document") or not isinstance(source, dict):
        shown = kind != "image" or thing.get("image") or thing.get("data") or source
        return "file_bytes" if kind == "document" else "" if shown else "unknown_kind"
    form = source.get("type")
    if form == "file":
        return "file_id"
    if kind == "image":
        return ""
    if form == "base64":
        return "" if is_text_type(str(source.get("media_type"))) else "file_bytes"
    return "" if form in ("text", "content") else "file_bytes"


def _sound(thing: Mapping[str, Any]) -> str:
    """A sound of which nothing stands in the request is none."""
    return (
        "unknown_kind" if part_kind(thing) == "input_audio" and not thing.get("input_audio") else ""
    )


# What one API calls a text or a picture, clients that know several send to the others, too.
_PARTS = ("text", "input_text", "output_text", "refusal", "image_url", "input_image",
          "input_audio", "file", "input_file", "thinking", "reasoning", "image")  # fmt: skip
_OPENAI_PARTS = _first(_only(*_PARTS), _file, _sound, _source)
# In the responses API thinking is an item of its own.
_RESPONSES_PARTS = _first(
    _only(*(kind for kind in _PARTS if kind not in ("thinking", "reasoning"))),
    _file,
    _sound,
    _source,
)
CALL_PARTS = ("tool_use", "tool_result")
"""Parts of a message that are calls and results: blocks of Anthropic's, sent to the others, too."""


def _call_part(thing: Mapping[str, Any]) -> str:
    """A call without a name calls nothing, and ids are text."""
    if thing.get("type") not in CALL_PARTS:
        return ""
    texts = [thing.get(key) for key in ("id", "tool_use_id") if thing.get(key) is not None]
    return _nameless(thing) if all(isinstance(text, str) for text in texts) else "unknown_kind"


def _nameless(thing: Mapping[str, Any]) -> str:
    called, name = thing.get("type") in ("tool_use", "function_call"), thing.get("name")
    return "unknown_kind" if called and not (isinstance(name, str) and name) else ""


_TOOLS = "tools[]"
_BLOCK = "messages[].content[]"

_RESULTS = (
    "web_search_tool_result", "web_fetch_tool_result", "code_execution_tool_result",
    "bash_code_execution_tool_result", "text_editor_code_execution_tool_result",
    "tool_search_tool_result", "mcp_tool_result", "advisor_tool_result",
)  # fmt: skip

_ITEMS_LEFT = {
    # Records of what OpenAI's own servers did: nothing in them is for the model to read.
    "web_search_call": "hosted_record", "image_generation_call": "hosted_record",
    "mcp_list_tools": "hosted_record", "mcp_approval_request": "hosted_record",
    "mcp_approval_response": "hosted_record", "compaction_trigger": "hosted_record",
    "configuration_update": "unknown_kind",
}  # fmt: skip


def _item(thing: Mapping[str, Any]) -> str:
    """Responses' items: whatever is said, called or answered is carried."""
    kind = thing.get("type")
    if kind is None or kind == "message":
        known = "role" in thing or "content" in thing or "id" in thing or kind == "message"
        return "" if known else "unknown_kind"
    if not isinstance(kind, str):
        return "unknown_kind"
    if kind in _ITEMS_LEFT:
        return _ITEMS_LEFT[kind]
    if kind == "reasoning":
        said = thing.get("content") or thing.get("summary")
        return "encrypted" if thing.get("encrypted_content") and not said else ""
    if kind in ("function_call", "additional_tools", "item_reference", "compaction"):
        return _nameless(thing)
    if kind.endswith("_call") or kind == "program":
        return "" if thing.get("call_id") or thing.get("id") else "unknown_kind"
    answers = thing.get("call_id") or thing.get("id")
    return "" if kind.endswith("_output") and answers else "unknown_kind"


_CLIENT_TOOL = re.compile(r"(bash|text_editor|computer|memory)_\d{8}", re.ASCII)


def client_tool(dialect: str, tool: Mapping[str, Any]) -> str:
    """Return which of an API's tools that the client runs itself this is, "" where it is none.

    Anthropic's types end in a date; OpenAI's shell may be one in a container of OpenAI's.
    """
    kind = tool.get("type")
    if dialect == "anthropic":
        found = _CLIENT_TOOL.fullmatch(kind) if isinstance(kind, str) else None
        return found[1] if found else ""
    place = tool.get("environment")
    elsewhere = isinstance(place, dict) and place.get("type") != "local"
    return kind if isinstance(kind, str) and kind in _CLIENT_KINDS and not elsewhere else ""


_CLIENT_KINDS = ("local_shell", "shell", "apply_patch", "computer", "computer_use_preview")


def _tool(dialect: str, *carried: str | None) -> Reason:
    others = _only(*carried, note="hosted_tool")
    return lambda tool: "" if client_tool(dialect, tool) else others(tool)


KINDS: Mapping[str, Mapping[str, Reason]] = {
    "ollama": {_TOOLS: _only("function", "", None, note="hosted_tool")},
    "openai": {
        _TOOLS: _only("function", "", None, "custom", note="hosted_tool"),
        _BLOCK: _first(_only(*_PARTS, *CALL_PARTS), _call_part, _file, _sound, _source),
        f"{_BLOCK}.content[]": _OPENAI_PARTS,
    },
    "responses": {
        _TOOLS: _tool("responses", "function", "custom", "namespace"),
        "tools[].tools[]": _only("function", "custom", None, note="hosted_tool"),
        "input[]": _item,
        "input[].content[]": lambda thing: (
            "" if thing.get("type") == "reasoning_text" else _RESPONSES_PARTS(thing)
        ),
        # What a shell says has no type.
        "input[].output[]": lambda thing: _RESPONSES_PARTS(thing) if part_kind(thing) else "",
    },
    "anthropic": {
        _TOOLS: _tool("anthropic", "custom", "function", None),
        _BLOCK: _first(
            _only(*_PARTS, *CALL_PARTS, "document", "search_result", "server_tool_use",
                  "mcp_tool_use", "compaction", *_RESULTS, redacted_thinking="encrypted",
                  fallback="hosted_record", mcp_tool_listing="hosted_record"),
            _nameless,
            _file,
            _source,
        ),
        f"{_BLOCK}.content[]": _first(
            _only(*_PARTS, "document", "search_result", "tool_reference",
                  "web_search_result", "code_execution_output", "tool_search_tool_search_result"),
            _file,
            _source,
        ),
        "system[]": _only("text"),
    },
}  # fmt: skip
"""By dialect and place: what says why a thing that stands there is left out."""
