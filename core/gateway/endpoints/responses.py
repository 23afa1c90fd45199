"""POST /v1/responses with a memory: ``previous_response_id`` stands for a conversation.

Input and output are stored as items of the dialect, so continuing from a response means putting its
items before the new ones. An item may also be referenced by its id alone, as the Vercel AI SDK
does: the id contains that of the response.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from typing import Any

from starlette.requests import Request

from core.backends.calls.answer import Answer
from core.backends.calls.options import AskOptions
from core.errors import DiglotError, InvalidRequest
from core.gateway.auth import principal_of
from core.gateway.call import CallScope, GatewayState
from core.gateway.endpoints.chat import ChatEndpoint, counted
from core.gateway.endpoints.kept_answers import SharedAnswers, Stored
from core.translation.codec.framing import SSEDecoder
from core.translation.codec.json import decode_json, encode_json, read_object

_ENDS = (b"response.completed", b"response.incomplete")

# Ids of items contain the id of their response: rs_<id>_0, msg_<id>, in_<id>_3.
_ITEM_ID = re.compile(r"[a-z]+_(?P<response>[0-9a-f]+)(?:_\d+)?")

# Keys of stored items that are not sent to a backend.
_KEPT_FOR_CLIENTS = frozenset({"id", "status"})
_MOST, _USUAL = 100, 20


class ResponsesEndpoint(ChatEndpoint):
    """POST in a dialect that stores answers, and the routes of stored answers."""

    def __init__(self, gateway_state: GatewayState, client_dialect: str) -> None:
        super().__init__(gateway_state, client_dialect)
        fleet = gateway_state.fleet
        self._store = SharedAnswers(lambda: fleet.config.routing.redis_url, fleet.erasures)

    def only_asks(self, body: bytes) -> bool:
        """Every answer is kept, unless its request says otherwise."""
        return False

    async def ask(self, call: CallScope, body: bytes, options: AskOptions) -> Answer:
        """Answer, with the stored conversation before the new items."""
        asked = read_object(decode_json(body), "")
        owner = call.principal.owner
        earlier, items = await self._conversation(asked, owner)
        if earlier or items != _items(asked.get("input")):
            body = encode_json({**asked, "input": [*map(_bare, earlier), *items]})
        answer = await super().ask(call, body, options)
        if asked.get("store") is False:
            return answer
        items = [*earlier, *numbered(items, call.id)]
        if answer.rest is not None:
            answer.rest = self._watch(answer.body, answer.rest, items, owner)
        elif answer.content_type.startswith("text/event-stream"):
            await self._look(SSEDecoder(), answer.body, items, owner)
        else:
            await self._store.add(items, decode_json(answer.body), owner=owner)
        return answer

    async def count(self, request: Request, body: bytes) -> Any:
        """POST /v1/responses/input_tokens, for the conversation as it would be answered."""
        asked = read_object(decode_json(body), "")
        earlier, items = await self._conversation(asked, principal_of(request.scope).owner)
        whole = {**asked, "input": [*map(_bare, earlier), *items]}
        return await counted(self.fleet, self.client_dialect, whole, request)

    async def compact(self, request: Request, body: bytes) -> Any:
        """POST /v1/responses/compact: what it returns can be read by OpenAI's servers alone."""
        raise DiglotError(
            "conversations are not compacted here: ask the model for a summary, or send the "
            "conversation as it is",
            status=501,
            code="not_supported",
        )

    async def _conversation(self, asked: dict[str, Any], owner: str) -> tuple[list[Any], list[Any]]:
        """Return the stored items before a request's own, and its own with references resolved."""
        items = await self._looked_up(_items(asked.get("input")), owner)
        return await self._earlier(asked.get("previous_response_id"), owner), items

    async def _earlier(self, previous: Any, owner: str) -> list[Any]:
        """Return the conversation up to a response. Raises InvalidRequest if it is not stored."""
        if not previous:
            # Clients that have no earlier answer send null or an empty text.
            return []
        stored = await self._store.get(str(previous), owner=owner)
        if stored is None:
            raise InvalidRequest(
                f"response {previous!r} is not kept here (any more): send the whole "
                "conversation as input",
                code="previous_response_not_found",
                path="previous_response_id",
            )
        return [*stored.items, *stored.response["output"]]

    async def _looked_up(self, items: list[Any], owner: str) -> list[Any]:
        """Return the items with known references resolved."""
        return [await self._referred(item, owner) if _refers(item) else item for item in items]

    async def _referred(self, item: dict[str, Any], owner: str) -> dict[str, Any]:
        identity = str(item["id"])
        found = _ITEM_ID.fullmatch(identity)
        stored = await self._store.get(f"resp_{found['response']}", owner=owner) if found else None
        kept = [*stored.items, *stored.response["output"]] if stored is not None else []
        # An unknown reference is refused by the parser, which knows its path.
        return next((_bare(one) for one in kept if one.get("id") == identity), item)

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
        """GET /v1/responses/{id}/input_items: a page of them, the newest first unless asked."""
        items = (await self._found(request)).items
        query = request.query_params
        order = query.get("order") or "desc"
        if order not in ("asc", "desc"):
            raise InvalidRequest('order must be "asc" or "desc"', path="order")
        limit = query.get("limit") or str(_USUAL)
        if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit) <= _MOST:
            raise InvalidRequest(f"limit must be from 1 to {_MOST}", path="limit")
        ordered = items if order == "asc" else items[::-1]
        after = query.get("after")
        if after:
            ids = [item["id"] for item in ordered]
            if after not in ids:
                raise InvalidRequest(f"there is no item {after!r} in this response", path="after")
            ordered = ordered[ids.index(after) + 1 :]
        page = ordered[: int(limit)]
        return {
            "object": "list",
            "data": page,
            "first_id": page[0]["id"] if page else None,
            "last_id": page[-1]["id"] if page else None,
            "has_more": len(page) < len(ordered),
        }

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


def _refers(item: Any) -> bool:
    if not isinstance(item, dict) or "id" not in item:
        return False
    return item.get("type") == "item_reference" or item.keys() <= {"id", "type"}


def _bare(item: dict[str, Any]) -> dict[str, Any]:
    """Return a stored item without the keys that are only for clients."""
    bare = {key: value for key, value in item.items() if key not in _KEPT_FOR_CLIENTS}
    if bare.get("type") == "reasoning" and bare.get("content"):
        bare.pop("summary", None)
    content = bare.get("content")
    if isinstance(content, list):
        hidden = ("annotations", "logprobs")
        bare["content"] = [
            {key: value for key, value in part.items() if key not in hidden or value}
            if isinstance(part, dict)
            else part
            for part in content
        ]
    return bare


def numbered(items: list[Any], identity: str) -> list[Any]:
    """Return new items for the store: each with a type, an id and a status."""
    kept: list[Any] = []
    for place, item in enumerate(items):
        whole = {"type": "message", "id": f"in_{identity}_{place}", "status": "completed", **item}
        if isinstance(whole.get("content"), str) and whole["type"] == "message":
            kind = "output_text" if whole.get("role") == "assistant" else "input_text"
            part: dict[str, Any] = {"type": kind, "text": whole["content"]}
            whole["content"] = [part | ({"annotations": []} if kind == "output_text" else {})]
        kept.append(whole)
    return kept
