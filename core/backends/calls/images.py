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
from core.http.address_policy import FetchPolicy
from core.http.guarded_connector import (
    Astray,
    Refused,
    follow,
    guarded_session,
    read_at_most,
)
from core.translation.dialects.shared.content import picture_type
from core.translation.messages import ChatRequest, Image, Message

_AT_ONCE = 4
_INSTEAD = "Send the image as a data: URL"


class Fetcher:
    """Fetches images. ``resolver`` resolves host names, by default that of the system."""

    def __init__(
        self, policy: FetchPolicy | None = None, *, resolver: AbstractResolver | None = None
    ) -> None:
        self._policy = policy or FetchPolicy()
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
                guarded_session(self._policy, self._resolver, accept="image/*") as session,
                follow(session, "GET", URL(url)) as reply,
            ):
                data = await self._read(reply, path)
        except Refused as exc:
            raise _refused(str(exc), path) from exc
        except Astray as exc:
            raise _error("image_not_found", str(exc), path) from exc
        except TimeoutError as exc:
            raise _error("image_timeout", "the image took too long to come", path) from exc
        except (aiohttp.ClientError, OSError, ValueError) as exc:
            raise _error("image_not_found", "the image could not be fetched", path) from exc
        kind = picture_type(data)
        if not kind:
            words = "there is no picture at the address (PNG, JPEG, GIF, WebP or BMP)"
            raise _error("image_no_picture", words, path)
        return Image(data=b64encode(data).decode(), media_type=kind)

    async def _read(self, reply: aiohttp.ClientResponse, path: str) -> bytes:
        if reply.status != 200:
            raise _error("image_not_found", f"the image's server said {reply.status}", path)
        if reply.headers.get("content-encoding", "identity") != "identity":
            raise _error("image_no_picture", "the image came compressed once more", path)
        data = await read_at_most(reply, self._policy.max_bytes)
        if data is None:
            words = f"the image is larger than {self._policy.max_bytes} bytes"
            raise _error("image_too_large", words, path)
        return data


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
