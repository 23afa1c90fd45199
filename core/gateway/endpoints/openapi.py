"""The OpenAPI document of all routes, and a page to read it by. Both are made here, of a table."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any, Literal

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from core.words import languages, say

__all__ = ["OPERATIONS", "docs_routes", "document"]

ClientDialect = Literal["openai", "anthropic", "ollama", "health"]

_TEXT: dict[str, Any] = {"type": "string"}
_FLAG: dict[str, Any] = {"type": "boolean"}
_OBJECTS: dict[str, Any] = {"type": "array", "items": {"type": "object"}}
_MESSAGES: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["role", "content"],
        "properties": {
            "role": {"enum": ["system", "user", "assistant", "tool"]},
            "content": {"anyOf": [_TEXT, _OBJECTS]},
        },
    },
}
_COUNT: dict[str, Any] = {"type": "integer", "minimum": 1}
_NUMBER: dict[str, Any] = {"type": "number"}
_ANY_TEXT: dict[str, Any] = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}


class Operation(Struct, frozen=True):
    """One route: what it is for, and the fields of its body that matter most."""

    method: str
    path: str
    client_dialect: ClientDialect
    summary: str
    required: tuple[str, ...] = ()
    fields: dict[str, Any] = {}
    streams: bool = False


_CHAT = {"model": _TEXT, "messages": _MESSAGES, "stream": _FLAG, "temperature": _NUMBER,
         "tools": _OBJECTS}  # fmt: skip
_SAMPLED = {"model": _TEXT, "prompt": _TEXT, "stream": _FLAG}
_NAMED = {"model": _TEXT}

OPERATIONS: Sequence[Operation] = (
    Operation("post", "/v1/chat/completions", "openai", "Answer a conversation",
              ("model", "messages"), {**_CHAT, "max_completion_tokens": _COUNT}, streams=True),
    Operation("post", "/v1/completions", "openai", "Go on with a text",
              ("model", "prompt"), {**_SAMPLED, "max_tokens": _COUNT}, streams=True),
    Operation("post", "/v1/responses", "openai", "Answer, and remember the conversation",
              ("model", "input"), {"model": _TEXT, "input": {"anyOf": [_TEXT, _OBJECTS]},
                                   "previous_response_id": _TEXT, "stream": _FLAG}, streams=True),
    Operation("get", "/v1/responses/{id}", "openai", "A response that is kept"),
    Operation("delete", "/v1/responses/{id}", "openai", "Forget a response"),
    Operation("get", "/v1/responses/{id}/input_items", "openai", "What a response answers"),
    Operation("post", "/v1/embeddings", "openai", "Vectors of texts",
              ("model", "input"), {"model": _TEXT, "input": _ANY_TEXT}),
    Operation("get", "/v1/models", "openai", "All models"),
    Operation("get", "/v1/models/{name}", "openai", "One model"),
    Operation("post", "/v1/messages", "anthropic", "Answer a conversation",
              ("model", "messages", "max_tokens"), {**_CHAT, "max_tokens": _COUNT}, streams=True),
    Operation("post", "/v1/messages/count_tokens", "anthropic", "How many tokens a request has",
              ("model", "messages"), {"model": _TEXT, "messages": _MESSAGES}),
    Operation("post", "/api/chat", "ollama", "Answer a conversation",
              ("model", "messages"), {**_CHAT, "options": {"type": "object"},
                                      "keep_alive": {"anyOf": [_TEXT, _NUMBER]}}, streams=True),
    Operation("post", "/api/generate", "ollama", "Go on with a text",
              ("model", "prompt"), _SAMPLED, streams=True),
    Operation("post", "/api/embed", "ollama", "Vectors of texts",
              ("model", "input"), {"model": _TEXT, "input": _ANY_TEXT}),
    Operation("post", "/api/embeddings", "ollama", "The vector of a text",
              ("model", "prompt"), {"model": _TEXT, "prompt": _TEXT}),
    Operation("get", "/api/tags", "ollama", "All models"),
    Operation("get", "/api/ps", "ollama", "The models in memory"),
    Operation("get", "/api/version", "ollama", "The version of the API"),
    Operation("post", "/api/show", "ollama", "What a model is", ("model",), _NAMED),
    Operation("post", "/api/pull", "ollama", "Fetch a model", ("model",), _NAMED, streams=True),
    Operation("post", "/api/push", "ollama", "Upload a model", ("model",), _NAMED, streams=True),
    Operation("post", "/api/create", "ollama", "Make a model", ("model",),
              {**_NAMED, "from": _TEXT}, streams=True),
    Operation("post", "/api/copy", "ollama", "Copy a model", ("source", "destination"),
              {"source": _TEXT, "destination": _TEXT}),
    Operation("delete", "/api/delete", "ollama", "Delete a model", ("model",), _NAMED),
    Operation("head", "/api/blobs/{digest}", "ollama", "Whether a blob is there"),
    Operation("post", "/api/blobs/{digest}", "ollama", "Upload a blob"),
    Operation("get", "/health/liveliness", "health", "Whether the server runs; needs no key"),
    Operation("get", "/health/liveness", "health", "The same"),
    Operation("get", "/health/readiness", "health", "Whether it can answer; needs no key"),
    Operation("get", "/health", "health", "How each deployment is; loads no model"),
    Operation("get", "/model/info", "health", "The deployments"),
    Operation("get", "/v1/model/info", "health", "The same"),
    Operation("get", "/metrics", "health", "Counts for Prometheus"),
)  # fmt: skip
"""Every route that a program may ask."""

_TITLES: dict[ClientDialect, str] = {
    "openai": "OpenAI",
    "anthropic": "Anthropic",
    "ollama": "Ollama",
    "health": "Health and metrics",
}
_STREAMS: dict[ClientDialect, str] = {
    "openai": "text/event-stream",
    "anthropic": "text/event-stream",
    "ollama": "application/x-ndjson",
    "health": "",
}


def document() -> dict[str, Any]:
    """Return the document, as OpenAPI 3.1 wants it."""
    paths: dict[str, Any] = {}
    for one in OPERATIONS:
        paths.setdefault(one.path, {})[one.method] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Diglot",
            "version": "1",
            "description": "Ollama's API, OpenAI's and Anthropic's over the same models. Fields "
            "that are not named here are taken as each API has them.",
        },
        "security": [{"bearer": []}, {"x-api-key": []}, {"api-key": []}],
        "tags": [{"name": title} for title in _TITLES.values()],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "x-api-key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
                "api-key": {"type": "apiKey", "in": "header", "name": "api-key"},
            }
        },
    }


def docs_routes() -> list[Route]:
    """Return the routes of the document and of the page."""

    async def send_document(request: Request) -> Response:
        return JSONResponse(document())

    async def send_page(request: Request) -> Response:
        # Nothing from elsewhere, and no script at all.
        safe = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"}
        return HTMLResponse(_page(), headers=safe)

    return [
        Route("/openapi.json", send_document, methods=["GET"]),
        Route("/docs", send_page, methods=["GET"]),
    ]


def _operation(one: Operation) -> dict[str, Any]:
    content: dict[str, Any] = {"application/json": {"schema": {}}}
    if one.streams:
        content[_STREAMS[one.client_dialect]] = {"schema": {"type": "string"}}
    found: dict[str, Any] = {
        "summary": one.summary,
        "operationId": f"{one.method}{one.path}".translate(str.maketrans("/{}.", "____")),
        "tags": [_TITLES[one.client_dialect]],
        "responses": {
            "200": {"description": "The answer", "content": content},
            "default": {"description": "An error, in the words of this API"},
        },
    }
    if "{" in one.path:
        name = one.path.partition("{")[2].partition("}")[0]
        found["parameters"] = [{"name": name, "in": "path", "required": True, "schema": _TEXT}]
    if one.fields:
        schema = {
            "type": "object",
            "required": list(one.required),
            "properties": one.fields,
            "additionalProperties": True,
        }
        found["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    return found


_STYLE = """
:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;
margin:2rem auto;padding:0 1rem}code{font:.9em ui-monospace,monospace}
table{border-collapse:collapse;width:100%}td{border-top:1px solid #8885;padding:.4rem .6rem .4rem 0;
vertical-align:top}td:first-child{white-space:nowrap}small{opacity:.75}
@media(max-width:600px){td{display:block;border:0;padding:.1rem 0}
td:first-child{border-top:1px solid #8885;padding-top:.5rem;white-space:normal}}
"""


_HEADERS = ("Authorization: Bearer", "x-api-key", "api-key")


def _said(name: str) -> dict[str, str]:
    """Return a sentence of the page by language."""
    values = {
        "headers": [f"<code>{header}</code>" for header in _HEADERS],
        "document": "<a href=openapi.json>openapi.json</a>",
    }
    return {code: say(f"routes_page.{name}", code, values) for code in languages()}


def _page() -> str:
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width'><title>Diglot: routes</title>",
        f"<style>{_STYLE}</style><h1>Diglot: {' · '.join(_said('title').values())}</h1>",
        *(f"<p lang={code}>{text}</p>" for code, text in _said("intro").items()),
    ]
    for client_dialect, title in _TITLES.items():
        parts.append(f"<h2>{escape(title)}</h2><table>")
        for one in OPERATIONS:
            if one.client_dialect == client_dialect:
                fields = ", ".join(
                    f"<code>{escape(name)}</code>" + ("" if name in one.required else "?")
                    for name in one.fields
                )
                parts.append(
                    f"<tr><td><code>{one.method.upper()} {escape(one.path)}</code>"
                    f"<td>{escape(one.summary)}<br><small>{fields}</small>"
                )
        parts.append("</table>")
    return "".join(parts)
