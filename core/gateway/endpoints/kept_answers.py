"""Stored answers with their conversations: limited in number and size, separate by owner.

When full, the oldest are deleted. If Redis is configured it has a copy, so that any gateway can
continue from any answer.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from core.backends.erasures import Erasures, IsGone, tell_erased
from core.errors import BackendUnavailable
from core.gateway.endpoints.shared_values import SharedValues
from core.translation.codec.json import decode_json, encode_json

MAX_ANSWERS = 1000
MAX_BYTES = 64 * 1024 * 1024
SHARED_SECONDS = 7 * 24 * 3600
"""How long Redis keeps an answer, in seconds."""


_GONE = b"gone"


class Stored(Struct, frozen=True):
    """One answer with its input, as items of the dialect. ``size`` is in bytes."""

    items: list[Any]
    response: dict[str, Any]
    size: int
    owner: str = ""


class AnswerStore:
    """The newest answers, limited in number and bytes."""

    def __init__(self) -> None:
        self._size = 0
        self._kept: OrderedDict[str, Stored] = OrderedDict()

    def add(self, items: list[Any], response: dict[str, Any], *, owner: str = "") -> None:
        """Store an answer of ``owner``, deleting the oldest if necessary."""
        size = len(encode_json(items)) + len(encode_json(response))
        self._kept[response["id"]] = Stored(items, response, size, owner)
        self._size += size
        while len(self._kept) > 1 and (len(self._kept) > MAX_ANSWERS or self._size > MAX_BYTES):
            self._size -= self._kept.popitem(last=False)[1].size

    def get(self, identity: str, *, owner: str = "") -> Stored | None:
        """Return an answer of ``owner``, or None where it is not there (any more)."""
        stored = self._kept.get(identity)
        return stored if stored is not None and stored.owner == owner else None

    def forget(self, is_gone: IsGone) -> None:
        """Delete the answers of the owners of whom this is true."""
        for identity in [key for key, stored in self._kept.items() if is_gone(stored.owner)]:
            self.delete(identity)

    def delete(self, identity: str) -> bool:
        """Delete an answer; tell whether it was stored."""
        stored = self._kept.pop(identity, None)
        self._size -= stored.size if stored else 0
        return stored is not None


class SharedAnswers:
    """The newest answers of this process, and in Redis those of all gateways.

    ``redis_url`` returns where Redis is, "" for none; ``erasures`` tell whose are to be forgotten.
    """

    def __init__(self, redis_url: Callable[[], str], erasures: Erasures | None = None) -> None:
        self._shared = SharedValues(redis_url)
        self._own = AnswerStore()
        if erasures is not None:
            erasures.listeners.append(self._own.forget)

    async def add(self, items: list[Any], response: dict[str, Any], *, owner: str) -> None:
        """Keep an answer of ``owner``, here and in Redis."""
        self._own.add(items, response, owner=owner)
        value = encode_json({"items": items, "response": response, "owner": owner})
        await self._shared.put(_name(response["id"]), value, seconds=SHARED_SECONDS)

    async def get(self, identity: str, *, owner: str) -> Stored | None:
        """Return an answer of ``owner``, or None where it is not there (any more)."""
        value = await self._shared.get(_name(identity))
        if value is None:
            # Redis may be down, or was when this answer was stored.
            return self._own.get(identity, owner=owner)
        if value == _GONE:
            return None
        kept = decode_json(value)
        stored = Stored(kept["items"], kept["response"], len(value), kept["owner"])
        return stored if stored.owner == owner else None

    async def delete(self, identity: str) -> None:
        """Forget an answer."""
        self._own.delete(identity)
        # Other gateways may have a copy.
        await self._shared.put(_name(identity), _GONE, seconds=SHARED_SECONDS)

    async def aclose(self) -> None:
        """Close the connections to Redis."""
        await self._shared.aclose()


def _name(identity: str) -> str:
    return f"answer:{identity}"


class KeptInRedis:
    """The answers that all gateways keep in a Redis, by owner. Methods raise BackendUnavailable."""

    def __init__(self, url: str) -> None:
        from redis import Redis

        self._redis = Redis.from_url(url, socket_timeout=10, socket_connect_timeout=5)

    def close(self) -> None:
        """Close the connection."""
        self._redis.close()

    def of(self, owner: str) -> dict[bytes, Any]:
        """Return the answers of an owner with their conversations, by their names in Redis."""
        from redis.exceptions import RedisError

        found = {}
        try:
            for name in self._redis.scan_iter(f"diglot:{_name('*')}", count=1000):
                value = self._redis.get(name)
                if isinstance(value, bytes) and value != _GONE:
                    kept = decode_json(value)
                    if kept["owner"] == owner:
                        found[name] = kept
        except RedisError as error:
            raise _silent(error) from error
        return found

    def erase(self, owner: str) -> int:
        """Delete the answers of an owner, in the memory of all processes too; return how many."""
        from redis.exceptions import RedisError

        names = list(self.of(owner))
        try:
            for name in names:
                # A process may have a copy, which it must not give for the one that is gone.
                self._redis.set(name, _GONE, ex=SHARED_SECONDS)
            tell_erased(self._redis, owner)
        except RedisError as error:
            raise _silent(error) from error
        return len(names)


def _silent(error: Exception) -> BackendUnavailable:
    # The message could contain the address with a password.
    return BackendUnavailable(f"Redis does not answer ({type(error).__name__})")
