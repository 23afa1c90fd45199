"""Answers one request, of a chat or of embeddings: routes it, converts it, sends it.

There is one path. A deployment is leased (core.backends.calls.retry), a conversion is chosen for it
(core.translation.conversions.table), its request is sent and the answer is converted. Only a
request through the hub may be changed: it is adapted to what the model can do, and a request for
several answers becomes several requests.
"""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace

from core.backends.balancing.load import Lease, Route
from core.backends.balancing.router import Router
from core.backends.calls.answer import JSON_TYPE, Answer, stream_answer
from core.backends.calls.capabilities import adapt_to_capabilities
from core.backends.calls.fan_out import several
from core.backends.calls.options import PLAIN_ASK, AskOptions
from core.backends.calls.provider_rules import fit_to_provider
from core.backends.calls.retry import Attempts
from core.backends.catalog import Catalog
from core.backends.upstream import read_whole, send
from core.errors import DiglotError, Unsupported
from core.exchanges.exchange import Exchange
from core.exchanges.log import ExchangeLog
from core.exchanges.wire import Wire
from core.http.client import Client
from core.tools.written_calls import WrittenCalls
from core.translation.codec.json import encode_json
from core.translation.conversions.hub import Hub
from core.translation.conversions.incoming import Incoming
from core.translation.conversions.loading import Loading
from core.translation.conversions.pass_through import PassThrough
from core.translation.conversions.table import Conversion, choose
from core.translation.dialects.registry import DIALECTS, SPOKEN
from core.translation.fields.chat import EXTENSIONS
from core.translation.messages import ChatRequest, ChatResponse
from core.translation.report.report import dropped, losses
from core.translation.report.rows import ReportRow
from core.translation.report.scene import Circumstances
from core.translation.stamp import Stamp

if TYPE_CHECKING:
    from core.backends.calls.images import Fetcher

# Settings that some servers take beyond OpenAI's own.
_EXTENDED = frozenset[str]().union(*EXTENSIONS.values())

_LONGEST_LIST = 2000
"""The most characters of x-diglot-dropped: some clients refuse longer headers."""


class UpstreamCall(Struct, kw_only=True):
    """One request on its way to one deployment."""

    incoming: Incoming
    route: Route
    stamp: Stamp
    exchange: Exchange
    options: AskOptions

    @property
    def strict(self) -> bool:
        """Whether a lost field is an error."""
        return self.options.strict or bool(self.route.deployment.strict)


