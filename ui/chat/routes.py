"""What the chat page's script in the browser asks: chats, deeds, and answers as they grow.

Each request shows the ticket that the page gave it (core.chats.feed.tickets); OriginGuard stands
in front and keeps pages of other sites out. The files of the script itself are for everybody.
"""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from core.backends.calls.images import Fetcher
from core.chats.feed.acting import act, read_asked
from core.chats.feed.growth import event_of, follow, places
from core.chats.feed.listing import LISTED, change_line, find_chats, list_chats
from core.chats.feed.offered import offer_models
from core.chats.feed.preview import preview_file
from core.chats.feed.shown import SHOWN, show_chat
from core.chats.feed.tickets import Tickets
from core.chats.feed.view import Viewer, foreign_images
from core.chats.feed.wire_rows import follow_rows
from core.chats.service import current_service
from core.documents.pictures import check_pixels
from core.documents.values import FileRefused
from core.error_kinds import error_facts
from core.errors import AccessDenied, DiglotError, InvalidRequest
from core.gateway.gate import read_body
from core.translation.codec.json import encode_json
from core.translation.messages import Image, text_of
from core.words import DEFAULT, languages
from ui.session.identity import browser_mark

ASSETS = Path(__file__).parent / "bundle"
"""The script as it is built from web/, and its licences."""

_ICON = Path(__file__).parent / "icon.svg"

tickets = Tickets()

_MOST = 2000
_TYPED = 200
_KINDS = {".js": "text/javascript", ".css": "text/css", ".txt": "text/plain"}
_STREAM = {"cache-control": "no-store", "x-accel-buffering": "no"}

Handler = Callable[[Request, str], Awaitable[Response]]


def home() -> str:
    """Return where the routes are, on this server."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}/ui" if base else "/ui"


def entry_script() -> str:
    """Return the name of the script that draws the parts, in ``ASSETS``."""
    return (ASSETS / "entry.txt").read_text().strip()


def chat_routes() -> list[Route]:
    """Return the routes."""
    base = home()
    return [
        Route(f"{base}/assets/{{name}}", _asset, methods=["GET"]),
        Route(f"{base}/manifest.webmanifest", _manifest, methods=["GET"]),
        Route(f"{base}/icon.svg", _icon, methods=["GET"]),
        Route(f"{base}/files", _ticketed(_file), methods=["POST"]),
        Route(f"{base}/models", _ticketed(_models), methods=["GET"]),
        Route(f"{base}/chats", _ticketed(_list), methods=["GET"]),
        Route(f"{base}/chats/{{chat}}", _ticketed(_change), methods=["PATCH"]),
        Route(f"{base}/chats/{{chat}}", _ticketed(_chat), methods=["GET"]),
        Route(f"{base}/chats/{{chat}}", _ticketed(_act), methods=["POST"]),
        Route(f"{base}/chats/{{chat}}", _ticketed(_stop), methods=["DELETE"]),
        Route(f"{base}/chats/{{chat}}/answers", _ticketed(_answers), methods=["GET"]),
        Route(
            f"{base}/messages/{{message}}/parts/{{place:int}}", _ticketed(_part), methods=["GET"]
        ),
        Route(f"{base}/messages/{{message}}/wire", _ticketed(_wire), methods=["GET"]),
        Route(
            f"{base}/messages/{{message}}/images/{{number:int}}", _ticketed(_load), methods=["GET"]
        ),
    ]


def _ticketed(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        ticket = request.headers.get("x-diglot-ticket", "")
        holder = tickets.holder(ticket, browser_mark(request.cookies))
        request.state.operator = holder is not None and holder.operator
        try:
            if holder is None:
                raise AccessDenied("the ticket is not good any more", code="ticket", status=401)
            return await handler(request, holder.owner)
        except DiglotError as error:
            viewer, facts = _viewer(request), error_facts(error)
            if isinstance(error, FileRefused):
                facts["message"] = error.note.text(viewer.language)
            view = viewer.fault(facts)
            return _json({"code": error.code, "fault": view}, error.status)

    return answer


async def _asset(request: Request) -> Response:
    name = request.path_params["name"]
    path = ASSETS / name
    if path.parent != ASSETS or path.suffix not in _KINDS or not path.is_file():
        return Response(status_code=404)
    # A file's name has its contents in it, so it never changes.
    headers = {"cache-control": "public, max-age=31536000, immutable"}
    return FileResponse(path, media_type=_KINDS[path.suffix], headers=headers)


async def _manifest(request: Request) -> Response:
    """Return what lets a browser install the pages as an app (W3C, Web Application Manifest)."""
    start = f"{home().removesuffix('/ui')}/"
    about = {
        "name": "Diglot",
        "short_name": "Diglot",
        "start_url": start,
        "scope": start,
        "display": "standalone",
        "background_color": "#fcfcfa",
        "theme_color": "#2f6f6a",
        "icons": [{"src": f"{home()}/icon.svg", "sizes": "any", "type": "image/svg+xml"}],
    }
    return Response(encode_json(about), media_type="application/manifest+json")


async def _icon(request: Request) -> Response:
    headers = {"cache-control": "public, max-age=86400"}
    return FileResponse(_ICON, media_type="image/svg+xml", headers=headers)


async def _file(request: Request, owner: str) -> Response:
    """Return what a model would be given of the file that is sent."""
    body = await read_body(request.receive, request.headers.raw)
    if body is None:
        return Response(status_code=499)
    name = request.query_params.get("name", "")[:_TYPED]
    return _json(await asyncio.to_thread(preview_file, name, body, _viewer(request).language))


async def _models(request: Request, owner: str) -> Response:
    return _json(
        await asyncio.to_thread(offer_models, current_service(), _viewer(request).language)
    )


async def _list(request: Request, owner: str) -> Response:
    """Return the list of chats, or with ``q`` what a search finds in them."""
    service, language = current_service(), _viewer(request).language
    typed = request.query_params.get("q", "")[:_TYPED]
    if typed:
        return _json(await asyncio.to_thread(find_chats, service, owner, language, typed))
    limit = _number(request, "limit") or LISTED
    return _json(await asyncio.to_thread(list_chats, service, owner, language, limit=limit))


async def _change(request: Request, owner: str) -> Response:
    body = await read_body(request.receive, request.headers.raw)
    if body is None:
        return Response(status_code=499)
    await asyncio.to_thread(change_line, current_service(), owner, _named(request), body)
    return await _list(request, owner)


async def _chat(request: Request, owner: str) -> Response:
    limit = _number(request, "limit") or SHOWN
    view = await asyncio.to_thread(
        show_chat, current_service(), owner, _named(request), _viewer(request), limit=limit
    )
    return _json(view)


async def _act(request: Request, owner: str) -> Response:
    body = await read_body(request.receive, request.headers.raw)
    if body is None:
        return Response(status_code=499)
    viewer, service = _viewer(request), current_service()
    asked = read_asked(body)
    chat = await asyncio.to_thread(act, service, owner, _named(request), asked, viewer.language)
    return await _followed(request, owner, chat, {})


async def _stop(request: Request, owner: str) -> Response:
    await asyncio.to_thread(current_service().stop, owner, _named(request))
    return _json({})


async def _answers(request: Request, owner: str) -> Response:
    seen = {key: value for key, value in request.query_params.items() if len(key) > 8}
    return await _followed(request, owner, _named(request), seen)


async def _followed(request: Request, owner: str, chat: str, seen: dict[str, str]) -> Response:
    """Return the chat as it is and then what its answers gain; what was ``seen`` comes once."""
    service, viewer = current_service(), _viewer(request)
    first = b""
    if not seen:
        limit = _number(request, "limit") or SHOWN
        view = await asyncio.to_thread(show_chat, service, owner, chat, viewer, limit=limit)
        first, seen = event_of("chat", view), places(view)

    async def events() -> AsyncIterator[bytes]:
        yield first
        async for event in follow(service, owner, chat, viewer, seen):
            yield event

    return StreamingResponse(events(), media_type="text/event-stream", headers=_STREAM)


async def _wire(request: Request, owner: str) -> Response:
    """Return the records of an answer's stream as they come, from its beginning."""
    service = current_service()
    message = await asyncio.to_thread(service.store.message, owner, request.path_params["message"])
    running = await asyncio.to_thread(service.jobs.running, owner, message.chat_id)
    job = next((one for one in running if one.message_id == message.id), None)
    rows = follow_rows(service, owner, job)
    return StreamingResponse(rows, media_type="text/event-stream", headers=_STREAM)


