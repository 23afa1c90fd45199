"""Decodes request bodies that are compressed or not in UTF-8.

Content codings are those of RFC 9110, 8.4.1, and zstd (RFC 8878), decoded up to the usual size
limit, so that a small body cannot become a huge one. JSON is UTF-8 (RFC 8259, 8.1), but PowerShell,
old HTTP clients and editors on Windows send other encodings, mostly with a charset.
"""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Callable, Iterable
from email.message import Message

import zstandard

from core.errors import InvalidRequest
from core.translation.splicing.plain_text import is_utf8

CODINGS = "gzip, deflate, zstd"
"""What ``Accept-Encoding`` says beside a 415 (RFC 9110, 12.5.3)."""

_MOST = 2
"""The most codings that a body may have."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UTF8 = frozenset({"", "utf-8", "ascii"})

Headers = Iterable[tuple[bytes, bytes]]


def is_plain(headers: Headers, body: bytes) -> bool:
    """Tell whether a body is uncompressed UTF-8."""
    return says_plain(headers) and reads(body)


def says_plain(headers: Headers) -> bool:
    """Tell whether a body is uncompressed UTF-8 as far as its headers say."""
    for name, value in headers:
        if name == b"content-encoding":
            return False
        if name == b"content-type" and value.lower().find(b"charset") >= 0:
            return _charset(value) in _UTF8
    return True


def decoded(headers: Headers, body: bytes, *, limit: int) -> bytes:
    """Return a body as UTF-8, uncompressed.

    Raises InvalidRequest: 415 for an unknown coding or charset, 413 if the result would exceed
    ``limit`` bytes, 400 for invalid data.
    """
    found = {name: value.decode("latin-1") for name, value in headers}
    codings = [c.strip().lower() for c in found.get(b"content-encoding", "").split(",")]
    codings = [coding for coding in codings if coding not in ("", "identity")]
    if len(codings) > _MOST or any(coding not in _DECODERS for coding in codings):
        raise InvalidRequest(
            f"the body is sent as {', '.join(codings)[:80]}; this server reads {CODINGS}",
            status=415,
            code="unsupported_encoding",
        )
    for coding in reversed(codings):
        body = _DECODERS[coding](body, limit)
    return _utf8(body, _charset(found.get(b"content-type", "").encode("latin-1")))


def reads(body: bytes) -> bool:
    """Tell whether a body starts like JSON and is valid UTF-8."""
    if body[:1] not in (b"{", b"[", b" ", b"\n", b"\r", b"\t", b'"', b"") or 0 in body[:4]:
        return False
    return is_utf8(body)


# Compression ------------------------------------------------------------------------------------


def _inflate(window: int) -> Callable[[bytes, int], bytes]:
    def inflate(body: bytes, limit: int) -> bytes:
        out: list[bytes] = []
        size = 0
        while body:
            worker = zlib.decompressobj(window)
            try:
                piece = worker.decompress(body, limit + 1 - size)
            except zlib.error as exc:
                raise _broken(exc) from exc
            out.append(piece)
            size += len(piece)
            if size > limit:
                raise _too_large(limit)
            if not worker.eof:
                raise _broken("it ends too early")
            # Several members may follow each other (RFC 1952, 2.2).
            body = worker.unused_data.lstrip(b"\0")
        return b"".join(out)

    return inflate


def _deflate(body: bytes, limit: int) -> bytes:
    # Some clients leave out the zlib wrapper around it (RFC 9110, 8.4.1.2).
    wrapped = len(body) > 1 and body[0] & 15 == 8 and int.from_bytes(body[:2], "big") % 31 == 0
    return _inflate(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)(body, limit)


def _unzstd(body: bytes, limit: int) -> bytes:
    # RFC 9659 requires support for windows of up to 8 MB.
    worker = zstandard.ZstdDecompressor(max_window_size=8 * 1024 * 1024)
    try:
        with worker.stream_reader(body, read_across_frames=True) as reader:
            out = reader.read(limit + 1)
        if not out and body:
            # Either an empty frame or a truncated one: this raises for the latter.
            worker.decompressobj().decompress(body)
    except zstandard.ZstdError as exc:
        raise _broken(exc) from exc
    if len(out) > limit:
        raise _too_large(limit)
    return out


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _inflate(16 + zlib.MAX_WBITS),
    "x-gzip": _inflate(16 + zlib.MAX_WBITS),
    "deflate": _deflate,
    "zstd": _unzstd,
}


def _broken(why: object) -> InvalidRequest:
    return InvalidRequest(f"the body is not compressed as it is said to be: {why}")


def _too_large(limit: int) -> InvalidRequest:
    return InvalidRequest(
        f"the request is larger than {limit // 1024 // 1024} MB once it is uncompressed",
        status=413,
        code="request_too_large",
    )


# Characters -------------------------------------------------------------------------------------


def _charset(content_type: bytes) -> str:
    """Return the charset of a content type by the codec's own name; "" where none is said."""
    message = Message()
    message["content-type"] = content_type.decode("latin-1")
    said = str(message.get_param("charset") or "").strip().strip("'\"")
    if not said:
        return ""
    try:
        info = codecs.lookup(said)
    except (LookupError, ValueError):
        info = None
    if info is None or not getattr(info, "_is_text_encoding", True) or info.name in _NO_CHARSETS:
        raise InvalidRequest(
            f"the body is said to be in the charset {said[:40]!r}, which is not known here; "
            "send UTF-8",
            status=415,
            code="unsupported_encoding",
        )
    return info.name


# Codecs of Python that are not charsets on the wire.
_NO_CHARSETS = frozenset({"idna", "punycode", "unicode_escape", "raw-unicode-escape", "undefined",
                          "mbcs", "oem", "utf-7"})  # fmt: skip


def _utf8(body: bytes, charset: str) -> bytes:
    for mark, name in _BOMS:
        if body.startswith(mark):
            body, charset = body[len(mark) :], name
            break
    else:
        charset = charset if charset not in _UTF8 else _guessed(body)
    try:
        text = body.decode(charset or "utf-8")
    except UnicodeDecodeError as exc:
        said = charset or "utf-8"
        raise InvalidRequest(
            f"the body is not {said.upper()}: byte {body[exc.start]:#04x} at {exc.start} has no "
            "meaning in it. Send UTF-8, or say the charset: Content-Type: application/json; "
            "charset=windows-1252 (PowerShell 5: -Body ([Text.Encoding]::UTF8.GetBytes($json)))",
        ) from exc
    return text.encode("utf-8", "surrogatepass") if charset else body


def _guessed(body: bytes) -> str:
    """Detect UTF-16 and UTF-32 by the zero bytes of the first character, which is ASCII in JSON."""
    if body[:4].count(0) == 3 and body[0]:
        return "utf-32-le"
    if body[:3] == b"\0\0\0":
        return "utf-32-be"
    if len(body) > 1 and not body[1] and body[0]:
        return "utf-16-le"
    return "utf-16-be" if len(body) > 1 and not body[0] and body[1] else ""
