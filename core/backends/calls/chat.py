"""Answers one request, of a chat or of embeddings: routes it, converts it, sends it.

There is one path. A deployment is leased (core.backends.calls.retry), a conversion is chosen for it
(core.translation.conversions.table), its request is sent and the answer is converted. Only a
request through the hub may be changed: it is adapted to what the model can do, and a request for
several answers becomes several requests.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from core.backends.balancing.load import Lease, Route
from core.backends.balancing.router import Router
from core.backends.calls.answer import (
    JSON_TYPE,
    Answer,
    Stream,
    add_headers,
    begin_answer,
    is_stream,
    loss_headers,
    note_answer,
    stream_answer,
    whole_answer,
)
from core.backends.calls.asked import Asked, Sent, UpstreamCall
from core.backends.calls.capabilities import (
    adapt_to_capabilities,
    asks_for_nothing,
    to_be_counted,
)
from core.backends.calls.fan_out import several
from core.backends.calls.options import PLAIN_ASK, AskOptions
from core.backends.calls.provider_rules import fit_to_provider
from core.backends.calls.retry import Attempts
from core.backends.catalog import Catalog
from core.backends.upstream import begin, checked, read_whole, send
from core.errors import DiglotError
from core.exchanges.exchange import Exchange
from core.exchanges.log import ExchangeLog
from core.exchanges.wire import Wire
from core.http.client import Client, Post, Reply
from core.ids import new_id
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
from core.translation.report.report import losses
from core.translation.report.rows import ReportRow
from core.translation.report.scene import Circumstances
from core.translation.stamp import Stamp

if TYPE_CHECKING:
    from core.backends.calls.images import Fetcher

_LONG = 128 * 1024
"""Bytes of a request from which the backend's is written in another thread."""

