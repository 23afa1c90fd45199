"""Paths as clients write them, and the route that each means.

LiteLLM answers its routes without ``/v1`` too, under the names that Azure and OpenAI's older API
have for them, and with a model in the path; clients join addresses with a slash too many. Here a
path gets its one right form before anybody looks at it, so that every form has the same guard.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from starlette.types import ASGIApp, Receive, Scope, Send

PATH_MODEL = "diglot.model"
"""Where a scope holds the model that its path names: it takes the place of the body's."""

# What is under /v1 and may be asked without it.
_BARE = re.compile(
    r"/(chat/completions|completions|embeddings|responses(/.*)?|models(/.*)?"
    r"|messages(/count_tokens)?)"
)
_OF_MODEL = re.compile(
    r"(?:/v1)?/(?:engines|openai/deployments)/(?P<model>.+?)"
    r"/(?P<rest>chat/completions|completions|embeddings|responses)"
)
_PROGRAMS = re.compile(r"/(v1|api|health|model|mcp|metrics)(/.*)?")
_SLASHES = re.compile(r"//+")
# Right as they are, and asked all day.
_USUAL = frozenset({
    "/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1/completions", "/v1/embeddings",
    "/api/chat", "/api/generate", "/api/embed",
})  # fmt: skip


def canonical(path: str, base: str = "") -> tuple[str, str] | None:
    """Return the right form of a path and the model in it, or None for no path of a program's.

    ``base`` is what stands in front of everything, as ``/diglot``.
    """
    if base and path.startswith(f"{base}/"):
        path = path.removeprefix(base)
    path = _SLASHES.sub("/", path)
    path = path.rstrip("/") if len(path) > 1 else path
    found = _OF_MODEL.fullmatch(path)
    if found:
        return f"/v1/{found['rest']}", found["model"]
    path = path.removeprefix("/openai") if path.startswith("/openai/v1/") else path
    if _BARE.fullmatch(path):
        path = f"/v1{path}"
    return (path, "") if _PROGRAMS.fullmatch(path) else None


class PathForms:
    """Hands requests on to ``app`` with the right form of their paths.

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
