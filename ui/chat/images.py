"""What an answer would load from elsewhere: nothing until somebody asks for it.

A picture that is asked for is fetched by the app itself, within the addresses and sizes that the
config allows, and is shown from here; so the reader's browser meets no other host.
"""

from __future__ import annotations

import zlib
from base64 import b64decode

import streamlit as st
from yarl import URL

from core.backends.calls.images import Fetcher
from core.chats.service import Service
from core.errors import DiglotError
from ui.widgets.inert import addresses, draws_foreign
from ui.widgets.text import plain
from ui.words import t

__all__ = ["may_draw", "offer_images"]

_MOST = 8
_LOADED = "_loaded_images"
_MOST_LOADED = 20


def offer_images(text: str, service: Service, key: str) -> None:
    """Draw a button for each image of another host, or the image where it was asked for."""
    loaded: dict[str, bytes] = st.session_state.setdefault(_LOADED, {})
    for number, url in enumerate(addresses(text)[:_MOST]):
        place = st.empty()
        if url not in loaded and place.button(
            t("chat.load_image", host=plain(_host(url))),
            key=f"load_image_{key}_{number}",
            icon=":material/image:",
            type="tertiary",
        ):
            try:
                image = service.fleet.call(
                    Fetcher(service.fleet.config.images).fetch(url), timeout=30
                )
            except DiglotError as exc:
                st.warning(plain(exc.message))
                continue
            while len(loaded) >= _MOST_LOADED:
                loaded.pop(next(iter(loaded)))
            loaded[url] = b64decode(image.data)
        if url in loaded:
            place.image(loaded[url])


def may_draw(diagram: str, key: str) -> bool:
    """Tell whether to draw a Mermaid diagram; one that may load something asks first."""
    if not draws_foreign(diagram):
        return True
    asked = f"_draw_{key}_{zlib.crc32(diagram.encode()):08x}"
    if st.session_state.get(asked):
        return True
    if st.button(t("chat.draw_diagram"), key=f"button{asked}", icon=":material/draw:"):
        st.session_state[asked] = True
        return True
    return False


def _host(url: str) -> str:
    try:
        return URL(url).host or ""
    except ValueError:
        return ""
