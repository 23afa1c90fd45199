"""The subject of a probe: a native server, its /v1, or Diglot in front of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Protocol

from msgspec import Struct, field

from core.backends.calls.answer import LOSSES
from core.backends.calls.options import AskOptions
from core.backends.fleet import Fleet
from core.backends.hidden_addresses import HiddenAddresses
from core.errors import DiglotError
from core.exchanges.masking import mask_body
from core.http.client import Client, bearer
from core.translation.codec.json import decode_json, encode_json, object_of
from core.translation.dialects.registry import DIALECTS

_TIMEOUT = 300.0
_LONGEST_ANSWER = 4000
PROMPT = "Write one sentence about the sea."

# Names in ``options`` of the native API for OpenAI's top-level fields.
_NATIVE = {
    "max_tokens": "num_predict",
    **{
        name: name
        for name in (
            "temperature", "top_p", "seed", "stop", "frequency_penalty", "presence_penalty",
            "top_k", "min_p", "repeat_penalty", "num_ctx",
        )
    },
}  # fmt: skip


class ProbeRequest(Struct, frozen=True, kw_only=True):
    """One request of a probe and its answer. ``request`` is None for a GET.

    ``answer`` is masked text, cut if it is long; ``status`` 0 if unknown.
    """

    method: str
    path: str
    request: dict[str, Any] | None
    status: int
    answer: str


class Seen(Struct, frozen=True, kw_only=True):
    """An answer. ``body`` is its JSON, for a stream that of the last chunk; empty without JSON."""

    status: int
    raw: bytes
    body: dict[str, Any]
    headers: Mapping[str, str]
    seconds: float

    @property
    def text(self) -> str:
        """The words of the answer."""
        choice = self.choice
        message = choice.get("message") or self.body.get("message") or {}
        return str(message.get("content") or choice.get("text") or "")

    @property
    def choice(self) -> dict[str, Any]:
        """The first of OpenAI's choices; empty for a native answer."""
        choices = self.body.get("choices")
        return choices[0] if isinstance(choices, list) and choices else {}

    @property
    def calls(self) -> list[Any]:
        """The tool calls of the answer."""
        message = self.choice.get("message") or self.body.get("message") or {}
        return list(message.get("tool_calls") or [])

    @property
    def tokens(self) -> int:
        """The number of generated tokens, as counted by the server."""
        usage = self.body.get("usage") or {}
        return int(self.body.get("eval_count") or usage.get("completion_tokens") or 0)

    @property
    def finish(self) -> str:
        """The finish reason in the dialect."""
        return str(self.body.get("done_reason") or self.choice.get("finish_reason") or "")

    @property
    def error(self) -> str:
        """The message of an error; empty for a successful answer."""
        error = self.body.get("error")
        words = error.get("message") if isinstance(error, dict) else error
        return str(words or "") if self.status < 400 else str(words or self.raw[:200].decode())

    @property
    def told(self) -> str:
        """What Diglot says it dropped or emulated; empty for other servers."""
        return ", ".join(self.headers[name] for name in LOSSES if self.headers.get(name))


class Refused(Exception):
    """A probe's request was answered with an error; ``seen`` is that answer."""

    def __init__(self, seen: Seen) -> None:
        super().__init__(seen.error)
        self.seen = seen


class Asker(Protocol):
    """A way to send a request."""

    async def post(self, path: str, body: bytes) -> tuple[int, bytes, Mapping[str, str]]: ...

    async def get(self, path: str) -> Any: ...


class HttpAsker:
    """A server at an address; ``base_url`` without a path."""

    def __init__(self, client: Client, base_url: str, api_key: str = "") -> None:
        self._client = client
        self._base = base_url.rstrip("/")
        self._headers = bearer(api_key)

    async def post(self, path: str, body: bytes) -> tuple[int, bytes, Mapping[str, str]]:
        """Return status, body and headers of a POST. Raises BackendUnavailable."""
        reply = await self._client.send(
            "POST", self._base + path, body=body, headers=self._headers, timeout=_TIMEOUT
        )
        data = await reply.read()
        headers = {name.decode("latin-1").lower(): value.decode("latin-1")
                   for name, value in reply.headers}  # fmt: skip
        return reply.status, data, headers

    async def get(self, path: str) -> Any:
        """Return the JSON of a GET; None where there is none."""
        try:
            reply = await self._client.send(
                "GET", self._base + path, headers=self._headers, timeout=30
            )
            return decode_json(await reply.read())
        except DiglotError:
            return None


