"""Answering one request of a client: route it, translate it, send it, translate what comes.

Three ways lead to a backend. Where client and backend speak the same dialect and nothing has
to be helped, bytes pass through. Else the request goes through the hub. And where the model
cannot call tools, or a call must be forced, the hub request is emulated first.
"""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from msgspec.structs import replace

from core.backends.answers import JSON_TYPE, Answer, stream_answer
from core.backends.attempts import Attempts
from core.backends.catalog import Catalog
from core.backends.client import Client, Reply
from core.backends.deployment import Deployment
from core.backends.exchange import Exchange
from core.backends.exchange_log import ExchangeLog
from core.backends.helping import help_model, is_forced, needs
from core.backends.load import Route
from core.backends.sending import read_whole, send
from core.backends.several import several
from core.backends.turn import Turn, dialect_for, loaded, looks_special, speaks, unasked
from core.backends.wire import Wire
from core.errors import DiglotError, InvalidResponse, Unsupported
from core.translation.choices import split_choices
from core.translation.clock import Stamp
from core.translation.events import replay
from core.translation.fields import EXTENSIONS
from core.translation.messages import ChatRequest, ChatResponse
from core.translation.passing import PassThrough, rename_model
from core.translation.paths import without
from core.translation.plain import PlainChat, read_plain, write_answer, write_request
from core.translation.reading import decode_json, encode_json, read_model, read_object
from core.translation.report import ReportRow, dropped, explain_request, is_plain, losses
from core.translation.settings import with_defaults
from core.translation.translate import DIALECTS, StreamTranslator

if TYPE_CHECKING:
    from core.backends.fetching import Fetcher

__all__ = ["Answer", "Caller", "new_id"]

_SSE = DIALECTS["openai"].stream_type

# Settings that some servers take beyond OpenAI's own.
_EXTENDED = frozenset[str]().union(*EXTENSIONS.values())