class Caller:
    """Answers requests. ``router`` and ``fetcher`` return the current router and image fetcher;
    ``settle`` makes a route ready to use.
    """

    def __init__(
        self,
        client: Client,
        catalog: Catalog,
        log: ExchangeLog,
        router: Callable[[], Router],
        settle: Callable[[Route], Awaitable[Route]],
        fetcher: Callable[[], Fetcher],
    ) -> None:
        self._client = client
        self._catalog = catalog
        self._log = log
        self._router = router
        self._settle = settle
        self._fetcher = fetcher

    async def answer(
        self, client_dialect: str, raw: bytes, options: AskOptions = PLAIN_ASK
    ) -> Answer:
        """Answer a request body of the dialect ``client_dialect``, of a chat or of embeddings.

        Returns when the first piece of a stream is there, so that an error before it is raised with
        its own status. Raises DiglotError.
        """
        now = time.time_ns()
        spoken = SPOKEN[client_dialect]
        client = Wire(client_dialect, spoken.path, raw, headers=options.headers)
        exchange = Exchange(options.identity or new_id(), client, owner=options.owner, started=now)
        self._log.add(exchange)
        if options.note is not None:
            options.note(exchange)
        try:
            answer = await self._answer(client_dialect, raw, exchange, options)
        except DiglotError as exc:
            exchange.error = exc.message
            client.status = exc.status
            client.came(encode_json(spoken.dump_error(exc)), time.time_ns())
            client.answered = (("content-type", JSON_TYPE),)
            exchange.end()
            raise
        answer.headers["x-diglot-id"] = exchange.id
        client.status = 200
        client.answered = (("content-type", answer.content_type), *answer.headers.items())
        if answer.rest is None:
            client.came(answer.body, time.time_ns())
            exchange.end()
        return answer

    async def _answer(
        self, client_dialect: str, raw: bytes, exchange: Exchange, options: AskOptions
    ) -> Answer:
        """Return the first answer of a deployment of the model or of its fallbacks."""
        incoming = Incoming(client_dialect, raw)
        exchange.model = name = incoming.model
        stamp = Stamp(id=exchange.id, created=exchange.started, model=name, asked=incoming.asked)
        attempts = Attempts(self._router(), name)
        exchange.trail = attempts.trail
        async for lease in attempts:
            try:
                route = lease.route
                if route.deployment.embedded:
                    route = await self._settle(route)
                answer = await self._ask(
                    UpstreamCall(
                        incoming=incoming,
                        route=route,
                        stamp=stamp,
                        exchange=exchange,
                        options=options,
                    )
                )
            except DiglotError as exc:
                attempts.failed(lease, exc)
                if not attempts.over:
                    exchange.begin_again()
            except BaseException:
                lease.end()
                raise
            else:
                _begun(lease, answer, exchange)
                return answer
        raise attempts.failure()

    async def _ask(self, call: UpstreamCall) -> Answer:
        """Ask one deployment, by the conversion for its dialect."""
        deployment, exchange = call.route.deployment, call.exchange
        if deployment.settings or deployment.thinking is not None:
            exchange.defaults = {**deployment.settings, "thinking": deployment.thinking}
        exchange.unwanted = tuple(deployment.unwanted)
        conversion = choose(call.incoming, deployment, call.stamp)
        if isinstance(conversion, Loading):
            return Answer(content_type=JSON_TYPE, body=conversion.answer(now=time.time_ns()))
        if conversion.needs and not conversion.needs <= await self._abilities(call):
            conversion = Hub.read(call.incoming, call.route.deployment, call.stamp)
        if not isinstance(conversion, Hub):
            if isinstance(conversion, PassThrough):
                conversion.amend = _written_calls(conversion.offered(), exchange)
            return await self._send(conversion, call)
        parts = conversion.parts()
        if len(parts) > 1:
            return await self._several(parts, call)
        return await self._help(conversion, call)

    async def _send(self, conversion: Conversion, call: UpstreamCall) -> Answer:
        """Send the request of a conversion, and return the converted answer."""
        exchange = call.exchange
        wire, data = self._written(conversion, call)
        headers = {}
        rows = conversion.report(exchange.circumstances())
        if rows:
            headers = _headers(rows, strict=call.strict)
        deployment = call.route.deployment
        reply = await send(self._client, deployment, wire, data, stream=conversion.streams)
        whole_json = conversion.json_is_whole and reply.content_type.startswith(JSON_TYPE)
        if conversion.streams and not whole_json:
            kind = SPOKEN[call.incoming.client_dialect].stream_type
            answer = await stream_answer(exchange, wire, reply, conversion.stream(), kind)
        else:
            whole = await read_whole(wire, reply)
            body, wire.usage = conversion.response(whole, now=time.time_ns())
            answer = Answer(content_type=conversion.answer_type, body=body)
        if headers:
            answer.headers |= headers
        if "calls_written" in exchange.emulated.values():
            told = (answer.headers.get("x-diglot-emulated", ""), "calls_written")
            answer.headers["x-diglot-emulated"] = ",".join(filter(None, told))
        return answer

    def _written(self, conversion: Conversion, call: UpstreamCall) -> tuple[Wire, bytes]:
        """Write the request of a conversion, and record it on the exchange."""
        exchange, route = call.exchange, call.route
        data = asked = conversion.request(route.model)
        if route.deployment.body or route.deployment.tool_ids:
            data = fit_to_provider(asked, route.deployment)
        dialect = conversion.dialect
        of = exchange.client if conversion.verbatim and data is asked else None
        wire = Wire(dialect, SPOKEN[dialect].path, data, url=route.deployment.base_url, of=of)
        exchange.main = len(exchange.backend)
        exchange.backend.append(wire)
        exchange.translated = conversion.translated
        return wire, data

    # What only the hub can do ---------------------------------------------------------------

    async def _help(self, hub: Hub, call: UpstreamCall) -> Answer:
        """Send a request in a form that the model supports, or return an emulated answer."""
        exchange = call.exchange
        outcome = await adapt_to_capabilities(
            hub.asked,
            route=call.route,
            abilities=lambda: self._abilities(call),
            efforts=lambda: self._catalog.efforts(call.route),
            size=lambda: self._catalog.parameters(call.route),
            ask=lambda question: self._aside(hub, call, question),
            fetch=self._fetcher().fetch_images,
            exchange=exchange,
            whole=call.strict or call.options.whole,
        )
        if isinstance(outcome, ChatResponse):
            headers = _headers(exchange.report(), strict=call.strict)
            exchange.client.streamed = hub.asked.stream
            body = hub.give(outcome, now=time.time_ns())
            return Answer(content_type=hub.answer_type, body=body, headers=headers)
        exchange.accepts = await self._accepts(call.route, outcome)
        hub.settle(outcome, accepts=exchange.accepts)
        if outcome.tools and outcome.tool_choice != "none" and outcome.format is None:
            hub.amend = _written_calls({tool.name for tool in outcome.tools}, exchange)
        return await self._send(hub, call)

    async def _aside(self, hub: Hub, call: UpstreamCall, question: ChatRequest) -> ChatResponse:
        """Answer one extra request, without streaming."""
        call.exchange.accepts = await self._accepts(call.route, question)
        aside = hub.aside(question, accepts=call.exchange.accepts)
        wire, data = self._written(aside, call)
        reply = await send(self._client, call.route.deployment, wire, data)
        response = aside.take(await read_whole(wire, reply))
        wire.usage = response.usage
        return response

    async def _several(self, parts: list[Hub], call: UpstreamCall) -> Answer:
        """Ask once for each wanted answer, and join the answers."""
        own = call.exchange
        own.emulated["n"] = "choices"
        calls = []
        for _ in parts:
            wire = Wire(own.client.dialect, own.client.path, own.client.request)
            part = Exchange(own.id, wire, owner=own.owner, started=own.started)
            part.backend, part.emulated = own.backend, own.emulated
            part.defaults, part.unwanted = own.defaults, own.unwanted
            calls.append(replace(call, exchange=part))
        asks = [partial(self._help, hub, t) for hub, t in zip(parts, calls, strict=True)]
        choices = DIALECTS[own.client.dialect].choices
        assert choices is not None, "only what asks for several has parts"
        prompts = [hub.body.get("prompt") for hub in parts]
        answer = await several(asks, prompts, own, choices)
        first = calls[0].exchange
        own.translated, own.accepts, own.main = first.translated, first.accepts, first.main
        return answer

    async def _abilities(self, call: UpstreamCall) -> frozenset[str]:
        able = await self._catalog.capabilities(call.route)
        return able - {"tools"} if call.options.emulate else able

    async def _accepts(self, route: Route, request: ChatRequest) -> frozenset[str]:
        """Return the extensions to its dialect that this backend supports."""
        deployment = route.deployment
        if deployment.kind.accepts is not None:
            return deployment.kind.accepts
        if not _EXTENDED & (request.settings.keys() | deployment.settings.keys()):
            return frozenset()
        return EXTENSIONS.get(await self._catalog.kind(deployment), frozenset())

    async def lost(
        self, route: Route, client_dialect: str, body: dict[str, Any]
    ) -> tuple[ReportRow, ...]:
        """Return the fields of a request that would not reach the model of ``route``; nothing is
        sent.
        """
        hub = Hub(client_dialect, body, route.deployment, Stamp(id="", created=0, model=""))
        hub.settle(hub.asked, accepts=await self._accepts(route, hub.asked))
        if hub.dialect == client_dialect:
            return ()
        hub.request(route.model)
        return losses(hub.report(Circumstances(accepts=frozenset(hub.accepts))), harmless=False)


