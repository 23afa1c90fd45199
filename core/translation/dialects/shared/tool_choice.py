"""``tool_choice``: a word, or an object that names one tool or some, in any API's form."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal

from core.errors import InvalidRequest
from core.translation.fields.allowed_tools import allowed_choice
from core.translation.messages import NamedTool, Tool, ToolChoice

# OpenAI's words, and "any", as Anthropic's API and Mistral's have it.
_CHOICES: Mapping[str, Literal["auto", "none", "required"]] = {
    "auto": "auto",
    "none": "none",
    "required": "required",
    "any": "required",
}


def parse_choice(value: Any) -> ToolChoice | None:
    """Read ``tool_choice`` or ``function_call``: a word, or the object that names a function.

    What is neither is no choice: Ollama's openai/openai.go ignores the field altogether. So is
    a tool of OpenAI's own servers, which is left out with the rest of it.
    """
    word = value.get("type") if isinstance(value, dict) else value
    if isinstance(word, str) and word in _CHOICES:
        return _CHOICES[word]
    if isinstance(value, dict):
        allowed = allowed_choice({"tool_choice": value})
        if allowed is not None:
            # Which tools it allows is read with the tools, of which it leaves the others out.
            return "required" if allowed.get("mode") == "required" else "auto"
        named = value.get("function") or value.get("custom")
        name = named.get("name") if isinstance(named, dict) else value.get("name")
        if isinstance(name, str) and name:
            return NamedTool(name)
    return None


def offered_choice(
    choice: ToolChoice | None, tools: Collection[Tool], body: Mapping[str, Any]
) -> ToolChoice | None:
    """Return a choice as far as its tool is offered: one that is left out cannot be forced.

    A name of no tool at all is kept: who forces a call refuses it (``refuse_unknown``).
    """
    if not isinstance(choice, NamedTool) or any(tool.name == choice.name for tool in tools):
        return choice
    within = [tool.name for tool in tools if tool.name.endswith(f"__{choice.name}")]
    if len(within) == 1:
        return NamedTool(within[0])  # of a namespace
    left_out = choice.name in _names(body.get("tools")) | _names(body.get("functions"))
    return None if left_out else choice


def refuse_unknown(choice: ToolChoice | None, tools: Collection[Tool]) -> None:
    """Raise InvalidRequest for the choice of a tool that is none of the request's.

    OpenAI's, Anthropic's and vLLM's servers do: whoever forces a call waits for that call.
    """
    if isinstance(choice, NamedTool) and all(tool.name != choice.name for tool in tools):
        raise InvalidRequest(
            f"tool_choice asks for {choice.name!r}, which is none of the tools of this request",
            path="tool_choice",
        )


def _names(tools: Any) -> set[str]:
    """Return whatever a list of tools calls them: names and kinds."""
    found: set[str] = set()
    for tool in tools if isinstance(tools, list) else ():
        if isinstance(tool, dict):
            said = (tool.get("name"), tool.get("type"))
            found |= {name for name in said if isinstance(name, str)}
            found |= _names([*_within(tool)])
    return found


def _within(tool: Mapping[str, Any]) -> Iterator[Any]:
    yield from (tool[key] for key in ("function", "custom") if key in tool)
    nested = tool.get("tools")
    yield from nested if isinstance(nested, list) else ()


def dump_choice(choice: ToolChoice) -> Any:
    """Write ``tool_choice``."""
    if isinstance(choice, NamedTool):
        return {"type": "function", "function": {"name": choice.name}}
    return choice
