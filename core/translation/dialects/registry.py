"""The registry: every API that is spoken, and by name its dialects, kinds of server and fields.

``APIS`` is the list that a new dialect is entered in. All else here is made of it, and follows
when another API is registered while the program runs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import ParamSpec, TypeVar, cast

from core.errors import BackendError
from core.translation.dialects.anthropic.api import API as ANTHROPIC
from core.translation.dialects.api import Api, BackendKind
from core.translation.dialects.dialect import Dialect, EmbeddingDialect, Spoken
from core.translation.dialects.ollama.api import API as OLLAMA
from core.translation.dialects.openai.api import API as OPENAI
from core.translation.fields.chat import CHAT_FIELDS
from core.translation.fields.field import Field

P = ParamSpec("P")
T = TypeVar("T")

APIS: dict[str, Api] = {}
DIALECTS: dict[str, Dialect] = {}
EMBEDDING_DIALECTS: dict[str, EmbeddingDialect] = {}
SPOKEN: dict[str, Spoken] = {}
"""Both together: whatever a client may ask in."""
BACKEND_KINDS: dict[str, BackendKind] = {}
FIELDS: list[Field] = []
"""Every field of a request body, with its name in each dialect.

One row is one idea. ``paths`` gives where each dialect writes it, with ``[]`` for "each item";
a dialect without a path has no way to say it. The report is made from this table, and a law
holds it against what the code really did.
"""

_DERIVED: list[Callable[[], None]] = []


def derived(make: Callable[P, T]) -> Callable[P, T]:
    """Keep what a function makes of these tables, until they change."""
    kept = lru_cache(maxsize=1024)(make)
    _DERIVED.append(kept.cache_clear)
    return cast(Callable[P, T], kept)


def register(*apis: Api) -> None:
    """Speak another API from now on. Raises ValueError for a name or a field that is taken."""
    for api in apis:
        taken = {one.name for one in _spoken(api)} & SPOKEN.keys()
        if taken or api.name in APIS:
            raise ValueError(f"{api.name} is registered already: {', '.join(sorted(taken))}")
        APIS[api.name] = api
        DIALECTS.update({dialect.name: dialect for dialect in api.dialects})
        EMBEDDING_DIALECTS.update({dialect.name: dialect for dialect in api.embeddings})
        if api.backend is not None:
            BACKEND_KINDS[api.backend.name] = api.backend
    _refresh()


def unregister(name: str) -> None:
    """Speak an API no longer."""
    api = APIS.pop(name)
    for dialect in _spoken(api):
        DIALECTS.pop(dialect.name, None)
        EMBEDDING_DIALECTS.pop(dialect.name, None)
    if api.backend is not None:
        del BACKEND_KINDS[api.backend.name]
    _refresh()


@derived
def api_of(dialect: str) -> Api:
    """Return the API that a dialect belongs to."""
    for api in APIS.values():
        if any(dialect == one.name for one in _spoken(api)):
            return api
    raise KeyError(dialect)


def api_of_path(path: str) -> Api:
    """Return the API in whose words a path of the gateway says its errors."""
    found = [
        (len(prefix), -place, api)
        for place, api in enumerate(APIS.values())
        for prefix in api.prefixes
        if path.startswith(prefix)
    ]
    return max(found, key=lambda one: one[:2])[2]


def read_error(path: str, data: bytes, status: int) -> BackendError:
    """Return the error that a route without a dialect of its own has answered."""
    return api_of_path(path).dialects[0].parse_error(data, status)


def _spoken(api: Api) -> tuple[Spoken, ...]:
    return (*api.dialects, *api.embeddings)


def _refresh() -> None:
    SPOKEN.clear()
    SPOKEN.update({**DIALECTS, **EMBEDDING_DIALECTS})
    columns = [dialect.columns for dialect in SPOKEN.values()]
    rows = (*CHAT_FIELDS, *(row for one in columns for row in one.rows))
    for one in columns:
        rows = one.added_to(rows)
    _check(rows)
    FIELDS[:] = rows
    for forget in _DERIVED:
        forget()


def _check(rows: tuple[Field, ...]) -> None:
    seen: dict[tuple[str, str], Field] = {}
    for row in rows:
        for dialect, path in row.paths.items():
            if not row.alias and seen.setdefault((dialect, path), row) is not row:
                raise ValueError(f"two rows own {dialect} {path}")


register(OLLAMA, OPENAI, ANTHROPIC)
