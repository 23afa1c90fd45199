"""Reads bodies of Ollama's own API as Ollama does, and writes them so that they mean one thing.

Ollama is written in Go. It reads the first JSON value of a body and nothing behind it, and finds
a field whatever the case of its letters (encoding/json: Decoder.Decode, Unmarshal; tried with
Ollama 0.17.4); of two spellings the later one counts. Each key is written as the API has it, so
that no second spelling of ``model`` tells the backend another thing than was checked here.
OpenAI's and Anthropic's APIs tell keys apart by case, so their bodies are not touched.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from core.errors import InvalidRequest
from core.translation.codec.json import JSON_ERRORS, decode_json, encode_json
from core.translation.conversions.incoming import read_plain
from core.translation.report.leaves import pattern_tree

# A key with a capital, or with one of the two letters that Go takes for s and k.
_ODD_KEY = re.compile(rb'"[a-z_]{0,30}(?:[A-Z]|\xc5\xbf|\xe2\x84\xaa)[^"\\]{0,60}"\s{0,9}:')
# Fields of the routes that manage models (Ollama docs/api.md, 0.33).
_MANAGED = frozenset({"model", "name", "source", "destination", "from", "stream", "insecure",
                      "quantize", "files", "adapters", "template", "license", "system",
                      "parameters", "messages", "verbose", "username", "password"})  # fmt: skip
# A map in Go, not a struct: there the case of a key counts.
_MAPS = frozenset({"options"})
_VALUE = msgspec.json.Decoder(msgspec.Raw)


def is_exact(body: bytes, dialect: str) -> bool:
    """Tell whether a body of the native ``dialect`` is one JSON value, its keys in lower case."""
    plain = read_plain(dialect, body) is not None
    return plain or (_ODD_KEY.search(body) is None and _is_one(body))


def exact(body: bytes, dialect: str) -> bytes:
    """Return a body of the native ``dialect`` as one JSON value, each key as the API writes it.

    What is no JSON is returned as it is, for its reader to say so.
    """
    if is_exact(body, dialect):
        return body
    if not _is_one(body):
        body = _first(body)
    if _ODD_KEY.search(body) is None:
        return body
    try:
        found = decode_json(body)
    except InvalidRequest:
        return body
    if not isinstance(found, dict):
        return body
    known = {key: key for key in _MANAGED if key not in pattern_tree(dialect).children}
    folded = _folded(_renamed(found, known), pattern_tree(dialect))
    return body if folded == found else encode_json(folded)


def _is_one(body: bytes) -> bool:
    try:
        _VALUE.decode(body)
    except JSON_ERRORS:
        return False
    return True


def _first(body: bytes) -> bytes:
    """Return the first JSON value of a body, and all of a body that begins with none."""
    text = body.decode("utf-8", "surrogateescape")
    start = len(text) - len(text.lstrip(" \t\r\n"))
    try:
        _, end = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return body
    return text[:end].encode("utf-8", "surrogateescape")


def _folded(value: Any, node: Any) -> Any:
    if node.opaque:
        return value
    if isinstance(value, list) and node.item is not None:
        return [_folded(item, node.item) for item in value]
    if not isinstance(value, dict):
        return value
    renamed = _renamed(value, node.children)
    return {
        key: _folded(item, node.children[key])
        if key in node.children and key not in _MAPS
        else item
        for key, item in renamed.items()
    }


def _renamed(body: dict[str, Any], known: Any) -> dict[str, Any]:
    """Return an object with each key that is known but for its case under its own name."""
    found: dict[str, Any] = {}
    for key, item in body.items():
        folded = key.casefold()
        found[folded if folded in known else key] = item
    return found
