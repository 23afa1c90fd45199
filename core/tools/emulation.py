"""Tool calls for models that have not learnt them, by prompt and constrained answers.

A plan over hub values, without I/O: ``emulate`` yields the requests to make on the side and is
sent their answers. First it decides whether a tool is wanted at all: the model picks a name or
"none" under a schema, and a question that shares words with a tool's description counts as
evidence too, because small models pick "none" whatever is asked unless they are very sure.
Then the call is made: worked examples from *other* functions (with an example of the same
function a small model copies it), and an answer constrained by a JSON schema made of the
tools, in which plain strings are limited to stretches of the user's own words.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any

from core.errors import DiglotError
from core.tools.arguments import ToolArgumentError, validate_arguments
from core.tools.history import flatten, last_question
from core.tools.spans import shared_words, spans
from core.translation.messages import (
    ChatRequest,
    ChatResponse,
    Message,
    NamedTool,
    ResponseFormat,
    Text,
    Tool,
    ToolCall,
    Usage,
    text_of,
)
from core.translation.reading import decode_json, encode_json

__all__ = ["Emulation", "emulate"]

Emulation = Generator[ChatRequest, ChatResponse, ChatResponse | ChatRequest]

_NONE = "none"
_SURE = -0.02
"""A "none" this likely (as a log-probability) outweighs words shared with a tool."""

_TURNS = 6
_MAX_DECISION = 40
_MAX_CALL = 400
# A prompt's own sampling would make calls differ from time to time; a choice is not a story.
_EXACT = {"temperature": 0.0, "seed": 1}
_KEPT = ("num_ctx", "keep_alive", "num_gpu", "num_thread", "main_gpu", "num_batch", "use_mmap")

_EXAMPLES: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("Translate 'good morning' into French.", "translate_text",
     {"text": "good morning", "language": "French"}),
    ("你觉得读书重要吗?", _NONE, {}),
    ("帮我查一下苹果公司的股价", "get_stock_price", {"company": "苹果公司"}),
    ("Thank you, that was helpful.", _NONE, {}),
)  # fmt: skip


def emulate(request: ChatRequest) -> Emulation:
    """Plan one turn with tools for a model that cannot call them.

    Yields requests to be answered whole. Returns the answer with its call, whose id is left
    to the caller, or a request without tools to be answered as usual.
    """
    choice = request.tool_choice
    plain = flatten(request)
    if not request.tools or choice == _NONE:
        return plain
    forced = choice == "required" or isinstance(choice, NamedTool)
    if not forced and request.messages and request.messages[-1].role == "tool":
        # The result is there: a small model that may call again would do so for ever.
        return plain
    tools = [t for t in request.tools if not isinstance(choice, NamedTool) or t.name == choice.name]
    usages: list[Usage] = []
    if not forced:
        decision = yield _decision(request, tools)
        usages.append(decision.usage or Usage())
        tools = _wanted(decision, tools, last_question(request))
    if not tools:
        return plain
    answer = yield _calling(request, tools)
    usages.append(answer.usage or Usage())
    call = _read_call(text_of(answer.message), tools)
    if call is None:
        return plain
    return ChatResponse(
        model=answer.model,
        message=Message(role="assistant", tool_calls=(call,)),
        finish_reason="tool_calls",
        usage=Usage(
            prompt_tokens=sum(usage.prompt_tokens for usage in usages),
            completion_tokens=sum(usage.completion_tokens for usage in usages),
        ),
        timings=answer.timings,
    )


def _decision(request: ChatRequest, tools: Sequence[Tool]) -> ChatRequest:
    names = [*(tool.name for tool in tools), _NONE]
    schema = {
        "type": "object",
        "properties": {"function": {"enum": names}},
        "required": ["function"],
    }
    told = "Choose the function that the user's words ask for, or none.\nFunctions:\n"
    examples = [(asked, {"function": name}) for asked, name, _ in _EXAMPLES]
    return _side(request, told + _listed(tools), examples, schema, _MAX_DECISION)


def _wanted(decision: ChatResponse, tools: list[Tool], question: str) -> list[Tool]:
    """Return the tools that may be meant; none when the answer should be words."""
    words = {tool.name: shared_words(question, f"{tool.name} {tool.description}") for tool in tools}
    most = max(words.values())
    matching = [tool for tool in tools if most > 0 and words[tool.name] == most]
    picked = _picked(decision)
    chosen = [tool for tool in tools if tool.name == picked]
    if chosen:
        return chosen + [tool for tool in matching if tool is not chosen[0]]
    return [] if _confidence(decision, picked) > _SURE else matching


def _picked(decision: ChatResponse) -> str:
    try:
        value = decode_json(text_of(decision.message))
    except DiglotError:
        return ""
    name = value.get("function") if isinstance(value, dict) else None
    return name if isinstance(name, str) else ""


def _confidence(decision: ChatResponse, picked: str) -> float:
    """Return the log-probability of the picked name; doubtful where it is not known."""
    tokens = [(str(e.get("token", "")), float(e.get("logprob", 0))) for e in decision.logprobs]
    text = "".join(token for token, _ in tokens)
    start = text.rfind(picked)
    if not picked or start < 0:
        return -1.0
    total, place = 0.0, 0
    for token, logprob in tokens:
        if place + len(token) > start and place < start + len(picked):
            total += logprob
        place += len(token)
    return total


def _calling(request: ChatRequest, tools: Sequence[Tool]) -> ChatRequest:
    words = spans(last_question(request))
    shapes = [_call_schema(tool, words) for tool in tools]
    schema = shapes[0] if len(shapes) == 1 else {"anyOf": shapes}
    told = (
        "You call functions. Answer with one JSON object: the function's name and its "
        "arguments, taken from the user's words.\nFunctions:\n"
    )
    examples = [
        (asked, {"name": name, "arguments": arguments})
        for asked, name, arguments in _EXAMPLES
        if name != _NONE
    ]
    return _side(request, told + _listed(tools), examples, schema, _MAX_CALL)


def _side(
    request: ChatRequest,
    told: str,
    examples: Sequence[tuple[str, Any]],
    schema: Mapping[str, Any],
    limit: int,
) -> ChatRequest:
    """Return a request on the side: told what to do, shown how, then the conversation."""
    shown: list[Message] = []
    for asked, answered in examples:
        shown.append(Message(role="user", parts=(Text(asked),)))
        shown.append(Message(role="assistant", parts=(Text(encode_json(answered).decode()),)))
    spoken = [m for m in flatten(request).messages if m.role in ("user", "assistant")]
    kept = {name: request.settings[name] for name in _KEPT if name in request.settings}
    return ChatRequest(
        model=request.model,
        messages=(Message(role="system", parts=(Text(told),)), *shown, *spoken[-_TURNS:]),
        format=ResponseFormat(schema=schema, name="call"),
        thinking=False if request.thinking is not None else None,
        settings={**kept, **_EXACT, "max_tokens": limit, "logprobs": True, "top_logprobs": 1},
    )


def _listed(tools: Sequence[Tool]) -> str:
    lines = []
    for tool in tools:
        properties = (tool.parameters or {}).get("properties") or {}
        names = ", ".join(
            f"{name}: {p['description']}" if isinstance(p, dict) and p.get("description") else name
            for name, p in properties.items()
        )
        lines.append(f"- {tool.name}({names}): {tool.description}")
    return "\n".join(lines)


def _call_schema(tool: Tool, words: list[str]) -> dict[str, Any]:
    parameters = dict(tool.parameters or {"type": "object", "properties": {}})
    shape = _grammar(parameters, parameters.get("$defs") or {}, words, depth=6)
    shape.setdefault("type", "object")
    return {
        "type": "object",
        "properties": {"name": {"const": tool.name}, "arguments": shape},
        "required": ["name", "arguments"],
    }


def _grammar(
    schema: Any, defs: Mapping[str, Any], words: list[str], *, depth: int
) -> dict[str, Any]:
    """Return what a grammar can be made of: no keyword that a backend might refuse.

    The call is checked against the tool's own schema afterwards.
    """
    if not isinstance(schema, dict) or depth == 0:
        return {}
    if "$ref" in schema:
        name = str(schema["$ref"]).rsplit("/", 1)[-1]
        return _grammar(defs.get(name), defs, words, depth=depth - 1)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return {"anyOf": [_grammar(s, defs, words, depth=depth - 1) for s in schema[key]]}
    shape: dict[str, Any] = {k: schema[k] for k in ("type", "enum", "const") if k in schema}
    if schema.get("type") == "string" and "enum" not in shape and "const" not in shape and words:
        shape["enum"] = words
    if "items" in schema:
        shape["items"] = _grammar(schema["items"], defs, words, depth=depth - 1)
    if isinstance(schema.get("properties"), dict):
        shape["properties"] = {
            name: _grammar(value, defs, words, depth=depth - 1)
            for name, value in schema["properties"].items()
        }
        shape["required"] = list(schema.get("required") or ())
    return shape


def _read_call(text: str, tools: Sequence[Tool]) -> ToolCall | None:
    """Return the call that the answer spells, if it is one of these tools and fits it."""
    try:
        value = decode_json(text)
    except DiglotError:
        return None
    if not isinstance(value, dict):
        return None
    tool = next((tool for tool in tools if tool.name == value.get("name")), None)
    arguments = value.get("arguments")
    if tool is None or not isinstance(arguments, dict):
        return None
    spelled = encode_json(arguments).decode()
    try:
        validate_arguments(tool, spelled)
    except ToolArgumentError:
        return None
    return ToolCall(name=tool.name, arguments=spelled)
