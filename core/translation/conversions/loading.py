"""Loading: a native request without a prompt, which only asks Ollama to load or unload the model.

Other servers keep their models loaded, so the answer is given without asking them.
"""

from __future__ import annotations

from typing import Any, Self

from core.translation.codec.json import encode_json
from core.translation.conversions.incoming import Backend, Incoming
from core.translation.dialects.embeddings import EMBEDDING_DIALECTS
from core.translation.stamp import Stamp, rfc3339

__all__ = ["Loading"]


class Loading:
    """Not a conversion: there is nothing to send. ``answer`` is the client's whole answer."""

    def __init__(self, incoming: Incoming, stamp: Stamp) -> None:
        self._incoming = incoming
        self._stamp = stamp

    @classmethod
    def read(cls, incoming: Incoming, backend: Backend, stamp: Stamp) -> Self | None:
        """Return the answer that can be given, or None where something is asked."""
        body = incoming.body
        embeddings = EMBEDDING_DIALECTS.get(incoming.client_dialect)
        if embeddings is not None:
            asks = backend.dialect == "ollama" or bool(embeddings.parse_request(body).inputs)
        else:
            asks = bool(body.get("messages") or body.get("prompt"))
        return None if asks else cls(incoming, stamp)

    def answer(self, *, now: int) -> bytes:
        """Return an answer without a word."""
        return encode_json(self._body(now))

    def _body(self, now: int) -> dict[str, Any]:
        client_dialect, model = self._incoming.client_dialect, self._stamp.model
        if client_dialect == "embed":
            return {"model": model, "embeddings": []}
        if client_dialect == "embed_legacy":
            return {"embedding": []}
        empty: dict[str, Any] = {"response": ""}
        if client_dialect == "ollama":
            empty = {"message": {"role": "assistant", "content": ""}}
        unload = self._incoming.body.get("keep_alive") == 0
        return {
            "model": model,
            "created_at": rfc3339(now),
            **empty,
            "done": True,
            "done_reason": "unload" if unload else "load",
        }
