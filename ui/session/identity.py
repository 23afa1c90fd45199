"""Identifies a browser by a random cookie.

Without sign-in, chats belong to the browser that made them. The cookie is HttpOnly, so no
script can read it, and SameSite=Lax, so no other site can act with it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

import streamlit as st
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "diglot_owner"
_SIGNED_IN = "_streamlit_user"
_YEAR = 365 * 24 * 3600
_VALID = re.compile(r"[\w-]{43}", re.ASCII)


class IdentityMiddleware:
    """Gives every browser its cookie with the first page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; add the cookie to HTML that goes to a browser without one."""
        if scope["type"] != "http" or _known(scope):
            await self._app(scope, receive, send)
            return

        await self._app(scope, receive, with_page_header(send, _new_cookie(scope)))


def browser_owner() -> str:
    """Return the browser's owner id; without cookies it is a new one on each visit."""
    cookie = st.context.cookies.get(COOKIE, "")
    if _VALID.fullmatch(cookie):
        return cookie
    return str(st.session_state.setdefault("_owner", secrets.token_urlsafe(32)))


def browser_mark(cookies: Mapping[str, str]) -> str:
    """Return what tells this browser, and who has signed in there, from all others.

    Streamlit keeps a sign-in in cookies of this name, a long one in several.
    """
    marks = sorted(n for n in cookies if n == COOKIE or n.startswith(_SIGNED_IN))
    return "\n".join(f"{name}={cookies[name]}" for name in marks)


def _known(scope: Scope) -> bool:
    for name, value in scope["headers"]:
        if name == b"cookie":
            try:
                cookies = SimpleCookie(value.decode("latin-1"))
            except CookieError:
                return False
            return COOKIE in cookies and bool(_VALID.fullmatch(cookies[COOKIE].value))
    return False


def with_page_header(send: Send, header: tuple[bytes, bytes]) -> Send:
    """Return ``send`` with one more header of each page, and of nothing else."""

    async def with_header(message: Message) -> None:
        if message["type"] == "http.response.start" and _is_page(message):
            message = {**message, "headers": [*message["headers"], header]}
        await send(message)

    return with_header


def _is_page(message: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/html")
        for name, value in message["headers"]
    )


def _new_cookie(scope: Scope) -> tuple[bytes, bytes]:
    secure = "; Secure" if scope.get("scheme") == "https" else ""
    value = secrets.token_urlsafe(32)
    cookie = f"{COOKIE}={value}; Path=/; Max-Age={_YEAR}; HttpOnly; SameSite=Lax{secure}"
    return b"set-cookie", cookie.encode()
