"""Tools in OpenAI's responses dialect: functions, tools that take text, and namespaces of both.

Elsewhere there are functions alone. One of a namespace is called ``namespace__name`` there, and
an answer that calls it says namespace and name apart again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from core.translation.codec.json import arguments_object, read_items, read_name, read_object
from core.translation.dialects.shared.client_tools import RESPONSES, with_details
from core.translation.dialects.shared.tool_definitions import (
    parse_custom,
    parse_definition,
    unpack_input,
)
from core.translation.fields.allowed_tools import mark_barred
from core.translation.fields.kinds import client_tool, left_out
from core.translation.messages import NamedTool, Tool, ToolCall

SAID = ("display_width", "display_height", "environment")
"""What a request says of a tool that the client runs: it becomes a part of its description."""

# Items that bring tools with them.
_ADDING = ("additional_tools", "tool_search_output")


def qualified(namespace: Any, name: str) -> str:
    """Return the one name by which other dialects know a function of a namespace."""
    return f"{namespace}__{name}" if isinstance(namespace, str) and namespace else name


def parse_tools(body: Mapping[str, Any]) -> tuple[Tool, ...]:
    """Read the tools of a request: those of ``tools``, and those that its items add later."""
    tools = [*_parse(mark_barred(body).get("tools"), "tools", "tools[]", "")]
    known = {tool.name for tool in tools}
    for index, added in _added(body):
        # A search may find a tool that was offered before.
        new = [*_parse(added, f"input[{index}].tools", "tools[]", "")]
        tools += [tool for tool in new if tool.name not in known]
        known |= {tool.name for tool in new}
    return tuple(tools)


def _added(body: Mapping[str, Any]) -> Iterator[tuple[int, Any]]:
    """Yield the tools that items add, each with the item's number."""
    items = body.get("input")
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict) and item.get("type") in _ADDING:
            yield index, item.get("tools")


def _parse(value: Any, path: str, place: str, namespace: str) -> Iterator[Tool]:
    for index, item in enumerate(read_items(value, path)):
        here = f"{path}[{index}]"
        body = read_object(item, here)
        if left_out("responses", place, body):
            continue
        if body.get("type") == "namespace":
            name = read_name(body, here)
            yield from _parse(body.get("tools"), f"{here}.tools", "tools[].tools[]", name)
            continue
        kind = client_tool("responses", body)
        if kind:
            said = {key: body[key] for key in SAID if isinstance(body.get(key), int | str)}
            tool = with_details(RESPONSES[kind], said)
        elif body.get("type") == "custom":
            tool = parse_custom(body, here)
        else:
            tool = parse_definition(body, here)
        yield replace(tool, name=qualified(namespace, tool.name))


def dump_tool(tool: Tool) -> dict[str, Any]:
    """Write one function; parameters and strict are required here, if only as null."""
    body: dict[str, Any] = {"type": "function", "name": tool.name}
    if tool.description:
        body["description"] = tool.description
    return {**body, "parameters": tool.parameters, "strict": tool.strict}


def echo_tools(value: Any) -> list[Any]:
    """Return the tools of a request as its answer repeats them: with what the schema requires."""
    return [
        {"description": None, "parameters": None, **tool, "strict": tool.get("strict") or False}
        if isinstance(tool, dict) and tool.get("type") == "function"
        else tool
        for tool in (value if isinstance(value, list) else ())
    ]


def _dump_action(kind: str, call: ToolCall) -> dict[str, Any]:
    """Write the call of a tool that the API knows itself, with what its type requires."""
    given = arguments_object(call.arguments or "{}")
    item: dict[str, Any] = {"type": f"{call.name}_call", "call_id": call.id}
    if kind == "apply_patch":
        return {**item, "operation": given}
    if kind == "local_shell":
        return {**item, "action": {"env": {}, **given, "type": "exec"}}
    if kind == "shell":
        return {**item, "action": {"timeout_ms": None, "max_output_length": None, **given}}
    return {**item, "action": given, "pending_safety_checks": []}


class ToolNames:
    """What the client calls each of its tools, by the one name that the backend knows."""

    def __init__(self, asked: Mapping[str, Any]) -> None:
        self._names: dict[str, tuple[str, str, bool]] = {}
        # The tools that the API knows itself, by the name of the function.
        self._kinds: dict[str, str] = {}
        for tools in (asked.get("tools"), *(tools for _, tools in _added(asked))):
            self._note(tools, "")

    def _note(self, tools: Any, namespace: str) -> None:
        for tool in tools if isinstance(tools, Iterable) else ():
            if not isinstance(tool, dict):
                continue
            name, kind = str(tool.get("name")), tool.get("type")
            known = client_tool("responses", tool)
            if known:
                self._kinds[RESPONSES[known].name] = known
            elif kind == "namespace":
                self._note(tool.get("tools"), name)
            elif namespace or kind == "custom":
                self._names[qualified(namespace, name)] = (namespace, name, kind == "custom")

    def told_whole(self, name: str) -> bool:
        """Tell whether the calls of the tool that the backend knows by this name are told at once.

        Their arguments stand in another form there: text, or an action.
        """
        return name in self._kinds or self._names.get(name, ("", "", False))[2]

    def dump_call(self, call: ToolCall) -> dict[str, Any]:
        """Write a call as the client knows it."""
        if call.name in self._kinds:
            return _dump_action(self._kinds[call.name], call)
        namespace, name, text = self._names.get(call.name, ("", call.name, False))
        body: dict[str, Any] = {
            "type": "custom_tool_call" if text else "function_call",
            "call_id": call.id,
            "name": name,
        }
        if text:
            body["input"] = unpack_input(call.arguments) if call.arguments else ""
        else:
            body["arguments"] = call.arguments
        return {**body, "namespace": namespace} if namespace else body


def client_choice(body: Mapping[str, Any]) -> NamedTool | None:
    """Return the choice of a tool that the API knows itself, where the request offers it."""
    choice = body.get("tool_choice")
    kind = client_tool("responses", choice) if isinstance(choice, dict) else ""
    name = RESPONSES[kind].name if kind else ""
    return NamedTool(name) if name and any(t.name == name for t in parse_tools(body)) else None
