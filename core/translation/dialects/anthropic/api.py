"""Anthropic's API: messages. Clients speak it; none of its servers are asked."""

from __future__ import annotations

from core.translation.dialects.anthropic import messages, messages_stream, signature
from core.translation.dialects.api import Api, Operation
from core.translation.dialects.dialect import Dialect
from core.translation.dialects.shared import operations as of
from core.translation.dialects.shared.plain import PLAIN_MESSAGES
from core.translation.stamp import rfc3339

_COUNT = "/v1/messages/count_tokens"


def _limit_headers(
    what: str, limit: int, left: int, at: float, after: float
) -> list[tuple[bytes, bytes]]:
    """Return the headers that say what is left of a limit, as that API names them."""
    del after
    reset = rfc3339(int(at) * 1_000_000_000)
    pairs = (("limit", str(limit)), ("remaining", str(left)), ("reset", reset))
    return [(f"anthropic-ratelimit-{what}-{n}".encode(), value.encode()) for n, value in pairs]


_MESSAGES = Dialect(
    name="anthropic",
    label="Anthropic",
    path="/v1/messages",
    partner="ollama",
    settings=messages.SETTINGS,
    parse_request=messages.parse_request,
    dump_request=messages.dump_request,
    parse_response=messages.parse_response,
    dump_response=messages.dump_response,
    dump_error=messages.dump_error,
    decoder=messages_stream.StreamDecoder,
    encoder=messages_stream.StreamEncoder,
    signature=signature.MESSAGES,
    needs="max_tokens",
    thinks_if="thinking",
    threads=True,
    counts_at=_COUNT,
    plain=PLAIN_MESSAGES,
)

_OPERATIONS = (
    Operation("post", "/v1/messages", "Answer a conversation",
              ("model", "messages", "max_tokens"), {**of.CHAT, "max_tokens": of.COUNT},
              streams=True),
    Operation("post", _COUNT, "How many tokens a request has",
              ("model", "messages"), {"model": of.TEXT, "messages": of.MESSAGES}),
)  # fmt: skip

API = Api(
    name="anthropic",
    label="Anthropic",
    dialects=(_MESSAGES,),
    prefixes=("/v1/messages",),
    operations=_OPERATIONS,
    limit_headers=_limit_headers,
    base_url="https://api.anthropic.com",
)
