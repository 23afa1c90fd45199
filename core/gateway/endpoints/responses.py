"""POST /v1/responses with a memory: ``previous_response_id`` stands for a conversation.

What was said and answered is kept in the dialect's own items, so going on from a response is
putting its items in front of the new ones. The store forgets the oldest when it is full. Where a
Redis is configured it keeps a copy, so that any gateway can go on from any other's response.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from typing import Any

from msgspec import Struct
from starlette.requests import Request

from core.backends.calls.answer import Answer
from core.backends.calls.options import AskOptions
from core.errors import DiglotError, InvalidRequest
from core.gateway.auth import principal_of
from core.gateway.call import CallScope, GatewayState
from core.gateway.endpoints.chat import ChatEndpoint
from core.gateway.endpoints.shared_values import SharedValues
from core.translation.codec.framing import SSEDecoder
from core.translation.codec.json import decode_json, encode_json, read_object

__all__ = ["ResponseStore", "ResponsesEndpoint"]

MAX_RESPONSES = 1000
MAX_BYTES = 64 * 1024 * 1024
SHARED_SECONDS = 7 * 24 * 3600
"""How long Redis keeps a response."""

_GONE = b"gone"
_ENDS = (b"response.completed", b"response.incomplete")


class Stored(Struct, frozen=True):
    """One response with the items that it answered. ``size`` is in bytes of JSON."""

    items: list[Any]
    response: dict[str, Any]
    size: int
    owner: str = ""


class ResponseStore:
    """The newest responses, bounded in number and bytes."""

    def __init__(self, limit: int = MAX_RESPONSES, *, limit_bytes: int = MAX_BYTES) -> None:
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._size = 0
        self._kept: OrderedDict[str, Stored] = OrderedDict()

    def add(self, items: list[Any], response: dict[str, Any], *, owner: str = "") -> None:
        """Keep a response of ``owner``, forgetting the oldest where there is no room."""
        size = len(encode_json(items)) + len(encode_json(response))
        self._kept[response["id"]] = Stored(items, response, size, owner)
        self._size += size
        while len(self._kept) > 1 and (
            len(self._kept) > self._limit or self._size > self._limit_bytes
        ):
            self._size -= self._kept.popitem(last=False)[1].size

    def get(self, identity: str, *, owner: str = "") -> Stored | None:
        """Return a response of ``owner``, or None where it is not there (any more)."""
        stored = self._kept.get(identity)
        return stored if stored is not None and stored.owner == owner else None

    def delete(self, identity: str) -> bool:
        """Forget a response; tell whether it was there."""
        stored = self._kept.pop(identity, None)
        self._size -= stored.size if stored else 0
        return stored is not None


class SharedResponses:
    """The newest responses of this process, and in Redis those of all gateways.

    ``redis_url`` returns where Redis is, "" for none.
    """

    def __init__(self, redis_url: Callable[[], str]) -> None:
        self._shared = SharedValues(redis_url)
        self._own = ResponseStore()

    async def add(self, items: list[Any], response: dict[str, Any], *, owner: str) -> None:
        """Keep a response of ``owner``, here and in Redis."""
        self._own.add(items, response, owner=owner)
        value = encode_json({"items": items, "response": response, "owner": owner})
        await self._shared.put(_name(response["id"]), value, seconds=SHARED_SECONDS)

    async def get(self, identity: str, *, owner: str) -> Stored | None:
        """Return a response of ``owner``, or None where it is not there (any more)."""
        value = await self._shared.get(_name(identity))
        if value is None:
            # Redis may be away, or was when this was said.
            return self._own.get(identity, owner=owner)
        if value == _GONE:
            return None
        kept = decode_json(value)
        stored = Stored(kept["items"], kept["response"], len(value), kept["owner"])
        return stored if stored.owner == owner else None

    async def delete(self, identity: str) -> None:
        """Forget a response."""
        self._own.delete(identity)
        # Other gateways may have a copy.
        await self._shared.put(_name(identity), _GONE, seconds=SHARED_SECONDS)


def _name(identity: str) -> str:
    return f"response:{identity}"


class ResponsesEndpoint(ChatEndpoint):
    """POST in a dialect whose server keeps answers, and what can be asked of a stored one."""

    def __init__(self, gateway_state: GatewayState, client_dialect: str) -> None:
        super().__init__(gateway_state, client_dialect)
        self._store = SharedResponses(lambda: gateway_state.fleet.config.routing.redis_url)

    async def ask(self, call: CallScope, body: bytes, options: AskOptions) -> Answer:
        """Answer, with the earlier conversation in front of the new items."""
        asked = read_object(decode_json(body), "")
        items = _items(asked.get("input"))
        previous = asked.get("previous_response_id")
        if previous is not None:
            stored = await self._store.get(str(previous), owner=call.principal.owner)
            if stored is None:
                raise InvalidRequest(
                    f"response {previous!r} is not kept here (any more): send the whole "
                    "conversation as input",
                    code="previous_response_not_found",
                    path="previous_response_id",
                )
            items = [*stored.items, *stored.response["output"], *items]
            body = encode_json({**asked, "input": items})
        answer = await super().ask(call, body, options)
        if asked.get("store") is False:
            return answer
        owner = call.principal.owner
        if answer.rest is not None:
            answer.rest = self._watch(answer.body, answer.rest, items, owner)
        elif answer.content_type.startswith("text/event-stream"):
            await self._look(SSEDecoder(), answer.body, items, owner)
        else:
            await self._store.add(items, decode_json(answer.body), owner=owner)
        return answer

    async def _watch(
        self, head: bytes, rest: AsyncGenerator[bytes], items: list[Any], owner: str
    ) -> AsyncGenerator[bytes]:
        decoder = SSEDecoder()
        await self._look(decoder, head, items, owner)
        try:
            async for piece in rest:
                await self._look(decoder, piece, items, owner)
                yield piece
        finally:
            await rest.aclose()

    async def _look(self, decoder: SSEDecoder, data: bytes, items: list[Any], owner: str) -> None:
        for record in decoder.decode(data):
            if record.event in _ENDS:
                await self._store.add(items, decode_json(record.data)["response"], owner=owner)

    async def stored(self, request: Request, body: bytes) -> Any:
        """GET /v1/responses/{id}."""
        return (await self._found(request)).response

    async def items(self, request: Request, body: bytes) -> Any:
        """GET /v1/responses/{id}/input_items, oldest first."""
        items = (await self._found(request)).items
        return {"object": "list", "data": items, "has_more": False}

    async def delete(self, request: Request, body: bytes) -> Any:
        """DELETE /v1/responses/{id}."""
        identity = (await self._found(request)).response["id"]
        await self._store.delete(identity)
        return {"id": identity, "object": "response", "deleted": True}

    async def _found(self, request: Request) -> Stored:
        identity = request.path_params["id"]
        stored = await self._store.get(identity, owner=principal_of(request.scope).owner)
        if stored is None:
            raise DiglotError(
                f"response {identity!r} is not kept here", status=404, code="not_found"
            )
        return stored


def _items(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [{"role": "user", "content": value}] if isinstance(value, str) else []
