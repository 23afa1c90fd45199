"""The two sides of a conversion: a client's request as it came, and the backend it goes to.

A request is read no further than somebody needs. ``read_plain`` is the one place that decides
whether a request is plain: texts and the few settings that every dialect has. Whatever else is in
a body, ``plain`` is None and the body is decoded when it is first looked at.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Protocol

from core.errors import InvalidRequest
from core.translation.codec.json import (
    JSON_ERRORS,
    decode_json,
    decode_loosely,
    read_model,
    read_object,
)
from core.translation.dialects.api import BackendKind
from core.translation.dialects.registry import DIALECTS, SPOKEN
from core.translation.dialects.shared.plain import Plain
from core.translation.fields.kinds import CALL_PARTS
from core.translation.messages import WRITTEN, ChatRequest


class Backend(Protocol):
    """What a conversion knows of the backend. ``core.config.deployment.Deployment`` is one.

    ``settings`` (hub names) and ``thinking`` stand in where a request has none of its own;
    ``unwanted`` are the JSON paths that this backend is never sent.
    """

    @property
    def kind(self) -> BackendKind: ...
    @property
    def settings(self) -> Mapping[str, Any]: ...
    @property
    def thinking(self) -> bool | str | None: ...
    @property
    def unwanted(self) -> Collection[str]: ...
    @property
    def embedded(self) -> bool: ...


def read_plain(client_dialect: str, body: bytes) -> Plain | None:
    """Return a request of the dialect ``client_dialect`` if it is plain, else None."""
    dialect = DIALECTS.get(client_dialect)
    if dialect is None or dialect.plain is None:
        return None
    try:
        plain: Plain = dialect.plain.decode(body)
    except JSON_ERRORS:
        return None
    return plain


class Incoming:
    """A client's request body in the dialect ``client_dialect``.

    ``model`` is the name that it asks for.
    ``plain`` is None where the request is not plain.
    """

    # fmt: off
    __slots__ = ("_body", "_chat", "_look", "_needs", "_retold", "client_dialect", "model", "plain",
                 "raw")
    # fmt: on

    def __init__(self, client_dialect: str, raw: bytes) -> None:
        """Raises InvalidRequest for a body that is no JSON object or names no model."""
        self.client_dialect = client_dialect
        self.raw = raw
        self.plain = read_plain(client_dialect, raw)
        self._body: dict[str, Any] | None = None
        self._look: dict[str, Any] | None = None
        self._chat: ChatRequest | None = None
        # A way is chosen once more where the model has to be looked up first.
        self._needs: frozenset[str] | None = None
        self._retold: bool | None = None
        self.model: str = read_model(self.look) if self.plain is None else self.plain.model

    @property
    def body(self) -> dict[str, Any]:
        """The whole body, decoded once it is asked for. Raises InvalidRequest."""
        if self._body is None:
            self._body = read_object(decode_json(self.raw), "")
        return self._body

    @property
    def chat(self) -> ChatRequest:
        """The request, parsed once it is asked for. Raises InvalidRequest, Unsupported."""
        if self._chat is None:
            self._chat = DIALECTS[self.client_dialect].parse_request(self.body)
        return self._chat

    @property
    def look(self) -> dict[str, Any]:
        """The body as far as it can be read, for a request that is passed on as it stands."""
        if self._look is None:
            try:
                self._look = self.body
            except InvalidRequest:
                self._look = read_object(decode_loosely(self.raw), "")
        return self._look

    @property
    def asked(self) -> Mapping[str, Any]:
        """What the form of the answer may depend on (Stamp.asked); nothing of a plain request."""
        return self.look if self.plain is None else {}

    @property
    def streams(self) -> bool:
        """Whether a stream is asked for. Ollama's own dialects stream unless told not to."""
        stream = self.look.get("stream") if self.plain is None else self.plain.stream
        return stream is True or (stream is None and SPOKEN[self.client_dialect].native)

    @property
    def retold(self) -> bool:
        """Whether calls are in it that a model wrote as text: it is told them in its own words."""
        if self._retold is None:
            # In words, of which a plain request is made, a quotation mark has a backslash before.
            self._retold = self.plain is None and _MADE_OF_TEXT.search(self.raw) is not None
        return self._retold

    def needs(self) -> frozenset[str]:
        """Return what the model must be able to do, in Ollama's words, so far as a look tells.

        Nothing is refused here: what is of an unknown kind needs nothing. A call that is forced
        needs no more than tools: whoever understands ``tool_choice`` is told it as it stands.
        """
        if self._needs is None:
            self._needs = self._needed() if self.plain is None else frozenset()
        return self._needs

    def _needed(self) -> frozenset[str]:
        body = self.look
        needed: set[str] = set()
        if body.get("tools") or body.get("functions"):
            needed.add("tools")
        if body.get("suffix"):
            needed.add("insert")
        if body.get("images"):
            needed.add("vision")
        messages = body.get("messages")
        for message in messages if isinstance(messages, list) else ():
            if isinstance(message, dict):
                _look(message, needed)
        return frozenset(needed)


_MADE_OF_TEXT = re.compile(rb'"%b[0-9a-f]{32}_\d+"' % WRITTEN.encode())
_PARTS = {"image_url": "vision", "input_audio": "audio", **dict.fromkeys(CALL_PARTS, "tools")}


def _look(message: Mapping[str, Any], needed: set[str]) -> None:
    called = message.get("tool_calls") or message.get("function_call")
    if called or message.get("role") in ("tool", "function"):
        needed.add("tools")
    if message.get("images"):
        needed.add("vision")
    content = message.get("content")
    for part in content if isinstance(content, list) else ():
        kind = part.get("type") if isinstance(part, dict) else None
        if isinstance(kind, str) and kind in _PARTS:
            needed.add(_PARTS[kind])
