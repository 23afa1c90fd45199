"""Same dialect on both sides: bytes pass through, with three exceptions.

The client's name for a model may differ from the backend's, so ``model`` is replaced in the
request and put back in the answer; all other bytes stay as they were. A stream that stops
before its end still becomes an error, as it would in a translation; so that this error stands
on its own, half a line or event waits for its other half. ``[DONE]`` is added where an OpenAI
server leaves it out, and ``data:`` where it writes an error without.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import msgspec

from core.errors import DiglotError, InvalidRequest, InvalidResponse
from core.translation.codec.framing import (
    CR,
    MAX_RECORD,
    SSEDecoder,
    SSERecord,
    encode_sse,
    is_end,
)
from core.translation.codec.json import JSON_ERRORS, decode_loosely, decode_mended, encode_json
from core.translation.conversions.known_blocks import KnownBlocks
from core.translation.dialects.registry import DIALECTS
from core.translation.dialects.shared.errors import error_in, stream_error
from core.translation.events import Finish, StreamError
from core.translation.stamp import Stamp

# The end of an event, with any line ends. A "\r" at the very end may be the first half of
# "\r\n", so it waits.
_EVENT_END = re.compile(rb"(?>\r\n|\r|\n)(?>\r\n|\r(?=[\s\S])|\n)")
# The usual ends alone, which are found much faster.
_BLANK = re.compile(rb"\n\n")
_LINE_END = re.compile(rb"\n")

# Looked for by ``find``: see framing's ``LF``.
_ERROR = b'"error"'
_DETAIL = b'"detail"'

# A comment, or data without any, is a heartbeat.
_SAYS = re.compile(rb"data: ?\S")

# Blocks at the beginning of a stream, and at its end, that are more than words.
_FIRST = 2
_LAST = 4

_RAW = msgspec.json.Decoder(dict[str, msgspec.Raw])


def rename_model(
    body: bytes,
    model: str,
    *,
    key: str = "model",
    add: bool = False,
    blame: type[DiglotError] = InvalidRequest,
) -> bytes:
    """Return ``body`` with its ``model`` replaced and every other value byte for byte as it was.

    ``key`` is where the name stands, if not there. With ``add`` a body without one gets it.
    """
    fields = raw_fields(body, blame=blame)
    if add or key in fields:
        fields[key] = msgspec.Raw(encode_json(model))
    return msgspec.json.encode(fields)


def raw_fields(body: bytes, *, blame: type[DiglotError] = InvalidRequest) -> dict[str, msgspec.Raw]:
    """Return the fields of an object, each value as the bytes that it came in. Raises ``blame``."""
    try:
        return _RAW.decode(body)
    except JSON_ERRORS as exc:
        return decode_mended(_RAW, body, exc, blame=blame)


def set_model(body: bytes, model: str) -> bytes:
    """Return a request's body with this ``model``, whether or not it names one."""
    return rename_model(body, model, add=True)


