"""Fetches images by URL, for backends that accept only image data.

The URL comes from a client, so only allowed addresses are connected to
(``core.http.guarded_connector``), redirects are followed one by one, and size and time are limited.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode

import aiohttp
from aiohttp.abc import AbstractResolver
from msgspec.structs import replace
from yarl import URL

from core.errors import InvalidRequest
from core.http.address_policy import ImagePolicy
from core.http.guarded_connector import Refused, guarded_connector
from core.translation.dialects.shared.content import picture_type
from core.translation.messages import ChatRequest, Image, Message

_REDIRECTS = 3
_AT_ONCE = 4
_READ_SIZE = 64 * 1024
_INSTEAD = "Send the image as a data: URL"


class Fetcher:
    """Fetches images. ``resolver`` resolves host names, by default that of the system."""

    def __init__(
        self, policy: ImagePolicy | None = None, *, resolver: AbstractResolver | None = None
    ) -> None:
        self._policy = policy or ImagePolicy()
        self._resolver = resolver

    async def fetch_images(self, request: ChatRequest) -> ChatRequest:
        """Return the request with image URLs replaced by the images.

        Raises InvalidRequest with the image's JSON path.
        """
        wanted: dict[str, str] = {}
        for index, message in enumerate(request.messages):
            for place, part in enumerate(message.parts):
                if isinstance(part, Image) and part.url and not part.data:
                    path = f"messages[{index}].content[{place}].image_url.url"
                    wanted.setdefault(part.url, path)
        if not wanted:
            return request
        turns = asyncio.Semaphore(_AT_ONCE)

        async def one(url: str, path: str) -> Image:
            async with turns:
                return await self.fetch(url, path=path)

        tasks = [asyncio.ensure_future(one(url, path)) for url, path in wanted.items()]
        try:
            images = dict(zip(wanted, await asyncio.gather(*tasks), strict=True))
        finally:
            for task in tasks:
                task.cancel()
        messages = tuple(_with_images(message, images) for message in request.messages)
        return replace(request, messages=messages)

    async def fetch(self, url: str, *, path: str = "") -> Image:
        """Return the image at ``url``. Raises InvalidRequest that names ``path``."""
        if self._policy.address.fetch == "none":
            raise _refused("images are not fetched here", path)
        try:
            async with (
                asyncio.timeout(self._policy.timeout),
                aiohttp.ClientSession(
                    connector=guarded_connector(self._policy.address, self._resolver),
                    cookie_jar=aiohttp.DummyCookieJar(),
                    headers={"user-agent": "Diglot", "accept": "image/*"},
                    auto_decompress=False,
                    trust_env=False,
                ) as session,
            ):
                data = await self._followed(session, url, path)
        except Refused as exc:
            raise _refused(str(exc), path) from exc
        except TimeoutError as exc:
            raise _error("image_timeout", "the image took too long to come", path) from exc
        except (aiohttp.ClientError, OSError, ValueError) as exc:
            raise _error("image_not_found", "the image could not be fetched", path) from exc
        kind = picture_type(data)
        if not kind:
            words = "there is no picture at the address (PNG, JPEG, GIF, WebP or BMP)"
            raise _error("image_no_picture", words, path)
        return Image(data=b64encode(data).decode(), media_type=kind)

    async def _followed(self, session: aiohttp.ClientSession, url: str, path: str) -> bytes:
        place = _checked(URL(url), path)
        for _ in range(_REDIRECTS + 1):
            async with session.get(
                place, allow_redirects=False, headers={"accept-encoding": "identity"}
            ) as reply:
                if reply.status not in (301, 302, 303, 307, 308):
                    return await self._read(reply, path)
                target = reply.headers.get("location", "")
            place = _checked(place.join(URL(target)), path)
        raise _error("image_not_found", "the address leads from one to another too often", path)

    async def _read(self, reply: aiohttp.ClientResponse, path: str) -> bytes:
        if reply.status != 200:
            raise _error("image_not_found", f"the image's server said {reply.status}", path)
        if reply.headers.get("content-encoding", "identity") != "identity":
            raise _error("image_no_picture", "the image came compressed once more", path)
        too_large = _error(
            "image_too_large", f"the image is larger than {self._policy.max_bytes} bytes", path
        )
        if (reply.content_length or 0) > self._policy.max_bytes:
            raise too_large
        data = bytearray()
        async for piece in reply.content.iter_chunked(_READ_SIZE):
            data += piece
            if len(data) > self._policy.max_bytes:
                raise too_large
        return bytes(data)


def _checked(url: URL, path: str) -> URL:
    if url.scheme not in ("http", "https") or not url.host:
        raise _refused("only http and https addresses are fetched", path)
    if url.user or url.password:
        raise _refused("an address with a password is not fetched", path)
    return url


def _with_images(message: Message, images: dict[str, Image]) -> Message:
    if not any(isinstance(part, Image) and part.url in images for part in message.parts):
        return message
    parts = tuple(
        replace(images[part.url], detail=part.detail)
        if isinstance(part, Image) and part.url in images and not part.data
        else part
        for part in message.parts
    )
    return replace(message, parts=parts)


def _refused(why: str, path: str) -> InvalidRequest:
    advice = f"{_INSTEAD}, or allow its host in the config under diglot.images.allow"
    return InvalidRequest(f"{why}. {advice}.", code="image_address_refused", path=path or None)


def _error(code: str, why: str, path: str) -> InvalidRequest:
    return InvalidRequest(f"{why}. {_INSTEAD}.", code=code, path=path or None)
