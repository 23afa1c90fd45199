"""Loading: a native request without a prompt, which only asks Ollama to load or unload the model.

Other servers keep their models loaded, so the answer is given without asking them.
"""

from __future__ import annotations

from typing import Self

from core.translation.codec.json import encode_json
from core.translation.conversions.incoming import Backend, Incoming
from core.translation.dialects.registry import EMBEDDING_DIALECTS, SPOKEN
from core.translation.stamp import Stamp


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
            loads = backend.kind.loads_on_demand
            asks = loads or bool(embeddings.parse_request(body).inputs)
        else:
            asks = bool(body.get("messages") or body.get("prompt"))
        return None if asks else cls(incoming, stamp)

    def answer(self, *, now: int) -> bytes:
        """Return an answer without a word."""
        loaded = SPOKEN[self._incoming.client_dialect].loaded
        assert loaded is not None, "only what loads is asked to"
        unload = self._incoming.body.get("keep_alive") == 0
        return encode_json(loaded(self._stamp, now=now, unload=unload))
