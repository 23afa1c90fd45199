"""Who may do what, as config.yaml and the environment say it. Keys are kept as their hashes only.

Keys stand in Diglot's own section, the operator's where LiteLLM has it::

    general_settings:
      master_key: os.environ/LITELLM_MASTER_KEY   # the operator's: may do everything
    diglot:
      keys:
        - name: web-shop               # whose requests these are; in logs, metrics and pages
          key: os.environ/SHOP_KEY     # or key_hash: sha256:..., from python -m core --new-key
          models: [qwen-*, gpt-4o]     # default: all
          rpm: 60                      # requests a minute
          tpm: 100000                  # tokens a minute, prompt and answer
          max_parallel: 4              # requests at the same time
          expires: 2027-01-31          # the last day, in UTC; or a time
          manage: true                 # may pull, copy and delete models
          watch: true                  # may read /metrics and /health
      open: true                       # no key for anybody, on whatever address
      operators: [ann@example.org]     # of those who sign in to the pages
      cors: [https://app.example.org]  # whose scripts may ask from a browser; "*" is everybody
      hosts: [chat.example.org]        # the names that this server is reached by

The environment may say LITELLM_MASTER_KEY, DIGLOT_KEYS (``name=key``, separated by commas)
and OLLAMA_ORIGINS (as ``cors``).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from msgspec import Struct

from core.config.keys.reading import Variables
from core.config.keys.schema import ClientKey, Root, as_names
from core.errors import ConfigError

_SHORTEST = 16
_KNOWN = frozenset({"sk-1234", "sk-12345", "sk-123456", "changeme", "password", "secret"})
_HASH = re.compile(r"(?:sha256:)?([0-9a-fA-F]{64})")
_NAME = re.compile(r"[\w.@-]{1,64}", re.ASCII)


class Digest:
    """The SHA-256 of a key, which is all that is kept. Its repr shows nothing."""

    __slots__ = ("value",)

    def __init__(self, value: bytes) -> None:
        self.value = value

    @classmethod
    def of(cls, key: str | bytes) -> Digest:
        """Return the digest of a key."""
        return cls(hashlib.sha256(key.encode() if isinstance(key, str) else key).digest())

    def matches(self, key: str | bytes) -> bool:
        """Compare with ``key`` in constant time."""
        return hmac.compare_digest(self.value, Digest.of(key).value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Digest) and hmac.compare_digest(self.value, other.value)

    def __hash__(self) -> int:
        return hash(self.value)

    def __repr__(self) -> str:
        return "Digest(***)"


class Key(Struct, frozen=True, kw_only=True):
    """One client's key. ``models`` may hold ``*``, None is all; ``expires`` is s since the epoch.

    ``rpm`` and ``tpm`` are requests and tokens a minute, None is no limit.
    """

    name: str
    digest: Digest
    models: tuple[str, ...] | None = None
    rpm: int | None = None
    tpm: int | None = None
    max_parallel: int | None = None
    expires: float | None = None
    manage: bool = False
    watch: bool = False


class Access(Struct, frozen=True, kw_only=True):
    """Who may do what. ``known`` names the keys that are copied from a manual's example."""

    keys: tuple[Key, ...] = ()
    master: Digest | None = None
    open: bool = False
    operators: tuple[str, ...] = ()
    cors: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    known: tuple[str, ...] = ()

    @property
    def guarded(self) -> bool:
        """Whether requests need a key."""
        return bool(self.keys or self.master) and not self.open

    def enters(self, digest: Digest, *, now: float) -> bool:
        """Tell whether this key opens the pages of a server that other machines can reach.

        A key with limits does not, since pages do not count by key. ``now`` is s since the epoch.
        """
        if self.master == digest:
            return "master_key" not in self.known
        return any(
            key.digest == digest
            and key.name not in self.known
            and (key.expires is None or now < key.expires)
            and (key.models, key.rpm, key.tpm, key.max_parallel) == (None,) * 4
            for key in self.keys
        )


def new_key() -> str:
    """Return a new random key, and what to write into a config for it."""
    key = f"sk-{secrets.token_urlsafe(32)}"
    return f"key: {key}\nkey_hash: sha256:{Digest.of(key).value.hex()}"


