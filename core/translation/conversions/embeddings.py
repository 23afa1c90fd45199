"""Embed: the conversion of a request for embeddings, between the three dialects that ask for them.

Where the backend speaks the client's own dialect, bytes pass both ways and nothing is judged but
that an answer is one; else a request and its answer go through EmbeddingRequest.
"""

from __future__ import annotations

import re
from typing import Any, Self

import msgspec

from core.errors import DiglotError, InvalidResponse, Unsupported
from core.translation.codec.json import (
    JSON_ERRORS,
    decode_answer,
    encode_json,
    read_count,
    read_items,
)
from core.translation.conversions.incoming import Backend, Incoming
from core.translation.conversions.passed_stream import rename_model
from core.translation.dialects.registry import EMBEDDING_DIALECTS
from core.translation.dialects.shared.embeddings import EmbeddingRequest, pack, read_vector
from core.translation.messages import Usage
from core.translation.report.report import explain_request
from core.translation.report.rows import ReportRow
from core.translation.report.scene import Circumstances
from core.translation.stamp import Stamp


class Embed:
    """Conversion of a request for embeddings. It never streams."""

    needs: frozenset[str] = frozenset()
    streams = False
    verbatim = json_is_whole = True
    answer_type = "application/json"

    def __init__(self, incoming: Incoming, backend: Backend, stamp: Stamp) -> None:
        self._incoming = incoming
        self._stamp = stamp
        self._keep_alive = backend.settings.get("keep_alive")
        self._written: dict[str, Any] = {}
        understood = backend.kind.embeddings
        own = incoming.client_dialect
        self.dialect = own if own in understood else understood[0]
        self.translated = self.dialect != own
        self._renamed = False
        self._request = EmbeddingRequest(model="", inputs=())
        if self.translated:
            self._request = EMBEDDING_DIALECTS[own].parse_request(incoming.body)

    @classmethod
    def read(cls, incoming: Incoming, backend: Backend, stamp: Stamp) -> Self:
        """Return the conversion. Raises InvalidRequest, and Unsupported for the embedded model."""
        if backend.embedded:
            raise Unsupported(
                "the embedded model makes no embeddings. Start Ollama and ask one of its "
                "embedding models, such as nomic-embed-text.",
                status=501,
                code="no_embeddings",
                path="model",
            )
        return cls(incoming, backend, stamp)

    def request(self, model: str) -> bytes:
        """Return the backend's request."""
        if not self.translated:
            return self._passed(model)
        request = self._request
        defaults = {} if self._keep_alive is None else {"keep_alive": self._keep_alive}
        self._written = EMBEDDING_DIALECTS[self.dialect].dump_request(
            EmbeddingRequest(
                model=model,
                inputs=request.inputs,
                dimensions=request.dimensions,
                settings={**defaults, **request.settings},
            )
        )
        return encode_json(self._written)

    def _passed(self, model: str) -> bytes:
        """Return the client's own bytes, with the backend's name and the config's keep_alive."""
        data = self._incoming.raw
        if self._keep_alive is not None and self._incoming.body.get("keep_alive") is None:
            data = encode_json({**self._incoming.body, "keep_alive": self._keep_alive})
        self._renamed = model != self._stamp.model
        return rename_model(data, model) if self._renamed else data

    def report(self, about: Circumstances) -> tuple[ReportRow, ...]:
        """Return what became of each field, once the request is written."""
        source, target, body = self._incoming.client_dialect, self.dialect, self._incoming.body
        plain = EMBEDDING_DIALECTS[source].plain.issuperset(body)
        if not self.translated or (plain and not about.unwanted):
            return ()
        return explain_request(body, self._written, source=source, target=target, about=about)

    def response(self, whole: bytes, *, now: int) -> tuple[bytes, Usage | None]:
        """Return the client's answer and its counts. Raises InvalidResponse, BackendError."""
        del now
        if not self.translated and _is_answer(whole):
            whole = self._packed(whole)
            if self._renamed:
                whole = rename_model(whole, self._stamp.model, blame=InvalidResponse)
            return whole, _counts(whole)
        body = decode_answer(whole)
        response = EMBEDDING_DIALECTS[self.dialect].parse_response(body)
        dump = EMBEDDING_DIALECTS[self._incoming.client_dialect].dump_response
        usage = Usage(prompt_tokens=response.prompt_tokens)
        return encode_json(dump(response, self._request, self._stamp)), usage

    def _packed(self, whole: bytes) -> bytes:
        """Return an answer whose numbers are base64 where that was asked for.

        OpenAI's SDKs ask for base64 by themselves, and openai-node takes what comes for it, while
        some servers know numbers alone.
        """
        if self._stamp.asked.get("encoding_format") != "base64" or not _NUMBERS.search(whole):
            return whole
        try:
            body = decode_answer(whole)
            for entry in read_items(body.get("data"), "data", blame=InvalidResponse):
                if isinstance(entry, dict) and isinstance(entry.get("embedding"), list):
                    entry["embedding"] = pack(read_vector(entry["embedding"], "data"))
            return encode_json(body)
        except DiglotError:
            return whole  # not ours to judge

    def stream(self) -> Any:
        """There are no streams of embeddings."""
        raise NotImplementedError


class _Answer(msgspec.Struct):
    """What is looked at of an answer that passes: whether it holds vectors, and its counts."""

    data: msgspec.Raw = msgspec.Raw()
    embeddings: msgspec.Raw = msgspec.Raw()
    embedding: msgspec.Raw = msgspec.Raw()
    usage: msgspec.Raw = msgspec.Raw()
    prompt_eval_count: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()


_NUMBERS = re.compile(rb'"embedding"\s*:\s*\[')
_ANSWERS = msgspec.json.Decoder(_Answer)


def _is_answer(whole: bytes) -> bool:
    try:
        answer = _ANSWERS.decode(whole)
    except JSON_ERRORS:
        return False
    vectors = (bytes(raw) for raw in (answer.data, answer.embeddings, answer.embedding))
    return any(raw.startswith(b"[") for raw in vectors) and bytes(answer.error) in (b"", b"null")


def _counts(whole: bytes) -> Usage:
    answer = _ANSWERS.decode(whole)
    try:
        usage = msgspec.json.decode(bytes(answer.usage) or b"null")
        count = msgspec.json.decode(bytes(answer.prompt_eval_count) or b"null")
    except JSON_ERRORS:
        return Usage()
    found = usage.get("prompt_tokens") if isinstance(usage, dict) else count
    return Usage(prompt_tokens=read_count(found))