# Settings that some servers take beyond OpenAI's own.
_EXTENDED = frozenset[str]().union(*EXTENSIONS.values())


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
        exchange = self.open(client_dialect, raw, options)
        return await self.told(exchange, self._answer(exchange, raw, options))

    async def _answer(self, exchange: Exchange, raw: bytes, options: AskOptions) -> Answer:
        return await self.go_on(self.read(exchange, raw, options))

    # Its steps, for whoever takes the first of them without waiting ---------------------------

    def open(self, client_dialect: str, raw: bytes, options: AskOptions) -> Exchange:
        """Open the exchange of a request and put it into the log."""
        now = time.time_ns()
        client = Wire(client_dialect, SPOKEN[client_dialect].path, raw, headers=options.headers)
        exchange = Exchange(options.identity or new_id(), client, owner=options.owner, started=now)
        self._log.add(exchange)
        if options.note is not None:
            options.note(exchange)
        return exchange

    def read(self, exchange: Exchange, raw: bytes, options: AskOptions) -> Asked:
        """Read a request as far as is needed to choose a deployment. Raises DiglotError."""
        incoming = Incoming(exchange.client.dialect, raw)
        exchange.model = name = incoming.model
        stamp = Stamp(id=exchange.id, created=exchange.started, model=name, asked=incoming.asked)
        attempts = Attempts(self._router(), name)
        exchange.trail = attempts.trail
        return Asked(
            incoming=incoming, stamp=stamp, exchange=exchange, options=options, attempts=attempts
        )

    async def told(self, exchange: Exchange, answering: Awaitable[Answer]) -> Answer:
        """Return the answer, and record on the exchange what the client is told, or why not."""
        try:
            answer = await answering
        except DiglotError as exc:
            client = exchange.client
            exchange.error = exc.message
            exc.request_id = exchange.id
            client.status = exc.status
            client.came(encode_json(SPOKEN[client.dialect].dump_error(exc)), time.time_ns())
            client.answered = (("content-type", JSON_TYPE),)
            exchange.end()
            raise
        note_answer(exchange, answer)
        return answer

    async def go_on(
        self, asked: Asked, lease: Lease | None = None, work: Awaitable[Answer] | None = None
    ) -> Answer:
        """Return the first answer of a deployment of the model or of its fallbacks.

        ``lease`` is that of a try that has begun, and ``work`` what is left of it, if anything was
        done.
        """
        if lease is not None and (answer := await self._try(asked, lease, work)) is not None:
            return answer
        async for lease in asked.attempts:
            answer = await self._try(asked, lease)
            if answer is not None:
                return answer
        raise asked.attempts.failure()

    async def _try(
        self, asked: Asked, lease: Lease, work: Awaitable[Answer] | None = None
    ) -> Answer | None:
        """Return the answer of one try; None where it has failed."""
        exchange = asked.exchange
        try:
            if work is not None:
                answer = await work
            else:
                route = lease.route
                if route.deployment.embedded:
                    route = await self._settle(route)
                answer = await self._ask(asked.call(route))
        except DiglotError as exc:
            asked.attempts.failed(lease, exc)
            if not asked.attempts.over:
                exchange.begin_again()
            return None
        except BaseException:
            lease.end()
            raise
        begin_answer(lease, answer, exchange)
        return answer

    async def _ask(self, call: UpstreamCall) -> Answer:
        """Ask one deployment, by the conversion for its dialect."""
        conversion = self.choose(call)
        if isinstance(conversion, Loading):
            return Answer(content_type=JSON_TYPE, body=conversion.answer(now=time.time_ns()))
        if conversion.needs and not conversion.needs <= await self._abilities(call):
            conversion = Hub.read(call.incoming, call.route.deployment, call.stamp)
        if not isinstance(conversion, Hub):
            return await self._send(conversion, call)
        parts = conversion.parts()
        if len(parts) > 1:
            return await self._several(parts, call)
        return await self._help(conversion, call)

    def choose(self, call: UpstreamCall) -> Conversion | Loading:
        """Return the conversion for the deployment's dialect. Raises DiglotError."""
        deployment, exchange = call.route.deployment, call.exchange
        if deployment.settings or deployment.thinking is not None:
            exchange.defaults = {**deployment.settings, "thinking": deployment.thinking}
        exchange.unwanted = tuple(deployment.unwanted)
        conversion = choose(call.incoming, deployment, call.stamp)
        if isinstance(conversion, PassThrough):
            conversion.amend = _written_calls(conversion.offered(), exchange)
        return conversion

    async def _send(self, conversion: Conversion, call: UpstreamCall) -> Answer:
        """Send the request of a conversion, and return the converted answer."""
        if len(call.incoming.raw) <= _LONG:
            return await self.finish(self.write(conversion, call), None)
        # Thousands of messages take a second, in which nobody else would be served.
        return await self.finish(await asyncio.to_thread(self.write, conversion, call), None)

    def write(self, conversion: Conversion, call: UpstreamCall) -> Sent:
        """Write the request of a conversion, which is to be sent now."""
        wire, data = self._written(conversion, call)
        headers = {}
        rows = conversion.report(call.exchange.circumstances())
        if rows:
            headers = loss_headers(rows, strict=call.strict)
        sending = begin(call.route.deployment, wire, data, stream=conversion.streams)
        return Sent(conversion, call, sending, headers)

    def post(self, sent: Sent) -> Post | None:
        """Return a written request as one that can be sent without waiting; None where not."""
        sending = sent.sending
        return self._client.post(
            sending.url,
            sending.data,
            headers=sending.headers,
            timeout=sending.silence,
            total=sending.total,
        )

    async def finish(self, sent: Sent, post: Post | None) -> Answer:
        """Return the converted answer to a written request, which may be sent already."""
        if post is None:
            return await self.take(sent, await send(self._client, sent.sending))
        return await self.take(sent, await checked(sent.sending, await post.reply()))

    async def take(self, sent: Sent, reply: Reply) -> Answer:
        """Return the converted answer, whose head has come and is a good one."""
        if not is_stream(sent, reply):
            return whole_answer(sent, await read_whole(sent.sending.wire, reply))
        answer = await stream_answer(Stream(sent, reply))
        add_headers(answer, sent)
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
        exchange, asked = call.exchange, hub.asked
        if call.options.counts:
            asked = to_be_counted(asked, await self._abilities(call))
        outcome = await adapt_to_capabilities(
            asked,
            route=call.route,
            abilities=lambda: self._abilities(call),
            efforts=lambda: self._efforts(call.route),
            size=lambda: self._catalog.parameters(call.route),
            ask=lambda question: self._aside(hub, call, question),
            fetch=self._fetcher().fetch_images,
            exchange=exchange,
            whole=call.strict or call.options.whole,
        )
        if isinstance(outcome, ChatResponse):
            headers = loss_headers(exchange.report(), strict=call.strict)
            exchange.client.streamed = hub.asked.stream
            body = hub.give(outcome, now=time.time_ns())
            return Answer(content_type=hub.answer_type, body=body, headers=headers)
        self._settle_hub(hub, outcome, await self._accepts(call.route, outcome), exchange)
        return await self._send(hub, call)

    def settle_now(self, hub: Hub, call: UpstreamCall) -> bool:
        """Settle on what is asked as it is, where nothing has to be found out for that.

        Raises InvalidRequest, Unsupported.
        """
        # Several answers are asked for one by one: what asks for them cannot be parsed as one.
        if len(hub.parts()) > 1:
            return False
        asked = hub.asked
        if not asks_for_nothing(asked):
            return False
        accepts = _known_accepts(call.route, asked)
        if accepts is None:
            return False
        self._settle_hub(hub, asked, accepts, call.exchange)
        return True

    def _settle_hub(
        self, hub: Hub, sent: ChatRequest, accepts: frozenset[str], exchange: Exchange
    ) -> None:
        exchange.accepts = accepts
        hub.settle(sent, accepts=accepts)
        if sent.tools and sent.tool_choice != "none" and sent.format is None:
            hub.amend = _written_calls({tool.name for tool in sent.tools}, exchange)

    async def _aside(self, hub: Hub, call: UpstreamCall, question: ChatRequest) -> ChatResponse:
        """Answer one extra request, without streaming."""
        call.exchange.accepts = await self._accepts(call.route, question)
        aside = hub.aside(question, accepts=call.exchange.accepts)
        wire, data = self._written(aside, call)
        reply = await send(self._client, begin(call.route.deployment, wire, data))
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

    async def _efforts(self, route: Route) -> tuple[bool | str, ...]:
        return (await self._catalog.levels(route)).values

    async def _accepts(self, route: Route, request: ChatRequest) -> frozenset[str]:
        """Return the extensions to its dialect that this backend supports."""
        known = _known_accepts(route, request)
        if known is not None:
            return known
        return EXTENSIONS.get(await self._catalog.kind(route.deployment), frozenset())

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
        return losses(hub.report(Circumstances(accepts=frozenset(hub.accepts))))


def _known_accepts(route: Route, request: ChatRequest) -> frozenset[str] | None:
    """Return the extensions that a backend supports; None where it has to be asked for them."""
    deployment = route.deployment
    if deployment.kind.accepts is not None:
        return deployment.kind.accepts
    if _EXTENDED & (request.settings.keys() | deployment.settings.keys()):
        return None
    return frozenset()


def _written_calls(names: Collection[str], exchange: Exchange) -> WrittenCalls | None:
    """Return what turns text into calls of these tools, and has the exchange say so."""
    if not names:
        return None
    noted = partial(exchange.emulated.setdefault, "tools", "calls_written")
    return WrittenCalls(names, ids=exchange.id, found=noted)
