"""Api: one company's API, as the folder of its dialects declares it. BackendKind: its servers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from core.translation.dialects.dialect import Dialect, EmbeddingDialect
from core.translation.dialects.shared.limit_headers import x_ratelimit

LimitHeaders = Callable[[str, int, int, float, float], list[tuple[bytes, bytes]]]


class BackendKind(Struct, frozen=True, kw_only=True):
    """A kind of server, by what it can do; the providers of a config differ by address alone.

    ``name`` is what deployments are of. It is asked in the dialect ``chat``, for bare text in
    ``bare``, for vectors in the first of ``embeddings``; ``speaks`` are the chat dialects that it
    understands as they stand.

    ``manages_models``: it lists, describes, fetches and deletes models by routes of Ollama's.
    ``loads_on_demand``: a model is in memory only while it is asked. ``fetches_images``: it gets
    pictures by their address. ``knows_tool_choice``: a call can be forced. ``switches_thinking``:
    a word that switches thinking off is never refused, but one that asks for it is where the
    model cannot. ``accepts`` is what it takes beyond its dialect, None if that depends on the
    server and has to be asked. ``hosted``: some are reached over the internet, at their own
    address.
    """

    name: str
    chat: str
    bare: str
    embeddings: tuple[str, ...]
    speaks: frozenset[str]
    manages_models: bool = False
    loads_on_demand: bool = False
    fetches_images: bool = False
    knows_tool_choice: bool = False
    switches_thinking: bool = False
    hosted: bool = False
    accepts: frozenset[str] | None = None


class Operation(Struct, frozen=True):
    """One route as OpenAPI describes it: what it is for, and the fields that matter most."""

    method: str
    path: str
    summary: str
    required: tuple[str, ...] = ()
    fields: dict[str, Any] = {}
    streams: bool = False
    query: dict[str, Any] = {}


class Api(Struct, frozen=True, kw_only=True):
    """One API: its dialects, of which the first says its errors, and the kind of its servers.

    ``label`` is its proper name. ``prefixes`` are the beginnings of the paths whose errors are
    said in its words; of several the longest counts. ``limit_headers`` returns the headers that
    say what is left of a limit: of what, the limit, what is left, when it is full again (seconds
    since the epoch), and in how many seconds that is. ``base_url`` is where its clients ask if
    nobody tells them.
    """

    name: str
    label: str
    dialects: tuple[Dialect, ...]
    embeddings: tuple[EmbeddingDialect, ...] = ()
    backend: BackendKind | None = None
    prefixes: tuple[str, ...]
    operations: tuple[Operation, ...] = ()
    limit_headers: LimitHeaders = x_ratelimit
    base_url: str = ""
