"""A text for a bug report: request, servers, versions, report and errors."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import msgspec

from core.backends.fleet import Fleet
from core.errors import DiglotError
from core.exchanges.exchange import Exchange
from core.exchanges.masking import mask_text, mask_url
from core.exchanges.wire import Wire
from core.inspector.reproduction import server_version
from core.translation.codec.json import JSON_ERRORS
from core.translation.stamp import rfc3339

_LAST = 20
_LONGEST_LINE = 500
_LONGEST_BODY = 6000
_PACKAGES = ("streamlit", "starlette", "aiohttp", "msgspec", "uvicorn", "xllamacpp")


async def diagnose(fleet: Fleet, exchange: Exchange) -> str:
    """Return the text, with the version of the Ollama server if there is one."""
    return write_diagnosis(exchange, server=await server_version(fleet, exchange.model))


def write_diagnosis(exchange: Exchange, *, server: str = "") -> str:
    """Return the text in Markdown; every key in it is masked."""
    client = exchange.client
    lines = [
        "## Diglot: one exchange",
        "",
        f"- asked: {rfc3339(exchange.started)[:19]}Z, took {_took(exchange)}",
        f"- by the client: POST {client.path} ({client.dialect}), answered with {client.status}",
        *(
            f"- of the backend: POST {mask_url(wire.url)}{wire.path} ({wire.dialect}), "
            f"answered with {wire.status}"
            for wire in exchange.backend
        ),
        f"- model: {exchange.model}",
        f"- error: {mask_text(exchange.error) or 'none'}",
        f"- server: {server or 'unknown'}",
        f"- Python {platform.python_version()} on {platform.system()} {platform.machine()}; "
        + ", ".join(_versions()),
        *_lost(exchange),
        "",
        "### Request",
        *_fenced(_pretty(client.request)),
    ]
    for wire in (client, *exchange.backend):
        name = "to the client" if wire is client else "of the backend"
        lines += ["", f"### Last lines {name}", *_fenced("\n".join(_last(wire)))]
    return mask_text("\n".join(lines)) + "\n"


def _took(exchange: Exchange) -> str:
    if not exchange.ended:
        return "no end yet"
    return f"{(exchange.ended - exchange.started) / 1e9:.3f} s"


def _versions() -> list[str]:
    found = []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return found


def _lost(exchange: Exchange) -> list[str]:
    try:
        rows = exchange.report()
    except DiglotError as exc:
        return [f"- report: none ({exc.message})"]
    told = [f"{row.path} {row.outcome}" for row in rows if row.outcome in ("dropped", "emulated")]
    return [f"- translation: {', '.join(told[:30]) or 'nothing lost'}"] if rows else []


def _pretty(body: bytes) -> str:
    try:
        text = msgspec.json.format(body, indent=2).decode("utf-8", "replace")
    except JSON_ERRORS:
        text = body.decode("utf-8", "replace")
    return text if len(text) <= _LONGEST_BODY else text[:_LONGEST_BODY] + "\n…"


def _last(wire: Wire) -> list[str]:
    rows = [row for row in wire.response.decode("utf-8", "replace").splitlines() if row.strip()]
    return [
        row if len(row) <= _LONGEST_LINE else row[:_LONGEST_LINE] + "…" for row in rows[-_LAST:]
    ]


def _fenced(text: str) -> list[str]:
    # A fence must be longer than any in the text.
    fence = "```"
    while fence in text:
        fence += "`"
    return [fence, text or "(nothing)", fence]
