"""AnswerBlocks: the blocks of an answer in Anthropic's dialect, whole or piece by piece.

A stream starts each block, adds to it and stops it; a whole answer is the same with nothing added.
Blocks of kinds that no other dialect has (what Anthropic's own tools found, hidden thinking) say
nothing here.
"""

from __future__ import annotations

from typing import Any

from core.errors import InvalidResponse
from core.translation.codec.json import encode_json, read_field, read_items, read_object
from core.translation.events import Event, TextDelta, ThinkingDelta, ToolCallDelta


class AnswerBlocks:
    """Reads blocks by their ``place`` in the answer. ``ids`` seeds ids for calls that have none."""

    def __init__(self, *, ids: str) -> None:
        self._ids = ids
        self._calls: dict[int, int] = {}
        # The input that came with a block's start: pieces that follow take its place.
        self._inputs: dict[int, str] = {}

    def __bool__(self) -> bool:
        """Whether anything was called."""
        return bool(self._calls)

    def start(self, place: int, value: Any) -> list[Event]:
        """Return what a block says as it starts. Raises InvalidResponse."""
        block = read_object(value, "content_block", blame=InvalidResponse)
        match block.get("type"):
            case "text":
                text = _text(block, "text")
                return [TextDelta(text)] if text else []
            case "thinking":
                text = _text(block, "thinking")
                return [ThinkingDelta(text)] if text else []
            case "tool_use":
                return [self._begin(place, block)]
        return []

    def add(self, place: int, value: Any) -> list[Event]:
        """Return what a delta says. Signatures and citations say nothing."""
        delta = read_object(value, "delta", blame=InvalidResponse)
        match delta.get("type"):
            case "text_delta":
                return [TextDelta(_text(delta, "text", "delta"))]
            case "thinking_delta":
                return [ThinkingDelta(_text(delta, "thinking", "delta"))]
            case "input_json_delta":
                if place not in self._calls:
                    raise InvalidResponse("a piece of a call came before the call began")
                piece = _text(delta, "partial_json", "delta")
                if piece:
                    self._inputs.pop(place, None)
                return [ToolCallDelta(index=self._calls[place], arguments=piece)]
        return []

    def stop(self, place: int) -> list[Event]:
        """Return what is left to say of a block."""
        given = self._inputs.pop(place, "")
        return [ToolCallDelta(index=self._calls[place], arguments=given)] if given else []

    def end(self) -> list[Event]:
        """Return what is left to say of blocks that were never stopped."""
        return [event for place in sorted(self._inputs) for event in self.stop(place)]

    def _begin(self, place: int, block: dict[str, Any]) -> ToolCallDelta:
        index = self._calls.setdefault(place, len(self._calls))
        if block.get("input"):
            given = read_object(block["input"], "content_block.input", blame=InvalidResponse)
            self._inputs[place] = encode_json(given, blame=InvalidResponse).decode()
        identity = _text(block, "id") or f"call_{self._ids}_{index}"
        return ToolCallDelta(index=index, id=identity, name=_text(block, "name"))


def read_blocks(value: Any, *, ids: str) -> list[Event]:
    """Return what the blocks of a whole answer say; bare text is one block."""
    if isinstance(value, str):
        return [TextDelta(value)] if value else []
    blocks = AnswerBlocks(ids=ids)
    events: list[Event] = []
    for place, block in enumerate(read_items(value, "content", blame=InvalidResponse)):
        events += blocks.start(place, block)
        events += blocks.stop(place)
    return events


def _text(block: dict[str, Any], name: str, place: str = "content_block") -> str:
    return read_field(block, name, place, blame=InvalidResponse)
