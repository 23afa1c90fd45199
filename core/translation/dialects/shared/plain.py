"""Plain: a request of texts and of the few settings that every dialect has, read as one value.

Most chats are no more than that. ``PLAIN``, ``PLAIN_CHAT`` and ``PLAIN_MESSAGES`` read such a
body, and refuse every other, which goes the general way. Plain promises that every backend can be
told all of it: nothing is dropped, nothing of the model is needed but words, and the form of the
answer depends on ``stream`` alone. Its texts stay as they came: to read and to write them takes
most of the time of a long request, and nobody has to know them.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

NO_TEXT = b'""'


class _Said(Struct, forbid_unknown_fields=True):
    role: Literal["system", "user", "assistant"]
    content: msgspec.Raw


class Plain(Struct, forbid_unknown_fields=True):
    """A model, texts, and whether to stream. A text is a JSON string; that it is UTF-8 is known."""

    model: Annotated[str, Meta(min_length=1)]
    messages: Annotated[list[_Said], Meta(min_length=1)]
    stream: bool | None = None

    def __post_init__(self) -> None:
        for said in self.messages:
            _check(said.content)


class PlainChat(Plain, forbid_unknown_fields=True):
    """The same with what the sampler is told, in the words of chat completions."""

    temperature: int | float | None = None
    top_p: int | float | None = None
    seed: int | None = None
    max_tokens: int | None = None


class PlainMessages(Plain, forbid_unknown_fields=True, kw_only=True):
    """The same with what the sampler is told, in the words of Anthropic's messages."""

    max_tokens: Annotated[int, Meta(gt=0)]
    system: msgspec.Raw = msgspec.Raw(NO_TEXT)
    temperature: int | float | None = None
    top_p: int | float | None = None

    def __post_init__(self) -> None:
        _check(self.system)
        super().__post_init__()


def _check(text: msgspec.Raw) -> None:
    if memoryview(text)[0] != 0x22:
        raise ValueError("a text is a string")


PLAIN = msgspec.json.Decoder(Plain)
PLAIN_CHAT = msgspec.json.Decoder(PlainChat)
PLAIN_MESSAGES = msgspec.json.Decoder(PlainMessages)
