"""Adapts a request to what the model can do, or refuses it.

The catalog knows what each model can do. Tools are emulated for a model without tool support.
Thinking is requested only from models that can think, at the nearest level that they support. An
image for a model without vision is left out; if nothing else is left to ask, the request is refused
with a sentence that says what to do instead.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping

from msgspec.structs import replace

from core.backends.balancing.load import Route
from core.errors import Unsupported
from core.exchanges.exchange import Exchange
from core.tools.emulation import ABLE, Emulation, emulate, flatten, in_own_words, written_out
from core.translation.dialects.registry import FIELDS
from core.translation.dialects.shared.thinking import nearest
from core.translation.dialects.shared.tool_choice import refuse_unknown
from core.translation.messages import (
    Audio,
    ChatRequest,
    ChatResponse,
    Image,
    Message,
    Part,
    Text,
    ToolCall,
    forces,
)

Ask = Callable[[ChatRequest], Awaitable[ChatResponse]]


async def adapt_to_capabilities(
    request: ChatRequest,
    *,
    route: Route,
    abilities: Callable[[], Awaitable[frozenset[str]]],
    efforts: Callable[[], Awaitable[Iterable[bool | str]]],
    size: Callable[[], Awaitable[int]],
    ask: Ask,
    fetch: Callable[[ChatRequest], Awaitable[ChatRequest]],
    exchange: Exchange,
    whole: bool = False,
) -> ChatRequest | ChatResponse:
    """Return the request in a form that the model supports, or an answer made by emulation.

    ``abilities``, ``efforts`` (the supported thinking levels) and ``size`` (the number of
    parameters) are called only if needed; ``ask`` answers an extra request; ``fetch`` replaces
    image URLs by the images. What was emulated is noted on ``exchange``; with ``whole`` no picture
    is left out. Raises Unsupported for what cannot be adapted, and InvalidRequest for an image that
    cannot be fetched.
    """
    if asks_for_nothing(request):
        return request
    kind = route.deployment.kind
    needed = needs(request)
    able_to = await abilities()
    request = _without(request, needed - able_to, whole=whole)
    if "vision" in needed & able_to and not kind.fetches_images:
        request = await fetch(request)
    if request.thinking not in (None, False, "none") and "thinking" not in able_to:
        # Ollama refuses a truthy think with a 400 where the model cannot.
        request = replace(request, thinking=None) if kind.switches_thinking else request
    elif request.thinking:
        request = _as_hard(request, await efforts(), exchange)
    tools = "tools" in able_to
    if tools:
        own = in_own_words(request)
        if own is not request:
            exchange.emulated["messages"] = "history_in_words"
        request = own
    if tools and (kind.knows_tool_choice or not (forces(request.tool_choice) and request.tools)):
        return request
    if request.tools:
        refuse_unknown(request.tool_choice, request.tools)
    history = any(m.role == "tool" or m.tool_calls for m in request.messages)
    if history:
        exchange.emulated["messages"] = "history_flattened"
    if not request.tools or request.tool_choice == "none":
        if not (history or request.tools):
            return request
        return written_out(request) if await size() >= ABLE else flatten(request)
    note = "tool_choice_emulated" if tools else "tools_emulated"
    paths = ("tools", "tool_choice", "functions", "function_call")
    exchange.emulated |= dict.fromkeys(paths, note)
    able = not tools and await size() >= ABLE
    return await _emulate(emulate(request, learnt=tools, able=able), request, ask, exchange.id)


def to_be_counted(request: ChatRequest, able_to: Collection[str]) -> ChatRequest:
    """Return a request as its input is counted: no call is forced, no tool emulated.

    What a model without tools is told of emulated ones is not in one prompt that could be counted.
    """
    choice = None if forces(request.tool_choice) else request.tool_choice
    tools = request.tools if "tools" in able_to else ()
    return replace(request, tools=tools, tool_choice=choice)


def asks_for_nothing(request: ChatRequest) -> bool:
    """Tell whether every model can do what is asked: it is sent as it is."""
    return not (request.thinking or needs(request))


def needs(request: ChatRequest) -> frozenset[str]:
    """Return the capabilities that a request needs, by Ollama's names."""
    needed = set()
    if request.tools:
        needed.add("tools")
    if request.prompt is not None and request.prompt.suffix:
        needed.add("insert")
    for message in request.messages:
        if message.tool_calls or message.role == "tool":
            needed.add("tools")
        for part in message.parts:
            if not isinstance(part, Text):
                needed.add("vision" if isinstance(part, Image) else "audio")
    return frozenset(needed)


_WANTED = {
    "vision": "{model} cannot see images. Ask a model with the capability vision, such as "
    "gemma3 or qwen2.5vl, or leave the image out.",
    "audio": "{model} takes no audio. Send the text of it, or ask a model with the capability "
    "audio.",
    "insert": "{model} cannot fill in a middle. Ask a model with the capability insert, such as "
    "qwen2.5-coder, or leave suffix out.",
}


_SENSES: Mapping[str, type[Part]] = {"vision": Image, "audio": Audio}


def _without(request: ChatRequest, missing: Collection[str], *, whole: bool) -> ChatRequest:
    """Return the request without images or audio that the model does not support.

    Raises Unsupported if nothing would be left of the question, or if it has to stay ``whole``.
    """
    for ability in sorted(set(missing) & set(_WANTED)):
        sense = _SENSES.get(ability)
        last = request.messages[-1] if request.messages else Message(role="")
        kept = [part for part in last.parts if sense is None or not isinstance(part, sense)]
        if whole or sense is None or (last.role == "user" and not kept):
            raise Unsupported(
                _WANTED[ability].format(model=request.model),
                code=f"no_{ability}",
                path="suffix" if sense is None else _first(request, sense),
            )
        request = replace(request, messages=tuple(_bare(m, sense) for m in request.messages))
    return request


def _bare(message: Message, sense: type[Part]) -> Message:
    parts = tuple(part for part in message.parts if not isinstance(part, sense))
    return message if len(parts) == len(message.parts) else replace(message, parts=parts)


def _first(request: ChatRequest, kind: type[Part]) -> str:
    for index, message in enumerate(request.messages):
        for place, part in enumerate(message.parts):
            if isinstance(part, kind):
                return f"messages[{index}].content[{place}]"
    return "messages"


def _as_hard(
    request: ChatRequest, efforts: Iterable[bool | str], exchange: Exchange
) -> ChatRequest:
    """Return the request with the supported thinking level nearest to the wanted one."""
    wanted = request.thinking
    found = nearest(wanted, efforts) if wanted is not None else wanted
    if found == wanted:
        return request
    if wanted is not True:
        dialect = exchange.client.dialect
        paths = (r.paths[dialect] for r in FIELDS if r.name == "thinking" and dialect in r.paths)
        exchange.emulated |= dict.fromkeys(paths, "think_nearest")
    return replace(request, thinking=found)


async def _emulate(
    steps: Emulation, request: ChatRequest, ask: Ask, identity: str
) -> ChatRequest | ChatResponse:
    try:
        step = next(steps)
        while True:
            step = steps.send(await ask(step))
    except StopIteration as end:
        outcome: ChatRequest | ChatResponse = end.value
    if isinstance(outcome, ChatResponse):
        calls = tuple(
            ToolCall(id=f"call_{identity}_{i}", name=c.name, arguments=c.arguments)
            for i, c in enumerate(outcome.message.tool_calls)
        )
        return replace(outcome, message=replace(outcome.message, tool_calls=calls))
    return replace(outcome, stream=request.stream, include_usage=request.include_usage)
