"""POST /v1/messages with a memory: ``thread`` continues from an answer by its id.

A request with ``{"type": "create"}`` stores its conversation with the answer; one with ``{"type":
"continue", "previous_message_id": ...}`` has only the new messages, and takes the system prompt and
the tools from the store (Anthropic's beta message-threads-2026-08-12).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import cache
from typing import Any

from core.backends.calls.answer import Answer
from core.backends.calls.options import AskOptions
from core.errors import DiglotError, InvalidRequest
from core.exchanges.sign_search import SignSearch
from core.gateway.call import CallScope, GatewayState
from core.gateway.endpoints.chat import ChatEndpoint
from core.gateway.endpoints.kept_answers import SharedAnswers
from core.translation.codec.json import decode_json, encode_json, read_items, read_object
from core.translation.dialects.registry import DIALECTS
from core.translation.events import Event, StreamError, accumulate
from core.translation.stamp import Stamp

# Fields that are stored with the thread and need not be repeated.
_ONCE = ("system", "tools")

_THREAD = b'"thread"'
_LONG = 16 * 1024
"""Bytes from which a search is worth the 5 MB that it takes."""


class ThreadsEndpoint(ChatEndpoint):
    """POST in a dialect whose conversations can be continued by the id of the last answer."""

    def __init__(self, gateway_state: GatewayState, client_dialect: str) -> None:
        super().__init__(gateway_state, client_dialect)
        fleet = gateway_state.fleet
        self._store = SharedAnswers(lambda: fleet.config.routing.redis_url, fleet.erasures)

    def only_asks(self, body: bytes) -> bool:
        """Tell whether nothing is kept."""
        # A key in another spelling is refused by the parser.
        if len(body) < _LONG:
            return body.find(_THREAD) < 0
        return not _search().finds(body)

    async def ask(self, call: CallScope, body: bytes, options: AskOptions) -> Answer:
        """Answer, with the stored conversation before the new messages."""
        if self.only_asks(body):
            return await super().ask(call, body, options)
        asked = read_object(decode_json(body), "")
        thread = asked.pop("thread", None)
        if not isinstance(thread, dict):
            return await super().ask(call, body, options)
        owner = call.principal.owner
        if thread.get("type") == "continue":
            asked = await self._continued(asked, thread.get("previous_message_id"), owner)
            body = encode_json(asked)
        answer = await super().ask(call, body, options)
        await self._keep(answer, asked, call)
        return answer

    async def _continued(self, asked: dict[str, Any], previous: Any, owner: str) -> dict[str, Any]:
        stored = await self._store.get(str(previous), owner=owner)
        if stored is None:
            raise InvalidRequest(
                f"no thread is kept here (any more) for {previous!r}: send the whole "
                'conversation with thread {"type": "create"}',
                code="thread_not_found",
                path="thread.previous_message_id",
            )
        kept = stored.response["fields"]
        said = [*stored.items, *stored.response["output"]]
        messages = [*said, *read_items(asked.get("messages"), "messages")]
        return {**asked, **kept, "messages": messages}

    async def _keep(self, answer: Answer, asked: dict[str, Any], call: CallScope) -> None:
        if answer.rest is not None:
            answer.rest = self._watch(answer.body, answer.rest, asked, call)
        elif answer.content_type.startswith("text/event-stream"):
            decoder = DIALECTS[self.client_dialect].decoder(ids=call.id)
            await self._add_streamed(decoder.decode(answer.body), asked, call)
        else:
            whole = decode_json(answer.body)
            await self._add(whole["id"], whole["content"], asked, call)

    async def _watch(
        self, head: bytes, rest: AsyncGenerator[bytes], asked: dict[str, Any], call: CallScope
    ) -> AsyncGenerator[bytes]:
        decoder = DIALECTS[self.client_dialect].decoder(ids=call.id)
        events = decoder.decode(head)
        try:
            async for piece in rest:
                events += decoder.decode(piece)
                yield piece
        finally:
            await rest.aclose()
        await self._add_streamed(events, asked, call)

    async def _add_streamed(
        self, events: list[Event], asked: dict[str, Any], call: CallScope
    ) -> None:
        try:
            response = accumulate(events)
        except DiglotError:
            return  # a broken stream cannot be continued
        if any(isinstance(event, StreamError) for event in events):
            return
        stamp = Stamp(id=call.id, created=0, model=response.model)
        whole = DIALECTS[self.client_dialect].dump_response(response, stamp=stamp, now=0)
        await self._add(whole["id"], whole["content"], asked, call)

    async def _add(
        self, identity: str, content: list[Any], asked: dict[str, Any], call: CallScope
    ) -> None:
        said = [{"role": "assistant", "content": content}] if content else []
        fields = {name: asked[name] for name in _ONCE if asked.get(name) is not None}
        kept = {"id": identity, "output": said, "fields": fields}
        await self._store.add(asked["messages"], kept, owner=call.principal.owner)


@cache
def _search() -> SignSearch:
    """Return what finds the sign of a thread, in a long body in a fifth of the time of ``find``."""
    return SignSearch([_THREAD])
