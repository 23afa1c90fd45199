"""Hub: the general conversion, from any dialect through the hub's messages to any other.

The only conversion that can change what is asked: where a model has to be helped, its owner puts
another request in the place of the client's (``settle``), or an answer that is already made
(``give``). It does no I/O; whoever drives it finds out what the model and its server can do.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Self

from msgspec.structs import replace

from core.errors import InvalidRequest
from core.translation.codec.json import encode_json
from core.translation.codec.json_paths import without
from core.translation.conversions.incoming import Backend, Incoming
from core.translation.dialects.registry import DIALECTS
from core.translation.events import Event, accumulate, replay
from core.translation.messages import ChatRequest, ChatResponse, Usage
from core.translation.report.report import explain_losses
from core.translation.report.rows import ReportRow
from core.translation.report.scene import Circumstances
from core.translation.stamp import Stamp
from core.translation.translate import StreamTranslator, read_answer


class Hub:
    """Conversion of any request. ``asked`` is what the client asks, ``sent`` what is sent.

    ``accepts`` is what the backend takes beyond its dialect.
    """

    translated = True
    # The config's settings, fetched images and emulated prompts are no words of the client.
    verbatim = False
    # Whatever the model cannot do, this is where it is helped.
    needs: frozenset[str] = frozenset()

    # fmt: off
    __slots__ = (
        "_asked", "_backend", "_client_dialect", "_incoming", "_plain", "_sent", "_stamp", "_whole",
        "_written",
        "accepts", "amend", "body", "dialect", "json_is_whole", "streams",
    )
    # fmt: on

    dialect: str
    streams: bool
    json_is_whole: bool
    _sent: ChatRequest

    def __init__(
        self, client_dialect: str, body: dict[str, Any], backend: Backend, stamp: Stamp, *,
        incoming: Incoming | None = None, whole: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self.body = without(body, backend.unwanted) if backend.unwanted else body
        # What the report is about: the client's own body, also where this asks for a part of it.
        self._whole = body if whole is None else whole
        self.accepts: Collection[str] = ()
        # What is made of the events of an answer before it is written.
        self.amend: Callable[[list[Event]], list[Event]] | None = None
        self._client_dialect = client_dialect
        self._backend = backend
        self._stamp = stamp
        self._plain = incoming is not None and incoming.plain is not None
        # Where all of it is asked, which is parsed once however often a way is chosen for it.
        self._incoming = None if backend.unwanted else incoming
        self._written: dict[str, Any] = {}
        self._asked: ChatRequest | None = None

    @classmethod
    def read(cls, incoming: Incoming, backend: Backend, stamp: Stamp) -> Self:
        """Return the conversion; whether the body is right shows once it is parsed."""
        return cls(incoming.client_dialect, incoming.body, backend, stamp, incoming=incoming)

    def parts(self) -> list[Self]:
        """Return a conversion for each of several answers that are asked for; else this one."""
        choices = DIALECTS[self._client_dialect].choices
        bodies = choices.split(self.body) if choices is not None else []
        if len(bodies) < 2:
            return [self]
        return [
            type(self)(self._client_dialect, body, self._backend, self._stamp, whole=self._whole)
            for body in bodies
        ]

    @property
    def asked(self) -> ChatRequest:
        """The client's request. Raises InvalidRequest, Unsupported."""
        if self._asked is None:
            self._asked = self._parsed()
        return self._asked

    def _parsed(self) -> ChatRequest:
        client = DIALECTS[self._client_dialect]
        # Anthropic's servers, Ollama (0.17.4) and vLLM all refuse a request without it, or with 0.
        most = self.body.get(client.needs, 0) if client.needs else 1
        if most is None or (isinstance(most, int) and most <= 0):
            raise InvalidRequest(
                f"{client.needs} is required and must be positive", path=client.needs
            )
        incoming = self._incoming
        request = client.parse_request(self.body) if incoming is None else incoming.chat
        if request.thinking is None:
            return replace(request, thinking=self._backend.thinking)
        # Thinking may be off only because the client's API has it so, and servers of OpenAI's
        # dialect refuse a word on thinking where a model has none to switch.
        quiet = client.thinks_if and client.thinks_if not in self.body
        if quiet and not self._backend.kind.switches_thinking:
            return replace(request, thinking=None)
        return request

    def settle(self, sent: ChatRequest, *, accepts: Collection[str]) -> None:
        """Send this request, to a server that takes ``accepts`` beyond its dialect.

        What the protocol asks for is there from then on.
        """
        self._sent = sent
        self.accepts = accepts
        kind = self._backend.kind
        self.dialect = kind.chat if sent.prompt is None else kind.bare
        self.streams = sent.stream
        # A native stream is made of JSON itself.
        self.json_is_whole = not DIALECTS[self.dialect].native

    def aside(self, question: ChatRequest, *, accepts: Collection[str]) -> Self:
        """Return a conversion that asks a question on the side; ``take`` its answer, whole."""
        other = type(self)(self._client_dialect, self.body, self._backend, self._stamp)
        other.settle(replace(question, stream=False), accepts=accepts)
        return other

    # The protocol ---------------------------------------------------------------------------

    @property
    def answer_type(self) -> str:
        """The content type of the client's answer."""
        return (
            DIALECTS[self._client_dialect].stream_type if self.asked.stream else "application/json"
        )

    def request(self, model: str) -> bytes:
        """Return the backend's request."""
        sent = self._sent
        settings = {**self._backend.settings, **sent.settings}
        sent = replace(sent, model=model, settings=settings)
        self._written = DIALECTS[self.dialect].dump_request(sent, accepts=self.accepts)
        return encode_json(self._written)

    def report(self, about: Circumstances) -> tuple[ReportRow, ...]:
        """Return what was lost and what is emulated, once the request is written."""
        if self._plain and not (about.emulated or about.unwanted):
            return ()
        return explain_losses(
            self._whole, self._written, source=self._client_dialect, target=self.dialect,
            about=about,
        )  # fmt: skip

    def take(self, whole: bytes) -> ChatResponse:
        """Read the backend's whole answer. Raises InvalidResponse, BackendError."""
        return read_answer(whole, self.dialect, ids=self._stamp.id)

    def give(self, response: ChatResponse, *, now: int) -> bytes:
        """Write a whole answer in the form that was asked for, as a stream if need be."""
        dialect = DIALECTS[self._client_dialect]
        if not self.asked.stream:
            return encode_json(dialect.dump_response(response, stamp=self._stamp, now=now))
        encoder = dialect.encoder(self._stamp, include_usage=self.asked.include_usage)
        return encoder.encode(replay(response), now=now)

    def response(self, whole: bytes, *, now: int) -> tuple[bytes, Usage | None]:
        """Return the client's answer and its counts. Raises InvalidResponse, BackendError."""
        response = self.take(whole)
        if self.amend is not None:
            response = accumulate(self.amend(replay(response)))
        return self.give(response, now=now), response.usage

    def stream(self) -> StreamTranslator:
        """Return what makes the client's stream."""
        include_usage = self._sent.include_usage
        return StreamTranslator(
            self.dialect,
            self._client_dialect,
            self._stamp,
            include_usage=include_usage,
            amend=self.amend,
        )
