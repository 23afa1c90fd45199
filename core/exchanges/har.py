"""Exchanges as a HAR file (HTTP Archive 1.2), which browsers and proxies can open.

Each request is one entry: first that of the client, then those to backends. Data without a HAR
field is under names that begin with ``_``, as the format allows.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from core.exchanges.exchange import Exchange
from core.exchanges.masking import mask_url
from core.exchanges.wire import Wire
from core.translation.stamp import rfc3339

_MILLISECOND = 1_000_000
_HERE = "http://localhost"
_THERE = "http://the-models-server"
"""Stands for a backend whose address is not to be known."""


def to_har(exchanges: Iterable[Exchange], *, origin: str = _HERE) -> dict[str, Any]:
    """Return the JSON of the file. ``origin`` is the address of Diglot itself."""
    entries = [
        _entry(exchange, wire, origin, side="client" if place == 0 else "backend")
        for exchange in exchanges
        for place, wire in enumerate((exchange.client, *exchange.backend))
    ]
    entries.sort(key=lambda entry: entry["startedDateTime"])
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "Diglot", "version": "1"},
            "pages": [],
            "entries": entries,
        }
    }


def _entry(exchange: Exchange, wire: Wire, origin: str, *, side: str) -> dict[str, Any]:
    first = wire.chunks[0][0] if wire.chunks else exchange.ended or exchange.started
    last = wire.chunks[-1][0] if wire.chunks else first
    wait = max(first - exchange.started, 0) / _MILLISECOND
    receive = max(last - first, 0) / _MILLISECOND
    return {
        "startedDateTime": rfc3339(exchange.started)[:23] + "Z",
        "time": wait + receive,
        "request": _request(wire, origin if side == "client" else _THERE),
        "response": _response(wire),
        "cache": {},
        "timings": {"send": 0, "wait": wait, "receive": receive},
        "_id": exchange.id,
        "_side": side,
        "_dialect": wire.dialect,
        "_model": exchange.model,
        "_cut": wire.cut,
        "_chunks": [
            {"time": (now - exchange.started) / _MILLISECOND, "bytes": len(data)}
            for now, data in wire.chunks
        ],
    }


def _request(wire: Wire, origin: str) -> dict[str, Any]:
    url = mask_url((wire.url or origin).rstrip("/") + wire.path)
    return {
        "method": "POST",
        "url": url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(wire.headers),
        "queryString": _query(url),
        "postData": {
            "mimeType": "application/json",
            "params": [],
            "text": wire.request.decode("utf-8", "replace"),
        },
        "headersSize": -1,
        "bodySize": wire.request_bytes,
    }


def _response(wire: Wire) -> dict[str, Any]:
    body = wire.response
    mime = dict(wire.answered).get("content-type", "application/json")
    return {
        "status": wire.status,
        "statusText": _words(wire.status),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(wire.answered),
        "content": {
            "size": wire.answer_bytes,
            "mimeType": mime,
            "text": body.decode("utf-8", "replace"),
        },
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": wire.answer_bytes,
    }


def _headers(headers: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _query(url: str) -> list[dict[str, str]]:
    pairs = (pair.partition("=") for pair in urlsplit(url).query.split("&") if pair)
    return [{"name": name, "value": value} for name, _, value in pairs]


def _words(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
