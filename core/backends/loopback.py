"""LoopbackClient: asks the models of this process as a client of the gateway would.

The chat page could pass hub values and take hub events. Instead its request is written as bytes of
the client's dialect, and the answer is parsed from bytes: so there is one path for all requests,
and an exchange of the page is exactly what a client would have sent and received. Both conversions
together take less than a millisecond of an answer.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from msgspec.structs import replace

from core.backends.calls.answer import LOSSES
from core.backends.calls.chat import Caller
from core.backends.calls.options import PLAIN_ASK, AskOptions
from core.errors import InvalidResponse
from core.translation.codec.json import encode_json
from core.translation.dialects.registry import DIALECTS
from core.translation.events import Event, accumulate
from core.translation.fields.chat import EXTENSIONS
from core.translation.messages import ChatRequest


class LoopbackClient:
    """A client without a connection."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def chat(
        self, request: ChatRequest, *, dialect: str, options: AskOptions = PLAIN_ASK
    ) -> AsyncGenerator[Event]:
        """Send a request as a client of ``dialect`` would, and yield the answer as events.

        Raises DiglotError when no answer begins.
        """
        spoken = DIALECTS[dialect]
        streamed = replace(request, stream=True, include_usage=True)
        body = encode_json(spoken.dump_request(streamed, accepts=EXTENSIONS["diglot"]))
        answer = await self._caller.answer(dialect, body, replace(options, whole=True))
        # Calls without an id of their own get one of this exchange.
        decoder = spoken.decoder(ids=answer.headers["x-diglot-id"])
        try:
            for event in decoder.decode(answer.body):
                yield event
            if answer.rest is not None:
                async for piece in answer.rest:
                    for event in decoder.decode(piece):
                        yield event
            for event in decoder.flush():
                yield event
        finally:
            if answer.rest is not None:
                await answer.rest.aclose()

    async def count_tokens(
        self, client_dialect: str, body: dict[str, Any], *, strict: bool = False
    ) -> tuple[int, dict[str, str]]:
        """Return how many tokens the input of a request has, and the headers that say what of it
        could not be counted, as the answer to the request itself would have them.

        Exact: the model reads the prompt and generates one token; the prompt stays cached for the
        request itself. Raises DiglotError.
        """
        limit = DIALECTS[client_dialect].settings.by_name["max_tokens"].paths[client_dialect]
        raw = encode_json({**body, "stream": True, limit: 1})
        options = AskOptions(strict=strict, counts=True)
        answer = await self._caller.answer(client_dialect, raw, options)
        whole = answer.body
        if answer.rest is not None:
            async with aclosing(answer.rest) as pieces:
                whole += b"".join([piece async for piece in pieces])
        decoder = DIALECTS[client_dialect].decoder(ids=answer.headers["x-diglot-id"])
        usage = accumulate([*decoder.decode(whole), *decoder.flush()]).usage
        if usage is None or not usage.prompt_tokens:
            # A count of 0 would be believed.
            raise InvalidResponse(f"the server of {body['model']} does not count what it reads")
        said = {name: answer.headers[name] for name in LOSSES if name in answer.headers}
        return usage.prompt_tokens, said
