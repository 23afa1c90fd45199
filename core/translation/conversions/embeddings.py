"""Embed: the conversion of a request for embeddings, between the three dialects that ask for them.

Requests are few and their answers long, so there is one way for all: through EmbeddingRequest.
"""

from __future__ import annotations

from typing import Any, Self

from core.errors import Unsupported
from core.translation.codec.json import decode_answer, encode_json
from core.translation.conversions.incoming import Backend, Incoming
from core.translation.conversions.passed_stream import rename_model
from core.translation.dialects.registry import EMBEDDING_DIALECTS
from core.translation.dialects.shared.embeddings import EmbeddingRequest
from core.translation.messages import Usage
from core.translation.report.report import ReportRow, explain_request
from core.translation.stamp import Stamp

__all__ = ["Embed"]


class Embed:
    """Conversion of a request for embeddings. It never streams."""

    needs: frozenset[str] = frozenset()
    streams = False
    verbatim = json_is_whole = True
    answer_type = "application/json"

    def __init__(self, incoming: Incoming, backend: Backend, stamp: Stamp) -> None:
        self._incoming = incoming
        self._stamp = stamp
        self._request = EMBEDDING_DIALECTS[incoming.client_dialect].parse_request(incoming.body)
        self._keep_alive = backend.settings.get("keep_alive")
        self._written: dict[str, Any] = {}
        understood = backend.kind.embeddings
        own = incoming.client_dialect
        self.dialect = own if own in understood else understood[0]
        self.translated = self.dialect != incoming.client_dialect

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
        if self.translated:
            return encode_json(self._written)
        return rename_model(self._incoming.raw, model)

    def report(self) -> tuple[ReportRow, ...]:
        """Return what became of each field, once the request is written."""
        if not self.translated:
            return ()
        source, target = self._incoming.client_dialect, self.dialect
        return explain_request(self._incoming.body, self._written, source=source, target=target)

    def response(self, whole: bytes, *, now: int) -> tuple[bytes, Usage | None]:
        """Return the client's answer and its counts. Raises InvalidResponse, BackendError."""
        del now
        body = decode_answer(whole)
        response = EMBEDDING_DIALECTS[self.dialect].parse_response(body)
        dump = EMBEDDING_DIALECTS[self._incoming.client_dialect].dump_response
        usage = Usage(prompt_tokens=response.prompt_tokens)
        return encode_json(dump(response, self._request, self._stamp)), usage

    def stream(self) -> Any:
        """There are no streams of embeddings."""
        raise NotImplementedError