def new_id() -> str:
    """Return an unguessable id for an exchange and its answer."""
    return os.urandom(16).hex()


def _written_calls(names: Collection[str], exchange: Exchange) -> WrittenCalls | None:
    """Return what turns text into calls of these tools, and has the exchange say so."""
    if not names:
        return None
    noted = partial(exchange.emulated.setdefault, "tools", "calls_written")
    return WrittenCalls(names, ids=exchange.id, found=noted)


def _begun(lease: Lease, answer: Answer, exchange: Exchange) -> None:
    """End a lease now, or at the end of the stream."""
    lease.began()
    if answer.rest is None:
        lease.end(exchange)
    else:
        exchange.on_end = lease.end


def _headers(rows: tuple[ReportRow, ...], *, strict: bool) -> dict[str, str]:
    """Return the headers about dropped and emulated fields. Raises Unsupported in strict mode."""
    headers: dict[str, str] = {}
    lost = dropped(rows)
    if lost and strict:
        raise Unsupported(
            f"{lost[0]} cannot be said to this backend, and strict mode was asked for. "
            "Leave it out, or send the request without strict mode.",
            path=lost[0],
        )
    if lost:
        # Keys are text from the client: quoted, so that they cannot end the header line.
        listed = ",".join(quote(path, safe="[]. ") for path in lost)
        headers["x-diglot-dropped"] = listed[:_LONGEST_LIST]
    ways = {row.note.key.rpartition(".")[2] for row in rows if row.outcome == "emulated"}
    if ways:
        headers["x-diglot-emulated"] = ",".join(sorted(ways))
    return headers