class FleetAsker:
    """Diglot itself, in this process. ``owner`` is the owner of the exchanges.

    ``addresses`` are hidden in errors, as from any client of Diglot.
    """

    def __init__(self, fleet: Fleet, owner: str) -> None:
        self._fleet = fleet
        self._owner = owner
        self._addresses = HiddenAddresses(fleet)

    async def post(self, path: str, body: bytes) -> tuple[int, bytes, Mapping[str, str]]:
        """Return status, body and headers as for a client of Diglot."""
        client_dialect = next(name for name, dialect in DIALECTS.items() if dialect.path == path)
        try:
            answer = await self._fleet.answer(client_dialect, body, AskOptions(owner=self._owner))
        except DiglotError as exc:
            told = DIALECTS[client_dialect].dump_error(self._addresses.error(exc))
            return exc.status, encode_json(told), {}
        data = bytearray(answer.body)
        if answer.rest is not None:
            try:
                async for piece in answer.rest:
                    data += self._addresses.piece(piece)
            finally:
                await answer.rest.aclose()
        return 200, bytes(data), answer.headers

    async def get(self, path: str) -> Any:
        """Return what the routes of the models answer."""
        if path == "/api/ps":
            return {"models": await self._fleet.running()}
        return None


class Subject(Struct, kw_only=True):
    """One way to ask one model. ``server`` is the Ollama server behind it, if any.

    ``server_model`` is the name of the model there. ``sent`` collects requests and answers.
    """

    name: str
    client_dialect: str
    asker: Asker
    model: str
    server: Asker
    server_model: str
    sent: list[ProbeRequest] = field(default_factory=list)

    def body(
        self,
        *,
        raw: Mapping[str, Any] | None = None,
        prompt: str = PROMPT,
        stream: bool = False,
        **fields: Any,
    ) -> dict[str, Any]:
        """Return a small request; ``fields`` are placed where the API has them, ``raw`` is
        unchanged.

        Defaults: temperature 0, seed 1, at most 24 tokens.
        """
        fields = {"temperature": 0, "seed": 1, "max_tokens": 24, **fields}
        fields = {name: value for name, value in fields.items() if value is not None}
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": "user", "content": prompt}],
            "stream": stream,
        }
        if self.client_dialect == "openai":
            return {**body, **fields, **(raw or {})}
        options = {_NATIVE[name]: value for name, value in fields.items() if name in _NATIVE}
        beside = {name: value for name, value in fields.items() if name not in _NATIVE}
        return {**body, "options": options, **beside, **(raw or {})}

    async def ask(self, **fields: Any) -> Seen:
        """Send a small request and return what came. Raises Refused for an error."""
        seen = await self.send(self.body(**fields))
        if seen.status >= 400:
            raise Refused(seen)
        return seen

    async def send(self, body: dict[str, Any]) -> Seen:
        """Send a body and return what came."""
        began = time.perf_counter()
        path = DIALECTS[self.client_dialect].path
        try:
            status, data, headers = await self.asker.post(path, encode_json(body))
        except DiglotError as exc:
            self._note("POST", path, body, 0, exc.message.encode())
            raise
        self._note("POST", path, body, status, data)
        return Seen(
            status=status, raw=data, body=object_of(data), headers=headers,
            seconds=time.perf_counter() - began,
        )  # fmt: skip

    async def loaded(self) -> dict[str, Any] | None:
        """Return the model's entry in the server's /api/ps; None where it is not loaded."""
        found = await self.server.get("/api/ps")
        if self.sent and self.sent[-1].method == "GET":
            # A probe may poll; only the last answer is recorded.
            self.sent.pop()
        self._note("GET", "/api/ps", None, 200 if found is not None else 0, encode_json(found))
        wanted = (self.server_model, f"{self.server_model}:latest")
        models = found.get("models") if isinstance(found, dict) else None
        return next((m for m in models or () if m.get("name") in wanted), None)

    async def reload(self) -> None:
        """Load the model at the server for five minutes."""
        body = {"model": self.server_model, "keep_alive": "5m"}
        path = DIALECTS["generate"].path
        status, data, _ = await self.server.post(path, encode_json(body))
        self._note("POST", path, body, status, data)

    async def has_server(self) -> bool:
        """Return whether there is an Ollama server with /api/ps."""
        return isinstance(await self.server.get("/api/ps"), dict)

    def _note(
        self, method: str, path: str, request: dict[str, Any] | None, status: int, data: bytes
    ) -> None:
        text = mask_body(data).decode("utf-8", "replace")
        if len(text) > _LONGEST_ANSWER:
            text = text[:_LONGEST_ANSWER] + "…"
        self.sent.append(
            ProbeRequest(method=method, path=path, request=request, status=status, answer=text)
        )
