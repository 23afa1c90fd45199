"""A file before it is sent: what the model will get of it, and about how many tokens that takes."""

from __future__ import annotations

from msgspec import Struct

from core.chats.transfer.attachments import read_file
from core.tokens import about_tokens
from core.translation.messages import Text
from core.words import say


class PreviewView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``about`` is what kind of file it is and how long; ``cut`` says what of it is not sent.

    An image has no ``text``: it is sent as it is.
    """

    about: str
    text: str = ""
    cut: str = ""


def preview_file(name: str, data: bytes, language: str) -> PreviewView:
    """Return what is sent of a file. Blocks; raises FileRefused."""
    read = read_file(name, data)
    about = read.what.text(language)
    if isinstance(read.part, Text):
        count = f"{about_tokens(read.part.text):,}"
        about += f" · {say('files.tokens', language, {'count': count})}"
    return PreviewView(
        about=about, text=read.text, cut=read.cut.text(language) if read.cut is not None else ""
    )
