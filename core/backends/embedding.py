"""Answering requests for embeddings: the small sibling of calls, without streams."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from core.backends.answers import JSON_TYPE, Answer
from core.backends.attempts import Attempts
from core.backends.client import Client
from core.backends.exchange import Exchange
from core.backends.exchange_log import ExchangeLog
from core.backends.load import Route
from core.backends.sending import read_whole, send
from core.backends.wire import Wire
from core.errors import DiglotError, InvalidResponse, Unsupported
from core.translation.clock import Stamp
from core.translation.embeddings import EMBEDDING_DIALECTS, EmbeddingRequest
from core.translation.messages import Usage
from core.translation.passing import rename_model
from core.translation.reading import decode_json, encode_json, read_model, read_object
from core.translation.report import dropped
from core.translation.translate import DIALECTS

__all__ = ["Embedder"]

_ASKED = {"ollama": "embed", "openai": "embeddings"}


class _Turn(Struct, kw_only=True):
    """One request on its way."""

    face: str
    body: dict[str, Any]
    raw: bytes
    request: EmbeddingRequest
    stamp: Stamp
    strict: bool


class Embedder:
    """Answers requests for embeddings. ``attempts`` finds the deployments of a model's name."""

    def __init__(self, client: Client, log: ExchangeLog, attempts: Attempts) -> None:
        self._client = client
        self._log = log
        self._attempts = attempts

    async def answer(
        self,
        face: str,
        raw: bytes,
        *,
        identity: str,
        owner: str = "",
        strict: bool = False,
        headers: Iterable[tuple[bytes, bytes]] = (),
        note: Callable[[Exchange], None] | None = None,
    ) -> Answer:
        """Answer a request body of the embedding dialect ``face``. Raises DiglotError."""
        spoken = EMBEDDING_DIALECTS[face]
        wire = Wire(face, spoken.path, raw, headers=headers)
        exchange = Exchange(identity, wire, owner=owner, started=time.time_ns())
        self._log.add(exchange)
        if note is not None:
            note(exchange)
        try:
            answer = await self._answer(face, raw, exchange, strict=strict)
        except DiglotError as exc:
            exchange.error, wire.status = exc.message, exc.status
            wire.came(encode_json(DIALECTS[spoken.chat].dump_error(exc)), time.time_ns())
            exchange.end()
            raise
        answer.headers["x-diglot-id"] = identity
        wire.status = 200
        wire.answered = (("content-type", JSON_TYPE), *answer.headers.items())
        wire.came(answer.body, time.time_ns())
        exchange.end()
        return answer

    async def _answer(self, face: str, raw: bytes, exchange: Exchange, *, strict: bool) -> Answer:
        body = read_object(decode_json(raw), "")
        read_model(body)
        request = EMBEDDING_DIALECTS[face].parse_request(body)
        exchange.model = request.model
        stamp = Stamp(id=exchange.id, created=exchange.started, model=request.model, asked=body)
        turn = _Turn(face=face, body=body, raw=raw, request=request, stamp=stamp, strict=strict)
        return await self._attempts.answer(
            request.model, exchange, lambda route: self._ask_one(turn, route, exchange)
        )

    async def _ask_one(self, turn: _Turn, route: Route, exchange: Exchange) -> Answer:
        """Ask one deployment."""
        face, request = turn.face, turn.request
        if route.deployment.embedded:
            raise Unsupported(
                "the embedded model makes no embeddings. Start Ollama and ask one of its "
                "embedding models, such as nomic-embed-text.",
                status=501,
                code="no_embeddings",
                path="model",
            )
        native = route.deployment.dialect == "ollama"
        target = _ASKED[route.deployment.dialect]
        if native and face == "embed_legacy":
            # It gives vectors as they are, which no other native route does.
            target = face
        if not request.inputs and not native:
            return _nothing(face, request)
        written = EMBEDDING_DIALECTS[target].dump_request(_at(request, route))
        if target == face:
            data = rename_model(turn.raw, route.model)
        else:
            exchange.translated = True
            data = encode_json(written)
        wire = Wire(target, EMBEDDING_DIALECTS[target].path, data, url=route.deployment.base_url)
        exchange.backend.append(wire)
        headers = _lost(
            exchange, turn.body, written, strict=turn.strict or bool(route.deployment.strict)
        )
        whole = await self._ask(route, wire, data)
        response = EMBEDDING_DIALECTS[target].parse_response(whole)
        wire.usage = Usage(prompt_tokens=response.prompt_tokens)
        dumped = EMBEDDING_DIALECTS[face].dump_response(response, request, turn.stamp)
        return Answer(content_type=JSON_TYPE, body=encode_json(dumped), headers=headers)

    async def _ask(self, route: Route, wire: Wire, data: bytes) -> dict[str, Any]:
        parse_error = DIALECTS[EMBEDDING_DIALECTS[wire.dialect].chat].parse_error
        reply = await send(self._client, route.deployment, wire, data, parse_error=parse_error)
        whole = await read_whole(wire, reply)
        return read_object(decode_json(whole, blame=InvalidResponse), "", blame=InvalidResponse)


def _at(request: EmbeddingRequest, route: Route) -> EmbeddingRequest:
    keep_alive = route.deployment.settings.get("keep_alive")
    defaults = {} if keep_alive is None else {"keep_alive": keep_alive}
    return EmbeddingRequest(
        model=route.model,
        inputs=request.inputs,
        dimensions=request.dimensions,
        settings={**defaults, **request.settings},
    )


def _lost(
    exchange: Exchange, body: dict[str, Any], written: dict[str, Any], *, strict: bool
) -> dict[str, str]:
    lost = dropped(exchange.explain(body, written)) if exchange.translated else ()
    if lost and strict:
        raise Unsupported(
            f"{lost[0]} cannot be said to this backend, and strict mode was asked for. "
            "Leave it out, or send the request without strict mode.",
            path=lost[0],
        )
    return {"x-diglot-dropped": ",".join(quote(p, safe="[]. ") for p in lost)} if lost else {}


def _nothing(face: str, request: EmbeddingRequest) -> Answer:
    """Answer a native request without a text, which only asks to load the model."""
    body: dict[str, Any] = {"embedding": []}
    if face == "embed":
        body = {"model": request.model, "embeddings": []}
    return Answer(content_type=JSON_TYPE, body=encode_json(body))