class PassedStream:
    """One stream of one dialect: a StreamConversion, as StreamTranslator is.

        held bytes ──(a whole block)──> unread ──> sent on          no error or end can be in it
                                    └─> looked at ──> sent on       its model renamed, if need be
                                            ├─(finish reason, done)──> finish
                                            ├─([DONE], or done natively)──> ended
                                            └─(an error)──> error

    What goes on are whole blocks: a line natively, else an event with its blank line. Each is
    judged by itself, so that it never shows where the network cut. Between ``finish`` and the
    end an error still counts; if the bytes end before ``finish``, that is an error, and if they
    end after it without ``[DONE]``, that is added.

    Blocks that are alike but for their text are passed on unread (``KnownBlocks``), but not
    without ``splice``; a law holds that both are the same.
    """

    def __init__(self, dialect: str, stamp: Stamp, *, rename: bool, splice: bool = True) -> None:
        spoken = DIALECTS[dialect]
        assert spoken.passing is not None, "no backend answers in any other"
        self._encoder = spoken.encoder(stamp, include_usage=False)
        self._sse = not spoken.native
        self._may_end = spoken.passing.end
        self._ends = spoken.passing.ended
        self._model = stamp.model
        self._rename = rename
        self._short = splice
        self._known = KnownBlocks(sse=self._sse, model=stamp.model if rename else None)
        self._events = SSEDecoder()
        self._held = bytearray()
        self._scanned = 0
        self._done = False
        self.error: StreamError | None = None
        self.finish: Finish | None = None
        self.spoke = False

    def feed(self, data: bytes, *, now: int) -> bytes:
        """Return what may be sent on: the whole blocks as they are, or renamed."""
        if self._ended:
            return b""
        out: list[bytes] = []
        try:
            if self._short and not self._held:
                data = self._pass_known(data, out, now)
            if data and not self._ended:
                self._feed_held(data, out, now)
        except InvalidResponse as exc:
            out.append(self.fail(exc, now=now))
        return b"".join(out)

    def _feed_held(self, data: bytes, out: list[bytes], now: int) -> None:
        """Append what goes on for all whole blocks of what is held, with ``data`` at its end."""
        # Where none is held, the first blocks of ``data`` have been looked at.
        first = self._short and self._sse and len(self._held) > 0
        self._held += data
        whole, ends = self._take()
        if first and len(whole) <= MAX_RECORD:
            rest = self._pass_known(whole, out, now)
            done = len(whole) - len(rest)
            whole, ends = rest, [end - done for end in ends if end > done]
        if self._ended:
            return
        for start, end in self._blocks(whole, ends, out):
            out.append(self._passed(whole[start:end], now))
            if self._ended:
                return  # what follows is not looked at
        _check_size(self._held)

    def _pass_known(self, data: bytes, out: list[bytes], now: int) -> bytes:
        """Append what goes on for the known blocks that ``data`` begins with; return the rest.

        The first events may show the form of those that came with them, so they are looked at.
        """
        for looked in range(_FIRST + 1):
            said, data = self._known.take(data)
            if said:
                self.spoke = True
                out.append(said)
                break
            end = data.find(b"\n\n") + 2
            if looked == _FIRST or not self._sse or not 2 <= end < len(data) or CR in data:
                break  # no other follows, or they may end otherwise
            out.append(self._passed(data[:end], now))
            data = data[end:]
            if self._ended:
                break  # what follows is not looked at
        return data

    def _blocks(self, whole: bytes, ends: list[int], out: list[bytes]) -> Iterator[tuple[int, int]]:
        """Yield where the blocks stand that have to be looked at; append the others to ``out``."""
        begin = 0
        if ends and not self._rename and len(whole) <= MAX_RECORD:
            begin = self._plain(whole, ends)
            if begin:
                # Many chunks that came together go on together.
                out.append(self._unread(whole[:begin]))
        yield from pairwise((begin, *(end for end in ends if end > begin)))

    def close(self, *, now: int) -> bytes:
        """Return what is left, and the dialect's error event if the stream had no proper end."""
        if self._ended:
            return b""
        out = b""
        try:
            out = self._last(now)
        except InvalidResponse as exc:
            return self.fail(exc, now=now)
        if self._ended:
            return out
        if self.finish is None:
            early = InvalidResponse("the backend's stream ended before it was done")
            return out + self.fail(early, now=now)
        self._done = True
        return out + b"data: [DONE]\n\n"

    def fail(self, error: DiglotError, *, now: int) -> bytes:
        """Return the dialect's error event for a failure that came from elsewhere.

        Nothing where the stream has already ended, well or not.
        """
        if self._ended:
            return b""
        failed = StreamError(message=error.message, status=error.status, code=error.code)
        self._fail(failed)
        return self._encoder.encode([failed], now=now)

    @property
    def _ended(self) -> bool:
        return self._done or self.error is not None

    def _fail(self, error: StreamError) -> None:
        # Between the finish reason and [DONE] a stream may still fail.
        self.error = error
        self.finish = None

    def _take(self) -> tuple[bytes, list[int]]:
        """Take the whole blocks out of what is held. Returns them, and where each ends."""
        held = self._held
        pattern = _LINE_END
        if self._sse:
            pattern = _EVENT_END if CR in held else _BLANK
        ends = [match.end() for match in pattern.finditer(held, self._scanned)]
        whole = b""
        if ends:
            whole = bytes(held[: ends[-1]])
            del held[: ends[-1]]
        # The last bytes may be the first half of an end.
        self._scanned = max(len(held) - 3, 0)
        return whole, ends

    def _plain(self, whole: bytes, ends: list[int]) -> int:
        """Return up to where the blocks hold no error and no end."""
        if not self._matters(whole):
            return len(whole)
        # As a rule what matters stands in the last blocks: a reason, the counts, [DONE].
        end = ends[-_LAST - 1] if len(ends) > 2 * _LAST else 0
        return end if end and not self._matters(whole[:end]) else 0

    def _matters(self, data: bytes) -> bool:
        """Tell whether an error or an end may be in here: all else is passed on unread."""
        if _may_fail(data):
            return True
        if not self._sse:
            return self._may_end(data) is not None
        named = data.find(b"DONE") >= 0 or data.find(b"event:") >= 0
        return named or self._may_end(data) is not None

    def _unread(self, data: bytes) -> bytes:
        self.spoke = self.spoke or (
            _SAYS.search(data) is not None if self._sse else not data.isspace()
        )
        if self.finish is None:
            self._known.note(data, data)
        return data

    def _passed(self, block: bytes, now: int) -> bytes:
        """Return what is sent on for one block, once it has been looked at."""
        _check_size(block)
        if not self._rename and not self._matters(block):
            return self._unread(block)
        records = self._records(block)
        bare = any(record.bare for record in records)
        out: list[bytes] = []
        for record in records:
            # What cannot be read says nothing, so it is read before anything is taken as said.
            if not record.bare:
                out.append(self._renamed(record) if self._rename or bare else block)
            self._look(record)
            if record.bare and self.error:
                out.append(self._encoder.encode([self.error], now=now))
            if self._ended:
                break
        passed = b"".join(out) if records else block
        if self.finish is None and self.error is None:
            self._known.note(block, passed)
        return passed

    def _records(self, block: bytes) -> list[SSERecord]:
        if not self._sse:
            return [] if block.isspace() else [SSERecord(block.strip())]
        # A "\r" that ends a block is still waited with, until it is said that the block is whole.
        return [*self._events.decode(block), *self._events.flush()]

    def _last(self, now: int) -> bytes:
        """Return the block that has no end, with one, if it turns out to be whole."""
        block = bytes(self._held)
        records = self._records(block) if block else []
        if not records:
            return b""
        for record in records:
            if not is_end(record.data):
                decode_loosely(record.data, blame=InvalidResponse)
        return self._passed(block + (b"\n\n" if self._sse else b"\n"), now)

    def _renamed(self, record: SSERecord) -> bytes:
        if not self._sse:
            return rename_model(record.data, self._model, blame=InvalidResponse) + b"\n"
        if is_end(record.data):
            return b"data: [DONE]\n\n"
        renamed = rename_model(record.data, self._model, blame=InvalidResponse)
        return encode_sse(renamed, record.event)

    def _look(self, record: SSERecord) -> None:
        """Take in what a record says about the end of its stream."""
        data = record.data
        if self._sse and is_end(data):
            self._done = True
            self.finish = self.finish or Finish()
            return
        if _may_fail(data) or record.event:
            error = error_in(record)
            if error:
                self._fail(stream_error(error))
                return
        self.spoke = True
        if self._may_end(data) and self._ends(data):
            self.finish = Finish()
            self._done = not self._sse


def _may_fail(data: bytes) -> bool:
    return data.find(_ERROR) >= 0 or data.find(_DETAIL) >= 0


def _check_size(block: bytes | bytearray) -> None:
    if len(block) > MAX_RECORD:
        raise InvalidResponse(f"the backend sent a record of more than {MAX_RECORD} bytes")
