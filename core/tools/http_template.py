"""A tool as an HTTP request with placeholders, which the arguments of a call fill in.

No I/O. A placeholder is ``{name}``; ``{{`` and ``}}`` are braces. Arguments are escaped for their
position, so an argument cannot add a path segment, header or parameter. A value that is a single
placeholder takes the argument with its type, and is left out where the argument is absent. Scheme,
host and port have no placeholders: a model cannot choose the server.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote, urlencode, urlsplit

from msgspec import Struct, field

from core.errors import InvalidRequest
from core.tools.arguments import ToolArgumentError
from core.translation.codec.json import encode_json

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")

_BLANK = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
_WHOLE = re.compile(r"\{([^{}]+)\}")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# Set by the HTTP client; in a template they could smuggle in a second request.
_NO_HEADERS = frozenset({"host", "content-length", "transfer-encoding", "connection", "upgrade"})


class HttpTemplate(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``url`` may have placeholders after the host; ``body`` is a JSON value with placeholders, or
    a text where ``encoding`` is ``text``. Form bodies are objects.
    """

    url: str
    method: str = "GET"
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    encoding: Literal["json", "form", "text"] = "json"

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise InvalidRequest(f"http.method must be one of {', '.join(METHODS)}", path="method")
        try:
            parts = urlsplit(self.url)
        except ValueError as exc:
            raise InvalidRequest(f"http.url is no address: {exc}", path="url") from exc
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise InvalidRequest("http.url must begin with http:// or https:// and a host",
                                 path="url")  # fmt: skip
        if "{" in parts.netloc or "}" in parts.netloc or "\\" in parts.netloc:
            raise InvalidRequest("the host in http.url must stand there as it is, without blanks",
                                 path="url")  # fmt: skip
        if "@" in parts.netloc:
            raise InvalidRequest("http.url must hold no password; use a header", path="url")
        for name in self.headers:
            if not _HEADER_NAME.fullmatch(name) or name.lower() in _NO_HEADERS:
                raise InvalidRequest(f"http.headers: {name!r} cannot be set", path="headers")


class HttpCall(Struct, frozen=True, kw_only=True):
    """One request ready to be sent; ``content`` is None where there is no body."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes | None = None


def fill(template: HttpTemplate, arguments: Mapping[str, Any]) -> HttpCall:
    """Return the request for these arguments.

    Raises ToolArgumentError for a missing argument that the path needs, and for one that is not
    valid in its position.
    """
    url = _fill_url(template.url, arguments)
    pairs: list[tuple[str, str]] = []
    for name, value in template.query.items():
        filled = _filled(value, arguments)
        pairs += [(name, _plain(v)) for v in (filled if isinstance(filled, list) else [filled])
                  if v is not None]  # fmt: skip
    if pairs:
        url += ("&" if "?" in url else "?") + urlencode(pairs, quote_via=quote)
    headers = {name: _header(name, _filled(v, arguments)) for name, v in template.headers.items()}
    sent = {name: value for name, value in headers.items() if value is not None}
    content, kind = _body(template, arguments)
    if kind and "content-type" not in {name.lower() for name in sent}:
        sent["Content-Type"] = kind
    return HttpCall(method=template.method, url=url, headers=tuple(sent.items()), content=content)


def _fill_url(text: str, arguments: Mapping[str, Any]) -> str:
    parts = urlsplit(text)
    path = _fill_text(parts.path, arguments, _segment)
    query = _fill_text(parts.query, arguments, lambda v: quote(v, safe=""))
    if any(piece in (".", "..") for piece in path.split("/")):
        raise ToolArgumentError("an argument would climb out of the address's path")
    return f"{parts.scheme}://{parts.netloc}{path}{'?' if query else ''}{query}"


def _segment(value: str) -> str:
    if value in ("", ".", ".."):
        raise ToolArgumentError(f"{value!r} cannot stand in the path of an address")
    # Dots are never escaped by quote; two of them beside other text are harmless.
    return quote(value, safe="")


def _body(template: HttpTemplate, arguments: Mapping[str, Any]) -> tuple[bytes | None, str]:
    if template.body is None:
        return None, ""
    value = _filled(template.body, arguments)
    if template.encoding == "text":
        return _plain(value).encode(), "text/plain; charset=utf-8"
    if template.encoding == "form":
        if not isinstance(value, dict):
            raise ToolArgumentError("a form body must be an object")
        pairs = {k: [_plain(x) for x in v] if isinstance(v, list) else _plain(v)
                 for k, v in value.items()}  # fmt: skip
        return urlencode(pairs, doseq=True).encode(), "application/x-www-form-urlencoded"
    return (None, "") if value is None else (encode_json(value), "application/json")


def _filled(value: Any, arguments: Mapping[str, Any]) -> Any:
    """Fill a JSON value; a single placeholder without an argument becomes None and is dropped."""
    if isinstance(value, dict):
        inner = {key: _filled(item, arguments) for key, item in value.items()}
        return {k: v for k, v in inner.items() if v is not None or value[k] is None}
    if isinstance(value, list):
        filled = [_filled(item, arguments) for item in value]
        return [new for new, old in zip(filled, value, strict=True)
                if new is not None or old is None]  # fmt: skip
    if not isinstance(value, str):
        return value
    whole = _WHOLE.fullmatch(value)
    if whole:
        return arguments.get(whole[1])
    return _fill_text(value, arguments, lambda text: text)


def _fill_text(text: str, arguments: Mapping[str, Any], escape: Any) -> str:
    def one(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0][0]
        if arguments.get(match[1]) is None:
            raise ToolArgumentError(f"the argument {match[1]} is needed for the request")
        return str(escape(_plain(arguments[match[1]])))

    return _BLANK.sub(one, text)


def _header(name: str, value: Any) -> str | None:
    if value is None:
        return None
    text = _plain(value)
    if any(ord(c) < 32 or ord(c) == 127 for c in text):
        raise ToolArgumentError(f"the header {name} must be one line without control characters")
    return text


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else encode_json(value).decode()
