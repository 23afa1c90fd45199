"""Reads Python programs that call a model with requests, httpx, openai, anthropic or ollama.

They are parsed with ``ast`` and never run. Arguments that are not literal are left out and
reported.
"""

from __future__ import annotations

import ast
import json
from typing import Any

from core.exchanges.masking import mask_headers, mask_url
from core.inspector.paste.piece import Piece, Unreadable, is_bounded
from core.inspector.paste.python_literals import Names, NotLiteral
from core.inspector.paste.sniff import dialect_at, tell_request
from core.note import Note
from core.translation.codec.json import json_or_none

_SYNTAX = Note("paste.python.syntax")
_NOTHING = Note("paste.python.nothing")
_UNKNOWN = Note("paste.python.unknown")
_QUIET = Note("paste.python.quiet")

_OPENAI_METHODS = {
    "chat.completions.create": "/chat/completions",
    "chat.completions.parse": "/chat/completions",
    "chat.completions.stream": "/chat/completions",
    "completions.create": "/completions",
    "embeddings.create": "/embeddings",
    "responses.create": "/responses",
    "messages.create": "/v1/messages",
    "messages.stream": "/v1/messages",
}
_OLLAMA_METHODS = {
    "chat": ("/api/chat", ("model", "messages")),
    "generate": ("/api/generate", ("model", "prompt")),
    "embed": ("/api/embed", ("model", "input")),
    "embeddings": ("/api/embeddings", ("model", "prompt")),
}
_POSTS = ("post", "request", "stream", "put")
# Arguments of the SDKs that are no part of the body.
_APART = ("extra_headers", "extra_query", "extra_body", "timeout", "response_model")
_BASES = ("base_url", "host", "api_base", "azure_endpoint")
_DEFAULT = {"openai": "https://api.openai.com/v1", "anthropic": "https://api.anthropic.com",
            "ollama": "http://localhost:11434"}  # fmt: skip


def looks_like_python(text: str) -> bool:
    """Tell whether a text may be such a program."""
    signs = ("import ", "requests.", "httpx.", "ollama.", ".create(", "json=", "Client(")
    return any(sign in text for sign in signs)


