"""Before and after: one request as a program for Ollama's native API sends it, and as one for
OpenAI's API does, made from a real request.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from core.errors import DiglotError
from core.exchanges.snippets import snippet
from core.translation.dialects.registry import DIALECTS
from core.translation.fields.chat import EXTENSIONS
from core.translation.report.report import explain_request
from core.translation.translate import translate_request

_LONGEST = 24
_MOST = 2


class Half(Struct, frozen=True, kw_only=True):
    """One side: where it is sent, its body, the body's shape, and the code that sends it."""

    dialect: str
    path: str
    body: dict[str, Any]
    shape: Any
    library: str
    code: str


class Contrast(Struct, frozen=True, kw_only=True):
    """Both sides. ``changed`` are the native paths that are written differently for OpenAI's API,
    ``lost`` those that it does not support.
    """

    native: Half
    openai: Half
    changed: tuple[str, ...]
    lost: tuple[str, ...]


def contrast(body: dict[str, Any], *, dialect: str, origin: str) -> Contrast:
    """Return a request of any chat dialect as a native and as an OpenAI program sends it.

    A single question goes to /api/generate, as one prompt; conversations and tools go to /api/chat.
    ``origin`` is the server's. Raises DiglotError for a broken request.
    """
    native = _half(*_native(body, dialect), origin, "requests")
    openai = _half("openai", _in(body, dialect, "openai"), origin, "openai")
    rows = explain_request(
        native.body,
        openai.body,
        source=native.dialect,
        target="openai",
        accepts=EXTENSIONS["diglot"],
    )
    changed = ("renamed", "retyped")
    return Contrast(
        native=native,
        openai=openai,
        changed=tuple(row.path for row in rows if row.path and row.outcome in changed),
        lost=tuple(row.path for row in rows if row.path and row.outcome == "dropped"),
    )


def shape(value: Any, *, depth: int = 3) -> Any:
    """Return a value with long texts, long lists and deep levels cut to "…"."""
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else value[: _LONGEST - 4] + "…"
    if isinstance(value, dict):
        return {key: shape(item, depth=depth - 1) for key, item in value.items()} if depth else "…"
    if isinstance(value, list):
        cut = [shape(item, depth=depth) for item in value[:_MOST]]
        return [*cut, "…"] if len(value) > _MOST else cut
    return value


def _native(body: dict[str, Any], dialect: str) -> tuple[str, dict[str, Any]]:
    """Return the native route for this request, and its body."""
    if dialect in ("ollama", "generate"):
        return dialect, dict(body)
    chat = _in(body, dialect, "ollama")
    messages = chat["messages"]
    if len(messages) != 1 or messages[0]["role"] != "user" or chat.get("tools"):
        return "ollama", chat
    (question,) = messages
    images = {"images": question["images"]} if question.get("images") else {}
    rest = {key: value for key, value in chat.items() if key not in ("model", "messages")}
    prompt = {"model": chat["model"], "prompt": question.get("content", ""), **images, **rest}
    return "generate", prompt


def _in(body: dict[str, Any], source: str, target: str) -> dict[str, Any]:
    if source == target:
        return dict(body)
    return translate_request(body, source=source, target=target, accepts=EXTENSIONS["diglot"])


def _half(dialect: str, body: dict[str, Any], origin: str, way: str) -> Half:
    path = DIALECTS[dialect].path
    try:
        code = snippet(way, body, path=path, origin=origin)
    except DiglotError:
        code = ""
    return Half(dialect=dialect, path=path, body=body, shape=shape(body), library=way, code=code)
