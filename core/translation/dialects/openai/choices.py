"""Several answers to one request, for backends that give one at a time.

A request for ``n`` answers, or with several prompts, becomes as many requests; their answers
are put side by side as OpenAI's API has them. All of it happens in the client's own dialect,
so nothing else needs to know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import DiglotError, InvalidRequest
from core.translation.codec.framing import SSEDecoder, encode_sse, is_end
from core.translation.codec.json import decode_json, encode_json, is_setting, read_setting
from core.translation.dialects.openai.chat import dump_error

_MOST = 128
_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")


def split_chats(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a request for each answer that a chat asks for; one where it asks for one.

    A seed grows by one from answer to answer, as equal seeds would give equal answers.
    Raises InvalidRequest for more answers than OpenAI's API allows.
    """
    return _split(body, None)


def split_prompts(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the same of a completion, which may have several prompts as well."""
    return _split(body, body.get("prompt"))


def _split(body: Mapping[str, Any], prompts: Any) -> list[dict[str, Any]]:
    wanted = body.get("n")
    # Ollama ignores n, so what is no number of answers asks for one.
    count = read_setting(wanted, "integer", "n") if is_setting(wanted, "integer") else 1
    count = max(count, 1)
    several = isinstance(prompts, list) and all(isinstance(p, str) for p in prompts)
    total = count * (len(prompts) if several and prompts else 1)
    if total > _MOST:
        raise InvalidRequest(f"n asks for {total} answers; ask for 1 to {_MOST}", path="n")
    if total == 1:
        return [dict(body)]
    bodies = []
    for prompt in prompts if several and prompts else [None]:
        for turn in range(count):
            one = {key: value for key, value in body.items() if key != "n"}
            if prompt is not None:
                one["prompt"] = prompt
            if isinstance(one.get("seed"), int) and not isinstance(one["seed"], bool):
                one["seed"] += turn
            bodies.append(one)
    return bodies


def join_choices(answers: Sequence[Mapping[str, Any]], prompts: Sequence[Any]) -> dict[str, Any]:
    """Return one answer with the choices of all; ``prompts`` tells which share their input."""
    choices = [{**answer["choices"][0], "index": i} for i, answer in enumerate(answers)]
    usage = _sum([answer.get("usage") for answer in answers], prompts)
    return {**answers[0], "choices": choices, **({"usage": usage} if usage else {})}


def _sum(usages: Sequence[Any], prompts: Sequence[Any]) -> dict[str, Any]:
    """Add counts up. Input that several answers share is counted once, as OpenAI does."""
    total = dict.fromkeys(_COUNTS, 0)
    known = False
    for index, usage in enumerate(usages):
        if not isinstance(usage, dict):
            continue
        known = True
        total["completion_tokens"] += usage.get("completion_tokens", 0)
        if index == 0 or prompts[index] != prompts[index - 1]:
            total["prompt_tokens"] += usage.get("prompt_tokens", 0)
    total["total_tokens"] = total["prompt_tokens"] + total["completion_tokens"]
    return total if known else {}


class ChoicesStream:
    """Joins streams of one answer each into one stream. Feed it what each of them gives."""

    def __init__(self, prompts: Sequence[Any]) -> None:
        self._prompts = prompts
        self._events = [SSEDecoder() for _ in prompts]
        self._usages: list[Any] = [None for _ in prompts]
        self._last: dict[str, Any] = {}
        self._open = len(prompts)
        self.failed = False

    def feed(self, index: int, data: bytes) -> bytes:
        """Return what may be sent on of stream ``index``; nothing more after an error."""
        out = []
        for record in self._events[index].decode(data):
            if self.failed:
                break
            if is_end(record.data):
                self._open -= 1
                continue
            body = decode_json(record.data)
            if body.get("error"):
                self.failed = True
                out.append(encode_sse(record.data))
            elif body.get("choices"):
                self._last = body
                body["choices"][0]["index"] = index
                out.append(encode_sse(encode_json(body)))
            else:
                self._usages[index] = body.get("usage")
        return b"".join(out)

    def close(self) -> bytes:
        """Return the end: the counts where they were asked for, and ``[DONE]``."""
        if self.failed or self._open:
            return b""
        end = b"data: [DONE]\n\n"
        usage = _sum(self._usages, self._prompts)
        if not usage:
            return end
        return encode_sse(encode_json({**self._last, "choices": [], "usage": usage})) + end

    def fail(self, error: DiglotError, *, now: int) -> bytes:
        """Return the error event for a failure that came from elsewhere.

        Nothing where the stream has already ended, well or not.
        """
        if self.failed or not self._open:
            return b""
        self.failed = True
        return encode_sse(encode_json(dump_error(error)))