def read_access(root: Root, variables: Variables) -> Access:
    """Return the access settings of the sections diglot and general_settings.

    Raises ConfigError. Warns of keys that are easily guessed.
    """
    found = environment_access(variables.environ)
    weak: list[str] = list(found.known)
    own, master = root.diglot, root.general_settings.master_key
    if master is not None and not master.strip():
        raise _error("general_settings.master_key", "is empty: give it a key, or leave it out")
    if master:
        variables.warnings += _judged("general_settings.master_key", master, "master_key", weak)
    keys = [*found.keys]
    for at, entry in enumerate(own.keys):
        path = f"diglot.keys[{at}]"
        key = _key(entry, path)
        if entry.key:
            variables.warnings += _judged(f"{path}.key", entry.key, key.name, weak)
        if any(key.name == other.name or key.digest == other.digest for other in keys):
            raise _error(f"{path}.name", f"{key.name!r} is there twice, by its name or its key")
        keys.append(key)
    return Access(
        keys=tuple(keys),
        master=Digest.of(master) if master else found.master,
        open=own.open,
        operators=tuple(address.casefold() for address in as_names(own.operators)),
        cors=(*as_names(own.cors), *found.cors),
        hosts=tuple(host.lower() for host in as_names(own.hosts)),
        known=tuple(weak),
    )


def environment_access(environ: Mapping[str, str]) -> Access:
    """Return the access settings of the environment alone. Raises ConfigError."""
    keys: list[Key] = []
    known: list[str] = []
    items = [item.strip() for item in environ.get("DIGLOT_KEYS", "").split(",") if item.strip()]
    for place, item in enumerate(items, 1):
        name, equals, key = item.partition("=")
        if not equals:
            name, key = f"key-{place}", item
        if not _NAME.fullmatch(name) or not key:
            raise ConfigError(f"DIGLOT_KEYS: entry {place} is not name=key")
        keys.append(Key(name=name, digest=Digest.of(key)))
        known += [name] if key.lower() in _KNOWN else []
    master = environ.get("LITELLM_MASTER_KEY", "")
    known += ["master_key"] if master.lower() in _KNOWN else []
    origins = [origin.strip() for origin in environ.get("OLLAMA_ORIGINS", "").split(",")]
    return Access(
        keys=tuple(keys),
        master=Digest.of(master) if master else None,
        cors=tuple(origin for origin in origins if origin),
        known=tuple(known),
    )


def _error(path: str, problem: str) -> ConfigError:
    return ConfigError(f"{path} {problem}", path=path)


def _key(entry: ClientKey, path: str) -> Key:
    name = entry.name
    if not _NAME.fullmatch(name) or name == "master_key":
        raise _error(f"{path}.name", "may have up to 64 letters, digits and . _ - @, and must not "
                     "be master_key")  # fmt: skip
    return Key(
        name=name,
        digest=_digest(entry, path),
        models=None if entry.models is None else as_names(entry.models),
        rpm=entry.rpm,
        tpm=entry.tpm,
        max_parallel=entry.max_parallel,
        expires=_expires(entry.expires, f"{path}.expires"),
        manage=entry.manage,
        watch=entry.watch,
    )


def _digest(entry: ClientKey, path: str) -> Digest:
    if entry.key_hash:
        match = _HASH.fullmatch(entry.key_hash)
        if match is None or entry.key:
            raise _error(f"{path}.key_hash", "must be sha256:... and stand without a key")
        return Digest(bytes.fromhex(match[1]))
    if not entry.key:
        raise _error(f"{path}.key", "is missing")
    return Digest.of(entry.key)


def _judged(path: str, key: str, name: str, weak: list[str]) -> Iterator[str]:
    """Yield a warning of a key that is easily guessed; it works all the same."""
    if key.lower() in _KNOWN:
        weak.append(name)
        yield (
            f"{path} is an example out of manuals, which everybody tries first: it works on "
            "loopback only. Make a key with: python -m core --new-key"
        )
    elif len(key) < _SHORTEST:
        yield (
            f"{path} has {len(key)} characters and can be guessed. Make a key with: "
            "python -m core --new-key"
        )


def _expires(value: Any, path: str) -> float | None:
    """Return the end of the last day, or a time, in seconds since the epoch."""
    if value is None:
        return None
    try:
        if isinstance(value, str):
            value = date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
    except ValueError:
        value = None
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, date):
        day = datetime(value.year, value.month, value.day, tzinfo=UTC)
        return (day + timedelta(days=1)).timestamp()
    raise _error(path, "must be a day such as 2027-01-31, or a time")
