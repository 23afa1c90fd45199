"""Tool calls for models without tool support, by prompts and constrained answers.

A generator over hub values, without I/O: ``emulate`` yields extra requests and is sent their
answers. The first one decides whether a tool is needed (``choose_tool``): the model picks a name or
"none" under a schema, and the words of the question count if it is not sure. The second one makes
the call: it shows examples of *other* functions (a small model would copy an example of the same
one), and its answer is constrained by a JSON schema made of the tools (``argument_grammar``), in
which values are limited to those in the question.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from core.errors import InvalidResponse
from core.tools.arguments import fits
from core.tools.emulation.able import emulate_able
from core.tools.emulation.argument_grammar import (
    arguments_schema,
    call_schema,
    own_schema,
    read_call,
)
from core.tools.emulation.choose_tool import NONE, wanted
from core.tools.emulation.flatten_history import flatten, last_question
from core.tools.textual_calls import find_written_calls
from core.translation.codec.json import encode_json, object_of
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
    add_up,
    forces,
    text_of,
)

Emulation = Generator[ChatRequest, ChatResponse, ChatResponse | ChatRequest]

_TURNS = 6
_MAX_DECISION = 40
_MAX_CALL = 400
# Calls must not vary from run to run, whatever sampling the request asks for.
_EXACT = {"temperature": 0.0, "seed": 1}
_KEPT = ("num_ctx", "keep_alive", "num_gpu", "num_thread", "main_gpu", "num_batch", "use_mmap")

_EXAMPLES: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("Translate 'good morning' into French.", "translate_text",
     {"text": "good morning", "language": "French"}),
    ("你觉得读书重要吗?", NONE, {}),
    ("帮我查一下苹果公司的股价", "get_stock_price", {"company": "苹果公司"}),
    ("Thank you, that was helpful.", NONE, {}),
)  # fmt: skip


def emulate(request: ChatRequest, *, learnt: bool = False, able: bool = False) -> Emulation:
    """Plan one turn with tools for a model that cannot call them.

    ``learnt``: the model supports tools, but its API cannot force a call. Its own template is tried
    first, then it is constrained by the schemas of the tools only. ``able``: the model is large
    enough to choose by itself (``core.tools.emulation.able``).

    Yields requests that need whole answers. Returns the answer with its call (the caller sets its
    id), or a request without tools that is to be answered as usual.
    """
    if able and not learnt:
        return (yield from emulate_able(request))
    choice = request.tool_choice
    plain = flatten(request)
    if not request.tools or choice == NONE:
        return plain
    forced = forces(choice)
    if not forced and request.messages and request.messages[-1].role == "tool":
        # The result is there: a small model would repeat the call for ever.
        return plain
    tools = [t for t in request.tools if not isinstance(choice, NamedTool) or t.name == choice.name]
    usages: list[Usage | None] = []
    if forced and learnt:
        own = yield replace(request, tools=tuple(tools), tool_choice=None, stream=False)
        calls = _own_calls(own, tools)
        if calls:
            message = replace(own.message, parts=(), tool_calls=calls)
            return replace(own, message=message, finish_reason="tool_calls", logprobs=())
        usages.append(own.usage)
    if not forced:
        decision = yield _decision(request, tools)
        usages.append(decision.usage)
        tools = wanted(decision, tools, last_question(request))
    if not tools:
        return plain
    answer = yield _calling(request, tools, learnt=learnt)
    usages.append(answer.usage)
    call = read_call(object_of(text_of(answer.message)), tools)
    if call is None and forced and learnt:
        # A call was required: text in its place would look like an answer.
        raise InvalidResponse(
            f"{request.model} made no call that fits a tool, and tool_choice asks for one"
        )
    if call is None:
        return plain
    return ChatResponse(
        model=answer.model,
        message=Message(role="assistant", tool_calls=(call,)),
        finish_reason="tool_calls",
        usage=add_up(usages),
        timings=answer.timings,
    )


def _own_calls(answer: ChatResponse, tools: Sequence[Tool]) -> tuple[ToolCall, ...]:
    """Return the calls that a model made by its own template, or wrote into its text."""
    names = {tool.name for tool in tools}
    made = tuple(call for call in answer.message.tool_calls if call.name in names)
    if made:
        return made
    written = [one.call for one in find_written_calls(text_of(answer.message), names)]
    by_name = {tool.name: tool for tool in tools}
    return tuple(call for call in written if fits(by_name[call.name], call.arguments))


def _decision(request: ChatRequest, tools: Sequence[Tool]) -> ChatRequest:
    names = [*(tool.name for tool in tools), NONE]
    schema = {
        "type": "object",
        "properties": {"function": {"enum": names}},
        "required": ["function"],
    }
    told = "Choose the function that the user's words ask for, or none.\nFunctions:\n"
    examples = [(asked, {"function": name}) for asked, name, _ in _EXAMPLES]
    return _side(request, told + _listed(tools), examples, schema, _MAX_DECISION)


def _calling(request: ChatRequest, tools: Sequence[Tool], *, learnt: bool) -> ChatRequest:
    said = [text_of(m) for m in request.messages if m.role == "user"]
    question = last_question(request)
    shapes = [
        call_schema(
            tool, own_schema(tool) if learnt else arguments_schema(tool, question, said[:-1])
        )
        for tool in tools
    ]
    schema = shapes[0] if len(shapes) == 1 else {"anyOf": shapes}
    told = (
        "You call functions. Answer with one JSON object: the function's name and its "
        "arguments, taken from the user's words.\nFunctions:\n"
    )
    examples = [
        (asked, {"name": name, "arguments": arguments})
        for asked, name, arguments in _EXAMPLES
        if name != NONE
    ]
    return _side(request, told + _listed(tools), examples, schema, _MAX_CALL)


def _side(
    request: ChatRequest,
    told: str,
    examples: Sequence[tuple[str, Any]],
    schema: Mapping[str, Any],
    limit: int,
) -> ChatRequest:
    """Return an extra request: instructions, examples, then the conversation."""
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