def read_python(text: str) -> list[Piece]:
    """Return one piece for each request in a program. Raises Unreadable with line and column."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as exc:
        line, column = getattr(exc, "lineno", 1) or 1, getattr(exc, "offset", 1) or 1
        why = getattr(exc, "msg", str(exc))
        raise Unreadable(_SYNTAX.fill(why=why), line=line, column=max(column, 1)) from exc
    reader = _Reader()
    reader.visit(tree)
    if not reader.pieces:
        raise Unreadable(_NOTHING)
    return reader.pieces


class _Reader(ast.NodeVisitor):
    """Goes through a program from top to bottom."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self._names = Names()
        self._clients: dict[str, tuple[str, str]] = {}

    def visit_Assign(self, node: ast.Assign) -> None:
        """Record the value of a name."""
        for target in node.targets:
            self._client(target, node.value)
            self._names.assign(target, node.value)
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Record the value of an annotated name."""
        if node.value is not None:
            self._client(node.target, node.value)
            self._names.assign(node.target, node.value)
        self.generic_visit(node)

    def visit_withitem(self, node: ast.withitem) -> None:
        """Record a client that is opened by ``with``."""
        if node.optional_vars is not None:
            self._client(node.optional_vars, node.context_expr)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        """Check whether a call is a request to a model."""
        self._names.change(node)
        piece = self._sdk(node) or self._ollama(node) or self._http(node)
        if piece is not None:
            self.pieces.append(piece)
        self.generic_visit(node)

    def _client(self, target: ast.expr, value: ast.expr) -> None:
        if not isinstance(value, ast.Call):
            return
        kind = ast.unparse(value.func)
        base = ""
        for keyword in value.keywords:
            if keyword.arg in _BASES:
                base = self._text(keyword.value)
        if not base and kind.endswith("Client") and value.args:
            base = self._text(value.args[0])
        self._clients[ast.unparse(target)] = (kind, base)

    def _sdk(self, node: ast.Call) -> Piece | None:
        whole = ast.unparse(node.func)
        for method, path in _OPENAI_METHODS.items():
            if not whole.endswith(f".{method}"):
                continue
            owner = whole.removesuffix(f".{method}").split(".with_")[0]
            owner = owner.removesuffix(".beta").removesuffix(".chat")
            if whole.endswith("chat.completions.create") and method == "completions.create":
                continue
            base = self._clients.get(owner, ("", ""))[1]
            maker = "anthropic" if method.startswith("messages") else "openai"
            base = (base or _DEFAULT[maker]).rstrip("/")
            body, notes = self._keywords(node)
            if method.endswith(".stream"):
                body["stream"] = True
            return self._piece(node, base + path, body, notes)
        return None

    def _ollama(self, node: ast.Call) -> Piece | None:
        if not isinstance(node.func, ast.Attribute) or node.func.attr not in _OLLAMA_METHODS:
            return None
        owner = ast.unparse(node.func.value)
        kind, base = self._clients.get(owner, ("", ""))
        direct = owner == "ollama" or owner.startswith(("ollama.Client(", "Client("))
        if not direct and not kind.endswith("Client"):
            return None
        path, names = _OLLAMA_METHODS[node.func.attr]
        body, notes = self._keywords(node)
        for name, argument in zip(names, node.args, strict=False):
            body = {name: self._known(argument, name, notes), **body}
        body = {name: value for name, value in body.items() if value is not _LEFT_OUT}
        if node.func.attr in ("chat", "generate") and "stream" not in body:
            body["stream"] = False
            notes.append(_QUIET)
        base = (base or _DEFAULT["ollama"]).rstrip("/")
        return self._piece(node, (base if "://" in base else f"http://{base}") + path, body, notes)

    def _http(self, node: ast.Call) -> Piece | None:
        if not isinstance(node.func, ast.Attribute) or node.func.attr not in _POSTS:
            return None
        given = {k.arg: k.value for k in node.keywords if k.arg}
        arguments = list(node.args)
        if node.func.attr in ("request", "stream"):
            arguments = arguments[1:]
        url_node = given.get("url") or (arguments[0] if arguments else None)
        if url_node is None:
            return None
        url = self._text(url_node)
        base = self._clients.get(ast.unparse(node.func.value), ("", ""))[1]
        if base and "://" not in url:
            url = base.rstrip("/") + "/" + url.lstrip("/")
        notes: list[Note] = []
        data = given.get("json") or given.get("data") or given.get("content")
        if data is None and len(arguments) > 1:
            data = arguments[1]
        body = None if data is None else self._known(data, "body", notes)
        if isinstance(body, str):
            body = json_or_none(body)
        if not isinstance(body, dict) and not dialect_at(url):
            return None
        headers: Any = {}
        if "headers" in given:
            headers = self._known(given["headers"], "headers", [])
        return self._piece(
            node, url, body if isinstance(body, dict) else None, notes,
            headers=headers if isinstance(headers, dict) else {},
        )  # fmt: skip

    def _keywords(self, node: ast.Call) -> tuple[dict[str, Any], list[Note]]:
        body: dict[str, Any] = {}
        notes: list[Note] = []
        for keyword in node.keywords:
            value = self._known(keyword.value, keyword.arg or "**", notes)
            if value is _LEFT_OUT:
                continue
            if keyword.arg is None:
                body.update(value if isinstance(value, dict) else {})
            elif keyword.arg == "extra_body" and isinstance(value, dict):
                body.update(value)
            elif keyword.arg not in _APART:
                body[keyword.arg] = value
        return body, notes

    def _known(self, node: ast.expr, name: str, notes: list[Note]) -> Any:
        try:
            value = self._names.value(node)
            if not is_bounded(value):
                raise NotLiteral(node)
            return _as_json(value)
        except NotLiteral as exc:
            if isinstance(node, ast.Dict):
                return self._part_of(node, notes)
            notes.append(_UNKNOWN.fill(name=f"{name} ({exc})", line=exc.line))
            return _LEFT_OUT

    def _part_of(self, node: ast.Dict, notes: list[Note]) -> dict[str, Any]:
        """Return the literal part of a dict."""
        found: dict[str, Any] = {}
        for key, item in zip(node.keys, node.values, strict=True):
            name = key.value if isinstance(key, ast.Constant) else None
            if isinstance(name, str):
                value = self._known(item, name, notes)
                if value is not _LEFT_OUT:
                    found[name] = value
        return found

    def _text(self, node: ast.expr) -> str:
        try:
            value = self._names.value(node)
        except NotLiteral:
            return ""
        return value if isinstance(value, str) else ""

    def _piece(
        self,
        node: ast.Call,
        url: str,
        body: dict[str, Any] | None,
        notes: list[Note],
        *,
        headers: dict[Any, Any] | None = None,
    ) -> Piece:
        shown = mask_headers((str(k), str(v)) for k, v in (headers or {}).items())
        return Piece(
            kind="python",
            dialect=dialect_at(url) or (tell_request(body) if body else ""),
            url=mask_url(url),
            headers=shown,
            request=body,
            line=node.lineno,
            notes=tuple(notes),
        )


_LEFT_OUT = object()


def _as_json(value: Any) -> Any:
    """Return a copy in JSON's own types, as the program's library would write it."""
    if isinstance(value, dict):
        return {_key(key): _as_json(item) for key, item in value.items()}
    return [_as_json(item) for item in value] if isinstance(value, list | tuple) else value


def _key(key: Any) -> str:
    return key if isinstance(key, str) else json.dumps(key)
