"""The OpenAPI document of all routes, and an HTML page of it, both generated from tables."""

from __future__ import annotations

from functools import partial
from typing import Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from core.gateway.call import GatewayState
from core.gateway.gate import GatedRoute, handled
from core.translation.dialects.api import Operation
from core.translation.dialects.registry import APIS
from core.translation.dialects.shared.operations import COUNT, TEXT
from core.words import languages, say

_HEALTH = "Health and metrics"

_OF_THE_SERVER = (
    Operation("get", "/health/liveliness", "Whether the server runs; needs no key"),
    Operation("get", "/health/liveness", "The same"),
    Operation("get", "/health/readiness", "Whether it can answer; needs no key"),
    Operation("get", "/health", "How each deployment is; loads no model"),
    Operation("get", "/model/info", "The deployments"),
    Operation("get", "/v1/model/info", "The same"),
    Operation("get", "/model_group/info", "The names of models, each with its providers"),
    Operation("get", "/metrics", "Counts for Prometheus"),
)

_EXCHANGES = "Exchanges"

_OF_EXCHANGES = (
    Operation(
        "get", "/diglot/exchanges",
        "What was asked with this key, newest first, with the number of rows of each outcome",
        query={"limit": COUNT, "before": TEXT, "model": TEXT, "status": TEXT, "dialect": TEXT,
               "path": TEXT, "text": TEXT},
    ),
    Operation("get", "/diglot/exchanges/{id}", "One exchange: both sides, without secrets"),
    Operation(
        "get", "/diglot/exchanges/{id}/report",
        "What became of each field: outcome, paths, values and the reason in words",
        query={"lang": TEXT},
    ),
)  # fmt: skip


class Section(Struct, frozen=True):
    """The routes of one API, or of the server's own, and the type of their streams."""

    title: str
    operations: tuple[Operation, ...]
    stream_type: str = ""


def sections() -> list[Section]:
    """Return every route that a program may ask."""
    found = [Section(a.label, a.operations, a.dialects[0].stream_type) for a in APIS.values()]
    return [*found, Section(_EXCHANGES, _OF_EXCHANGES), Section(_HEALTH, _OF_THE_SERVER)]


def document() -> dict[str, Any]:
    """Return the document, as OpenAPI 3.1 wants it."""
    paths: dict[str, Any] = {}
    found = sections()
    for section in found:
        for one in section.operations:
            paths.setdefault(one.path, {})[one.method] = _operation(one, section)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Diglot",
            "version": "1",
            "description": "Ollama's API, OpenAI's and Anthropic's over the same models. Fields "
            "that are not named here are taken as each API has them.",
        },
        "security": [{"bearer": []}, {"x-api-key": []}, {"api-key": []}],
        "tags": [{"name": section.title} for section in found],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "x-api-key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
                "api-key": {"type": "apiKey", "in": "header", "name": "api-key"},
            }
        },
    }


def docs_routes(gateway_state: GatewayState) -> list[GatedRoute]:
    """Return the routes of the document and of the page."""

    async def send_document(request: Request, body: bytes) -> Response:
        return JSONResponse(document())

    async def send_page(request: Request, body: bytes) -> Response:
        # No external resources, and no scripts.
        safe = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"}
        return HTMLResponse(_page(), headers=safe)

    get = partial(handled, gateway_state, free=True)
    return [get("/openapi.json", send_document), get("/docs", send_page)]


def _operation(one: Operation, section: Section) -> dict[str, Any]:
    content: dict[str, Any] = {"application/json": {"schema": {}}}
    if one.streams:
        content[section.stream_type] = {"schema": {"type": "string"}}
    found: dict[str, Any] = {
        "summary": one.summary,
        "operationId": f"{one.method}{one.path}".translate(str.maketrans("/{}.", "____")),
        "tags": [section.title],
        "responses": {
            "200": {"description": "The answer", "content": content},
            "default": {"description": "An error, in the words of this API"},
        },
    }
    if "{" in one.path:
        name = one.path.partition("{")[2].partition("}")[0]
        found["parameters"] = [{"name": name, "in": "path", "required": True, "schema": TEXT}]
    if one.query:
        found.setdefault("parameters", []).extend(
            {"name": name, "in": "query", "schema": schema} for name, schema in one.query.items()
        )
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
    from html import escape  # its table of entities takes half a megabyte

    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width'><title>Diglot: routes</title>",
        f"<style>{_STYLE}</style><h1>Diglot: {' · '.join(_said('title').values())}</h1>",
        *(f"<p lang={code}>{text}</p>" for code, text in _said("intro").items()),
    ]
    for section in sections():
        parts.append(f"<h2>{escape(section.title)}</h2><table>")
        for one in section.operations:
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
