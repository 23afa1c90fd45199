"""Maps the paths that clients write to the routes they mean.

LiteLLM answers its routes without ``/v1`` too, under the names that Azure and OpenAI's older API
have for them, and with a model in the path; clients join addresses with a slash too many, or a
base that has its ``/v1`` already with a route that has one. Each path is put into its one canonical
form before anything else sees it, so that the same guard covers every form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from starlette.types import ASGIApp, Receive, Scope, Send

PATH_MODEL = "diglot.model"
"""Where a scope holds the model that its path names: it takes the place of the body's."""

# Routes under /v1 that may be asked for without it.
_BARE = re.compile(
    r"/(chat/completions|completions|embeddings|responses(/.*)?|models(/.*)?"
    r"|messages(/count_tokens)?)"
)
_OF_MODEL = re.compile(
    r"(?:/v1)?/(?:engines|openai/deployments)/(?P<model>.+?)"
    r"/(?P<rest>chat/completions|completions|embeddings|responses)"
)
# What LiteLLM has in front of the routes of a provider or a client.
_MOUNT = re.compile(r"^/(?:openai|anthropic|cursor|queue)(?=/)")
# The last version or API counts: Ollama's client at a base that ends in /v1 asks /v1/api/chat,
# Anthropic's asks /v1/v1/messages, and OpenRouter's and Open WebUI's routes begin with /api.
_BASES = re.compile(r"^(?:/(?:v1|api))+(?=/(?:v1|api|chat/completions)(?:/|$))")
_PROGRAMS = re.compile(r"/(v1|api|health|model|model_group|mcp|metrics)(/.*)?")
_SLASHES = re.compile(r"//+")
# Canonical already, and asked all the time.
_USUAL = frozenset({
    "/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1/completions", "/v1/embeddings",
    "/api/chat", "/api/generate", "/api/embed",
})  # fmt: skip


def canonical(path: str, base: str = "") -> tuple[str, str] | None:
    """Return a path's canonical form and the model in it, or None if no program asks there.

    ``base`` is the prefix of all routes, such as ``/diglot``.
    """
    if base and path.startswith(f"{base}/"):
        path = path.removeprefix(base)
    path = _SLASHES.sub("/", path)
    path = path.rstrip("/") if len(path) > 1 else path
    found = _OF_MODEL.fullmatch(path)
    if found:
        return f"/v1/{found['rest']}", found["model"]
    bare = _BASES.sub("", _MOUNT.sub("", path, count=1), count=1)
    if bare != path and (_BARE.fullmatch(bare) or _PROGRAMS.fullmatch(bare)):
        path = bare
    if _BARE.fullmatch(path):
        path = f"/v1{path}"
    return (path, "") if _PROGRAMS.fullmatch(path) else None


class PathForms:
    """Hands requests on to ``app`` with canonical paths.

    A browser that opens a page is left alone: the interface has a page of models, too.
    """

    def __init__(self, app: ASGIApp, *, base: str = "") -> None:
        self._app = app
        self._base = f"/{base.strip('/')}" if base.strip("/") else ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand one request on."""
        if scope["type"] == "http" and scope["path"] not in _USUAL:
            found = canonical(scope["path"], self._base)
            if found is not None and not _opens_page(found[0], scope):
                scope = {**scope, "path": found[0], "root_path": ""}
                if found[1]:
                    scope[PATH_MODEL] = found[1]
        await self._app(scope, receive, send)


def _opens_page(path: str, scope: Scope) -> bool:
    if scope["method"] not in ("GET", "HEAD") or scope["path"] == path:
        return False
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    return any(name == b"accept" and b"text/html" in value for name, value in headers)