async def _part(request: Request, owner: str) -> Response:
    """Return an image that a person has sent."""
    message = await asyncio.to_thread(
        current_service().store.message, owner, request.path_params["message"]
    )
    parts, place = message.message.parts, request.path_params["place"]
    part = parts[place] if place < len(parts) else None
    if not isinstance(part, Image) or not part.data:
        raise InvalidRequest("there is no such image", status=404, code="not_found")
    return _picture(part)


async def _load(request: Request, owner: str) -> Response:
    """Fetch an image of another host that an answer names, since its reader has asked for it.

    The app fetches it, within the addresses and sizes that the config allows, so that the
    reader's browser meets no other host.
    """
    service = current_service()
    message = await asyncio.to_thread(service.store.message, owner, request.path_params["message"])
    urls, number = foreign_images(text_of(message.message)), request.path_params["number"]
    if number >= len(urls):
        raise InvalidRequest("there is no such image", status=404, code="not_found")
    fetch = Fetcher(service.fleet.config.images).fetch(urls[number])
    return _picture(await asyncio.to_thread(service.fleet.call, fetch, timeout=30))


def _picture(image: Image) -> Response:
    # Never a page of its own, whatever its bytes are.
    headers = {"content-disposition": "attachment", "cache-control": "private, max-age=3600"}
    kind = image.media_type if image.media_type.startswith("image/") else "image/png"
    data = b64decode(image.data)
    check_pixels(data)
    return Response(data, media_type=kind, headers=headers)


def _json(value: object, status: int = 200) -> Response:
    headers = {"cache-control": "no-store"}
    return Response(encode_json(value), status, headers, media_type="application/json")


def _viewer(request: Request) -> Viewer:
    wanted = request.headers.get("x-diglot-language", "")
    service = current_service()
    return Viewer(
        language=wanted if wanted in languages() else DEFAULT,
        demo=service.demo,
        addresses=None if request.state.operator else service.addresses,
    )


def _named(request: Request) -> str:
    return str(request.path_params["chat"])


def _number(request: Request, name: str) -> int:
    text = request.query_params.get(name, "")
    return min(int(text), _MOST) if text.isascii() and text.isdigit() and len(text) < 9 else 0
