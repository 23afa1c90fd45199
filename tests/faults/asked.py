"""One request as a backend sees it, and a good answer to it in the dialect that was asked."""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["Asked"]

_TOKEN = re.compile(r"token-\w+")
_CREATED = "2026-01-01T00:00:00Z"


class Asked:
    """One request: what was asked for, and the pieces of a good answer to it."""

    def __init__(self, path: str, body: dict[str, Any]) -> None:
        self.path = path
        self.body = body
        self.fault = str(body.get("model", "")).removesuffix(":latest")
        found = _TOKEN.search(json.dumps(body))
        self.text = found[0] if found else "hello"
        self.native = path.startswith("/api/")
        self.stream = bool(body.get("stream", self.native))

    @property
    def kind(self) -> str:
        """The content type of the answer."""
        if not self.stream:
            return "application/json"
        return "application/x-ndjson" if self.native else "text/event-stream"

    def pieces(self) -> list[bytes]:
        """Return a good answer: the first piece says half of the text."""
        half = len(self.text) // 2
        if not self.stream:
            return [json.dumps(self.whole()).encode()]
        words = [self._piece(self.text[:half]), self._piece(self.text[half:])]
        return [*words, *self._ends()]

    def error(self, message: str = "it broke") -> bytes:
        """Return the error that a server sends in the middle of a stream."""
        if self.native:
            return json.dumps({"error": message}).encode() + b"\n"
        return b"data: " + json.dumps({"error": {"message": message}}).encode() + b"\n\n"

    def whole(self) -> dict[str, Any]:
        """Return a whole answer."""
        base = {"model": "m"}
        counts = {"done": True, "done_reason": "stop", "prompt_eval_count": 3, "eval_count": 2}
        usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
        message = {"role": "assistant", "content": self.text}
        match self.path:
            case "/api/chat":
                return {**base, "created_at": _CREATED, "message": message, **counts}
            case "/api/generate":
                return {**base, "created_at": _CREATED, "response": self.text, **counts}
            case "/v1/chat/completions":
                choice = {"index": 0, "message": message, "finish_reason": "stop"}
                return {**base, "id": "x", "created": 1, "choices": [choice], "usage": usage}
        choice = {"index": 0, "text": self.text, "finish_reason": "stop"}
        return {**base, "id": "x", "created": 1, "choices": [choice], "usage": usage}

    def _piece(self, text: str) -> bytes:
        base = {"model": "m"}
        match self.path:
            case "/api/chat":
                said: dict[str, Any] = {"message": {"role": "assistant", "content": text}}
            case "/api/generate":
                said = {"response": text}
            case "/v1/chat/completions":
                said = {"choices": [{"index": 0, "delta": {"content": text}}]}
            case _:
                said = {"choices": [{"index": 0, "text": text}]}
        if self.native:
            return (
                json.dumps({**base, "created_at": _CREATED, **said, "done": False}).encode() + b"\n"
            )
        return b"data: " + json.dumps({**base, "id": "x", "created": 1, **said}).encode() + b"\n\n"

    def _ends(self) -> list[bytes]:
        if self.native:
            last = self.whole()
            empty = {"message": {"role": "assistant", "content": ""}} | {"response": ""}
            last |= {key: value for key, value in empty.items() if key in last}
            return [json.dumps(last).encode() + b"\n"]
        choice: dict[str, Any] = {"index": 0, "finish_reason": "stop"}
        choice |= {"text": ""} if self.path == "/v1/completions" else {"delta": {}}
        end = {"model": "m", "id": "x", "created": 1, "choices": [choice]}
        return [b"data: " + json.dumps(end).encode() + b"\n\n", b"data: [DONE]\n\n"]