class Caller:
    """Answers requests. ``attempts`` finds the deployments of a model's name, ``fetcher`` the one
    that fetches images as the config has it now."""

    def __init__(
        self,
        client: Client,
        catalog: Catalog,
        log: ExchangeLog,
        attempts: Attempts,
        fetcher: Callable[[], Fetcher],
    ) -> None:
        self._fetcher = fetcher
        self._client = client
        self._catalog = catalog
        self._log = log
        self._attempts = attempts

    async def answer(
        self,
        face: str,
        raw: bytes,
        *,
        owner: str = "",
        strict: bool = False,
        identity: str = "",
        headers: Iterable[tuple[bytes, bytes]] = (),
        emulate: bool = False,
        note: Callable[[Exchange], None] | None = None,
    ) -> Answer:
        """Answer a request body of the dialect ``face``; the exchange is kept for ``owner``.

        ``identity`` is the exchange's id where the caller has made one; ``headers`` are the
        client's, of which the exchange keeps what is no secret.
        Returns once the first piece of a stream is there, so that an error before it is still
        raised with its own status. ``strict`` makes a lost field an error. ``emulate`` treats
        every model as one that has not learnt to call tools. Raises DiglotError.
        """
        now = time.time_ns()
        identity = identity or new_id()
        wire = Wire(face, DIALECTS[face].path, raw, headers=headers)
        exchange = Exchange(identity, wire, owner=owner, started=now)
        self._log.add(exchange)
        if note is not None:
            note(exchange)
        try:
            answer = await self._answer(face, raw, exchange, strict=strict, emulate=emulate)
        except DiglotError as exc:
            exchange.error = exc.message
            exchange.client.status = exc.status
            exchange.client.came(encode_json(DIALECTS[face].dump_error(exc)), time.time_ns())
            exchange.client.answered = (("content-type", JSON_TYPE),)
            exchange.end()
            raise
        answer.headers["x-diglot-id"] = identity
        exchange.client.status = 200
        exchange.client.answered = (("content-type", answer.content_type), *answer.headers.items())
        if answer.rest is None:
            exchange.client.came(answer.body, time.time_ns())
            exchange.end()
        return answer

    async def _answer(
        self, face: str, raw: bytes, exchange: Exchange, *, strict: bool, emulate: bool
    ) -> Answer:
        plain = read_plain(raw) if face == "openai" else None
        body: dict[str, Any] = {}
        if plain is None:
            body = read_object(decode_json(raw), "")
        name = plain.model if plain is not None else read_model(body)
        exchange.model = name
        # Nothing in a plain request changes the form of its answer.
        stamp = Stamp(id=exchange.id, created=exchange.started, model=name, asked=body)

        def ask(route: Route) -> Awaitable[Answer]:
            nonlocal body
            if plain is not None and _as_it_stands(route.deployment):
                return self._plain(plain, route, stamp, exchange)
            unwanted = route.deployment.unwanted
            body = body or decode_json(raw)
            turn = Turn(
                face=face,
                body=without(body, unwanted) if unwanted else body,
                raw=raw,
                route=route,
                stamp=stamp,
                exchange=exchange,
                strict=strict or bool(route.deployment.strict),
                emulate=emulate,
            )
            return self._ask_one(turn)

        return await self._attempts.answer(name, exchange, ask)

    async def _plain(
        self, chat: PlainChat, route: Route, stamp: Stamp, exchange: Exchange
    ) -> Answer:
        """Ask an Ollama server what anybody can be asked: the short way of _translate."""
        data = write_request(chat, route.model)
        wire = self._wire(route, exchange, "ollama", data, of=exchange.client)
        exchange.translated = True
        reply = await self._send(route, wire, data, stream=chat.stream is True)
        if chat.stream:
            translator = StreamTranslator("ollama", "openai", stamp)
            return await stream_answer(exchange, wire, reply, translator, _SSE)
        whole = await read_whole(wire, reply)
        short = write_answer(whole, stamp)
        if short is not None:
            written, wire.usage = short
            return Answer(content_type=JSON_TYPE, body=written)
        return _dumped("openai", stamp, _response(wire, whole, stamp))

    async def _ask_one(self, turn: Turn) -> Answer:
        """Ask one deployment, in the way that leads to it."""
        body = turn.body
        if speaks(turn.route.deployment, turn):
            if not looks_special(body) or not await self._needs_help(turn):
                return await self._pass(turn)
        elif DIALECTS[turn.face].native and not (body.get("messages") or body.get("prompt")):
            return loaded(turn)
        bodies = split_choices(body, dialect=turn.face)
        if len(bodies) > 1:
            return await self._several(turn, bodies)
        return await self._translate(turn)

    async def _several(self, turn: Turn, bodies: list[dict[str, Any]]) -> Answer:
        """Ask once for each answer that is wanted, and join what comes."""
        turn.exchange.emulated["n"] = "choices"
        own = turn.exchange
        turns = []
        for body in bodies:
            part = Exchange(
                own.id,
                Wire(turn.face, own.client.path, own.client.request),
                owner=own.owner,
                started=own.started,
            )
            part.backend, part.emulated = own.backend, own.emulated
            turns.append(replace(turn, body=body, exchange=part))
        prompts = [body.get("prompt") for body in bodies]
        answer = await several([partial(self._translate, t) for t in turns], prompts, own)
        first = turns[0].exchange
        own.translated, own.accepts = first.translated, first.accepts
        return answer

    async def _needs_help(self, turn: Turn) -> bool:
        request = DIALECTS[turn.face].parse_request(turn.body)
        if turn.route.deployment.dialect == "ollama" and request.tools and is_forced(request):
            return True
        return not needs(request) <= await self._abilities(turn)

    async def _abilities(self, turn: Turn) -> frozenset[str]:
        able = await self._catalog.capabilities(turn.route)
        return able - {"tools"} if turn.emulate else able

    async def _pass(self, turn: Turn) -> Answer:
        deployment, model = turn.route.deployment, turn.route.model
        data = turn.raw
        if deployment.settings or deployment.unwanted:
            data = encode_json(with_defaults(turn.body, deployment.dialect, deployment.settings))
        rename = model != turn.stamp.model
        if rename:
            data = rename_model(data, model)
        wire = self._wire(turn.route, turn.exchange, turn.face, data, of=turn.exchange.client)
        dialect = DIALECTS[turn.face]
        stream = turn.body.get("stream")
        if stream is True or (stream is None and dialect.native):
            translator = PassThrough(turn.face, turn.stamp, rename=rename)
            reply = await self._send(turn.route, wire, data, stream=True)
            # Loading and unloading answer with one JSON object even where a stream was asked.
            if not reply.content_type.startswith(JSON_TYPE):
                return await stream_answer(
                    turn.exchange, wire, reply, translator, dialect.stream_type
                )
        else:
            reply = await self._send(turn.route, wire, data)
        whole = await read_whole(wire, reply)
        _response(wire, whole, turn.stamp)
        if rename:
            whole = rename_model(whole, turn.stamp.model, blame=InvalidResponse)
        return Answer(content_type=JSON_TYPE, body=whole)

    async def _translate(self, turn: Turn) -> Answer:
        request = DIALECTS[turn.face].parse_request(turn.body)
        if request.thinking is None:
            request = replace(request, thinking=turn.route.deployment.thinking)
        elif unasked(turn):
            request = replace(request, thinking=None)
        outcome = await help_model(
            request,
            route=turn.route,
            abilities=lambda: self._abilities(turn),
            ask=lambda question: self._ask(turn, question),
            fetch=self._fetcher().fetch_images,
            exchange=turn.exchange,
        )
        if isinstance(outcome, ChatResponse):
            return self._given(turn, request, outcome)
        turn.exchange.accepts = await self._accepts(turn.route, outcome)
        written = self._written(turn, outcome)
        data = encode_json(written)
        wire = self._wire(turn.route, turn.exchange, dialect_for(turn.route, outcome), data)
        turn.exchange.translated = True
        headers = {}
        if turn.exchange.emulated or not is_plain(turn.body, turn.face):
            headers = self._report(turn, turn.exchange.explain(turn.body, written))
        reply = await self._send(turn.route, wire, data, stream=outcome.stream)
        if outcome.stream:
            translator = StreamTranslator(
                wire.dialect, turn.face, turn.stamp, include_usage=outcome.include_usage
            )
            kind = DIALECTS[turn.face].stream_type
            answer = await stream_answer(turn.exchange, wire, reply, translator, kind)
        else:
            response = _response(wire, await read_whole(wire, reply), turn.stamp)
            answer = _dumped(turn.face, turn.stamp, response)
        answer.headers |= headers
        return answer

    async def lost(self, route: Route, face: str, body: dict[str, Any]) -> tuple[ReportRow, ...]:
        """Return what of a request would not reach the model of ``route``; nothing is sent."""
        request = DIALECTS[face].parse_request(body)
        target = dialect_for(route, request)
        if target == face:
            return ()
        accepts = await self._accepts(route, request)
        written = DIALECTS[target].dump_request(request, accepts=accepts)
        rows = explain_request(body, written, source=face, target=target, accepts=accepts)
        return losses(rows, harmless=False)

    async def _ask(self, turn: Turn, request: ChatRequest) -> ChatResponse:
        """Ask one question on the side, whole."""
        turn.exchange.accepts = await self._accepts(turn.route, request)
        data = encode_json(self._written(turn, replace(request, stream=False)))
        wire = self._wire(turn.route, turn.exchange, turn.route.deployment.dialect, data)
        turn.exchange.translated = True
        whole = await read_whole(wire, await self._send(turn.route, wire, data))
        return _response(wire, whole, turn.stamp)

    def _given(self, turn: Turn, request: ChatRequest, response: ChatResponse) -> Answer:
        """Return an answer that is already whole in the form that the client asked for."""
        headers = self._report(turn, turn.exchange.report())
        if not request.stream:
            answer = _dumped(turn.face, turn.stamp, response)
        else:
            dialect = DIALECTS[turn.face]
            encoder = dialect.encoder(turn.stamp, include_usage=request.include_usage)
            turn.exchange.client.streamed = True
            data = encoder.encode(replay(response), now=time.time_ns())
            answer = Answer(content_type=dialect.stream_type, body=data)
        answer.headers |= headers
        return answer

    async def _accepts(self, route: Route, request: ChatRequest) -> frozenset[str]:
        """Return what this backend is known to take beyond its dialect."""
        deployment = route.deployment
        if deployment.dialect == "ollama":
            # Models that do not hear have been refused sounds before.
            return frozenset({"audio"})
        if not _EXTENDED & (request.settings.keys() | deployment.settings.keys()):
            return frozenset()
        return EXTENSIONS.get(await self._catalog.kind(deployment), frozenset())

    def _written(self, turn: Turn, request: ChatRequest) -> dict[str, Any]:
        settings = {**turn.route.deployment.settings, **request.settings}
        request = replace(request, model=turn.route.model, settings=settings)
        dialect = DIALECTS[dialect_for(turn.route, request)]
        return dialect.dump_request(request, accepts=turn.exchange.accepts)

    def _wire(
        self,
        route: Route,
        exchange: Exchange,
        dialect: str,
        data: bytes,
        *,
        of: Wire | None = None,
    ) -> Wire:
        base = route.deployment.base_url
        wire = Wire(dialect, DIALECTS[dialect].path, data, url=base, of=of)
        exchange.backend.append(wire)
        return wire

    def _report(self, turn: Turn, rows: tuple[ReportRow, ...]) -> dict[str, str]:
        """Return the headers that say what was lost. Raises Unsupported in strict mode."""
        headers: dict[str, str] = {}
        emulated = turn.exchange.emulated
        lost = dropped(rows)
        if lost and turn.strict:
            raise Unsupported(
                f"{lost[0]} cannot be said to this backend, and strict mode was asked for. "
                "Leave it out, or send the request without strict mode.",
                path=lost[0],
            )
        if lost:
            # Keys are the client's own text: quoted, so that none can end the header line.
            headers["x-diglot-dropped"] = ",".join(quote(p, safe="[]. ") for p in lost)[:2000]
        if emulated:
            how = sorted(set(emulated.values()))
            headers["x-diglot-emulated"] = ",".join(how)
        return headers

    async def _send(self, route: Route, wire: Wire, data: bytes, *, stream: bool = False) -> Reply:
        parse_error = DIALECTS[wire.dialect].parse_error
        return await send(
            self._client, route.deployment, wire, data, parse_error=parse_error, stream=stream
        )


def new_id() -> str:
    """Return an id that nobody can guess, for an exchange and the answer in it."""
    return os.urandom(16).hex()


def _as_it_stands(deployment: Deployment) -> bool:
    """Tell whether an Ollama server gets just what the client says."""
    return (
        deployment.dialect == "ollama"
        and not deployment.settings
        and not deployment.unwanted
        and deployment.thinking is None
    )


def _dumped(face: str, stamp: Stamp, response: ChatResponse) -> Answer:
    body = DIALECTS[face].dump_response(response, stamp=stamp, now=time.time_ns())
    return Answer(content_type=JSON_TYPE, body=encode_json(body))


def _response(wire: Wire, whole: bytes, stamp: Stamp) -> ChatResponse:
    """Read a backend's whole answer, and keep what it counted. Raises InvalidResponse."""
    body = read_object(decode_json(whole, blame=InvalidResponse), "", blame=InvalidResponse)
    response = DIALECTS[wire.dialect].parse_response(body, ids=stamp.id)
    wire.usage = response.usage
    return response
