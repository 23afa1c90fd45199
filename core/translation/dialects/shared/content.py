"""OpenAI's message content: a string, null, or a list of parts.

Images are data URLs there and bare base64 natively, so their type is read from the URL one
way and from the picture's first bytes the other way.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from core.errors import DiglotError, Unsupported
from core.translation.codec.json import read_field, read_object, read_text
from core.translation.dialects.shared.documents import parse_file, words_of
from core.translation.fields.kinds import CALL_PARTS, left_out, part_kind
from core.translation.messages import Audio, Image, Message, Part, Text

_DATA_URL = re.compile(
    r"data:(?P<type>[\w.+-]+/[\w.+-]+)?(?:;[\w=.-]+)*;base64,", re.ASCII | re.IGNORECASE
)

# The first bytes of the formats that Ollama reads; it names no type with a native image.
_SIGNATURES = (
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"RIFF", "image/webp"),
    (b"BM", "image/bmp"),
)


_THOUGHTS = ("thinking", "reasoning")


def parse_content(value: Any, path: str, *, blame: type[DiglotError]) -> tuple[Part, ...]:
    """Return the parts in their order; an empty string and null have none."""

    def read(body: dict[str, Any], place: str) -> tuple[Part, ...]:
        elsewhere = part_kind(body) in (*_THOUGHTS, *CALL_PARTS)
        if elsewhere or left_out("openai", "messages[].content[]", body):
            return ()
        return (parse_part(body, place, blame=blame),)

    return parts_of(value, path, read, blame=blame)


def parts_of(
    value: Any,
    path: str,
    read: Callable[[dict[str, Any], str], Iterable[Part]],
    *,
    blame: type[DiglotError],
) -> tuple[Part, ...]:
    """Return a text as one part, and of a list what ``read`` makes of each object at its path."""
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        return (Text(value),)
    if not isinstance(value, list):
        raise blame(f"{path} must be a string or a list of parts", path=path)
    parts: list[Part] = []
    for index, item in enumerate(value):
        place = f"{path}[{index}]"
        if isinstance(item, str):
            parts.append(Text(item))
        else:
            parts += read(read_object(item, place, blame=blame), place)
    return tuple(parts)


def thinking_of(content: Any) -> str:
    """Return the thinking that some servers put among the parts of an assistant's content."""
    parts = content if isinstance(content, list) else []
    thoughts = [p for p in parts if isinstance(p, dict) and p.get("type") in _THOUGHTS]
    said = [words_of(part.get("thinking") or part.get("text")) for part in thoughts]
    return "\n".join(filter(None, said))


def refuse_empty(last: Message, raw: Any, path: str) -> None:
    """Raise Unsupported where nothing is left of the message that is to be answered.

    ``raw`` is its content as it came, ``path`` where that stands.
    """
    if last.role == "user" and not last.parts and isinstance(raw, list) and raw:
        raise Unsupported(
            f"{path}: no part of this message can be carried here, and nothing else is asked. "
            "Send text, or pictures as base64.",
            path=path,
        )


def read_role(body: dict[str, Any], path: str, *, blame: type[DiglotError]) -> str:
    """Return a message's role in lower case. Unknown ones are kept: a template may have them.

    Where there is none it shows in the rest: who calls is the assistant, what answers a call is
    a tool's, and other words are the user's. Ollama takes such messages too.
    """
    role = read_field(body, "role", path, blame=blame).lower()
    if role:
        return role
    called = body.get("tool_calls") or body.get("function_call")
    answers = body.get("tool_call_id") or body.get("tool_name")
    return "assistant" if called else "tool" if answers else "user"


def dump_content(parts: tuple[Part, ...]) -> Any:
    """Write parts: one text as a string, none as an empty string, else the list."""
    if not parts:
        return ""
    if len(parts) == 1 and isinstance(parts[0], Text):
        return parts[0].text
    return [_dump_part(part) for part in parts]


