"""Calls of custom tools, which take text, in chat completions: read and written.

Everywhere else such a call is one of a function of one string.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.translation.codec.json import encode_json
from core.translation.dialects.shared.tool_definitions import pack_input, unpack_input
from core.translation.events import ToolCallDelta
from core.translation.messages import ToolCall


def custom_names(asked: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the tools that take text, in a request of this dialect."""
    tools = asked.get("tools")
    if not tools:
        return frozenset()
    customs = [t.get("custom") for t in tools if isinstance(t, dict)]
    return frozenset(str(custom.get("name")) for custom in customs if isinstance(custom, dict))


def dump_custom(call: ToolCall) -> dict[str, Any]:
    """Write one whole call of a tool that takes text."""
    custom = {"name": call.name, "input": unpack_input(call.arguments)}
    return {"id": call.id, "type": "custom", "custom": custom}


def functions_of(calls: Any) -> Any:
    """Return the calls of a whole answer with each custom one as the call of a function."""
    pieces = CustomCallPieces()
    taken = pieces.take(calls)
    late = list(pieces.release())
    return [*taken, *late] if late else calls


class CustomCallPieces:
    """Holds back the custom calls of a stream until they are whole, and what comes after one.

    Their text is one string of an object there, which can be told when its end is known.
    """

    def __init__(self) -> None:
        self._held: list[dict[str, Any]] = []

    def take(self, calls: Any) -> Any:
        """Return what of a chunk's calls can be read at once."""
        if not self._held and not _some_custom(calls):
            return calls
        at_once = []
        for call in calls if isinstance(calls, list) else filter(None, [calls]):
            if self._held or _is_custom(call):
                self._hold(call)
            else:
                at_once.append(call)
        return at_once

    def release(self) -> Iterator[Any]:
        """Yield the calls that were held back, each custom one as that of a function."""
        for call in self._held:
            if not _is_custom(call):
                yield call
                continue
            custom = call["custom"]
            function = {"name": custom.get("name"), "arguments": pack_input(custom["input"])}
            yield {**call, "type": "function", "function": function}
        self._held = []

    def _hold(self, call: Any) -> None:
        if not _is_custom(call):
            self._held.append(call)
            return
        text = call["custom"].get("input")
        text = text if isinstance(text, str) else ""
        place = call.get("index")
        begun = next((c for c in reversed(self._held) if _is_custom(c)
                      and (place is None or c.get("index") == place)), None)  # fmt: skip
        if begun is None or call["custom"].get("name"):
            self._held.append({**call, "custom": {**call["custom"], "input": text}})
        else:
            begun["custom"]["input"] += text


def _is_custom(call: Any) -> bool:
    return isinstance(call, dict) and isinstance(call.get("custom"), dict)


def _some_custom(calls: Any) -> bool:
    return isinstance(calls, list) and any(map(_is_custom, calls))


class CustomCallTexts:
    """The custom calls of a stream that is written, each told once it is whole."""

    def __init__(self, asked: Mapping[str, Any]) -> None:
        self._names = custom_names(asked)
        self._begun: dict[int, ToolCallDelta] = {}
        self._texts: dict[int, str] = {}

    def take(self, event: ToolCallDelta) -> bool:
        """Tell whether ``event`` belongs to a custom call; it is held back then."""
        if event.name in self._names and event.index not in self._begun:
            self._begun[event.index], self._texts[event.index] = event, ""
        elif event.index not in self._begun:
            return False
        self._texts[event.index] += event.arguments
        return True

    def release(self) -> Iterator[bytes]:
        """Yield the entry of ``tool_calls`` for each call that was held back."""
        for index, begun in self._begun.items():
            call = ToolCall(id=begun.id, name=begun.name, arguments=self._texts[index] or "{}")
            yield encode_json({"index": index, **dump_custom(call)})
        self._begun = {}