def parse_part(body: dict[str, Any], path: str, *, blame: type[DiglotError]) -> Part:
    """Read one part of a kind that is carried, of chat completions or of the responses API."""
    match part_kind(body):
        # The first is the API's own name; the others come with replayed Responses items.
        case "text" | "input_text" | "output_text" | "reasoning_text":
            return Text(read_text(body.get("text"), f"{path}.text", blame=blame))
        case "refusal":
            return Text(read_text(body.get("refusal"), f"{path}.refusal", blame=blame))
        case "image_url" | "input_image":
            image = parse_image(body.get("image_url"), f"{path}.image_url", blame)
            detail = read_text(body.get("detail"), f"{path}.detail", blame=blame)
            return replace(image, detail=image.detail or detail)
        case "image":
            return parse_picture(body, path, blame=blame)
        case "input_audio":
            audio = read_object(body.get("input_audio"), f"{path}.input_audio", blame=blame)
            return Audio(
                data=read_text(audio.get("data"), f"{path}.input_audio.data", blame=blame),
                format=read_text(audio.get("format"), f"{path}.input_audio.format", blame=blame),
            )
        case "file":
            inner, place = body["file"], f"{path}.file.file_data"
            return parse_file(inner["file_data"], inner.get("filename"), place, blame=blame)
        case "input_file":
            return parse_file(
                body["file_data"], body.get("filename"), f"{path}.file_data", blame=blame
            )
    raise AssertionError("what is not carried has been left out")


def parse_image(value: Any, path: str, blame: type[DiglotError]) -> Image:
    """Read the address of a picture, alone or in an object with its detail."""
    detail = ""
    if isinstance(value, dict):
        detail = read_text(value.get("detail"), f"{path}.detail", blame=blame)
        value = value.get("url")
        path = f"{path}.url"
    url = read_text(value, path, blame=blame)
    head = _DATA_URL.match(url)
    if head is None:
        if url.startswith(("http://", "https://")):
            return Image(url=url, detail=detail)
        if is_picture(url):
            # Natively there is no more than this, and LiteLLM and LM Studio take it here, too.
            return Image(data=check_base64(url, path, blame=blame), detail=detail)
        raise blame(f"{path} must be a data: URL with base64, or an http(s) address", path=path)
    data = check_base64(url[head.end() :], path, blame=blame)
    return Image(data=data, media_type=head["type"] or "", detail=detail)


def parse_picture(body: dict[str, Any], path: str, *, blame: type[DiglotError]) -> Image:
    """Read a part of type ``image``: Anthropic's, the AI SDK's (``image``), or MCP's (``data``)."""
    source = body.get("source")
    if isinstance(source, dict):
        key = "url" if source.get("type") == "url" else "data"
        image = _shown(source.get(key), f"{path}.source.{key}", blame)
        said = source.get("media_type")
    else:
        key = "image" if body.get("image") else "data"
        image = _shown(body.get(key), f"{path}.{key}", blame)
        said = body.get("mediaType") or body.get("mimeType")
    named = isinstance(said, str) and not image.url and not image.media_type
    return replace(image, media_type=said) if named else image


def _shown(value: Any, path: str, blame: type[DiglotError]) -> Image:
    """Read a picture where both base64 and addresses stand."""
    if path.endswith(".data") and not str(value).startswith("data:"):
        return Image(data=check_base64(value, path, blame=blame))
    return parse_image(value, path, blame)


def check_base64(value: Any, path: str, *, blame: type[DiglotError]) -> str:
    """Return ``value`` if it is base64 of at least one byte, padded and without a prefix.

    Its lines are joined: Go's decoder passes over their ends, too.
    """
    data = "".join(read_text(value, path, blame=blame).split())
    try:
        whole = b64decode(data, validate=True)
    except (Base64Error, ValueError) as exc:
        raise blame(f"{path} is not valid base64: {exc}", path=path) from exc
    if not whole:
        raise blame(f"{path} is empty", path=path)
    return data


def _dump_part(part: Part) -> dict[str, Any]:
    match part:
        case Text():
            return {"type": "text", "text": part.text}
        case Image():
            url = part.url or f"data:{media_type(part)};base64,{part.data}"
            image = {"url": url, "detail": part.detail} if part.detail else {"url": url}
            return {"type": "image_url", "image_url": image}
        case Audio():
            return {
                "type": "input_audio",
                "input_audio": {"data": part.data, "format": part.format},
            }


def media_type(image: Image) -> str:
    """Return the type of a picture: as it was said, else by its first bytes, else PNG."""
    if image.media_type:
        return image.media_type
    try:
        head = b64decode(image.data[:16])
    except (Base64Error, ValueError):
        head = b""
    return picture_type(head) or "image/png"


def is_picture(data: str) -> bool:
    """Tell whether base64 without a prefix begins as a picture does."""
    try:
        return bool(picture_type(b64decode(data[:16], validate=True)))
    except (Base64Error, ValueError):
        return False


def picture_type(head: bytes) -> str:
    """Return the type of the picture that begins with ``head`` (12 bytes are enough), or ""."""
    if head.startswith(b"RIFF") and head[8:12] not in (b"WEBP", b""):
        return ""
    return next((name for magic, name in _SIGNATURES if head.startswith(magic)), "")
