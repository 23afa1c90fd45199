"""One side of an exchange: a request and its answer, as bytes with times.

Keys, cookies and the data of images and sounds are masked (core.exchanges.masking) before anybody
sees them: when a wire is looked at, or once there is time for it (``settle``), whichever is first.
Under load most exchanges leave the log unseen, and to search them would take longer than all that
was done for their answers. Bodies over a limit are cut and say so.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from copy import copy
from typing import cast

from core.exchanges.frames import pack, unpacked
from core.exchanges.masking import (
    is_clean,
    mask_body,
    mask_data,
    mask_headers,
    mask_pieces,
    mask_url,
    shorten_body,
)
from core.exchanges.pieces import Pieces
from core.translation.messages import Usage

MAX_BODY = 2 * 1024 * 1024
"""Bytes kept of a request's body."""

MAX_ANSWER = 16 * 1024 * 1024
"""Bytes kept of an answer: room for some 50,000 chunks."""

# Bytes from which a body is masked at once.
_LONG = 512 * 1024
# Pieces of a long answer that are masked at a time: others wait a few milliseconds for it.
_MANY = 4096
# Pieces that may hold the beginning of a key whose end has not come.
_OPEN = 1024

# A page and the gateway may look at the same moment: what is masked by one was not clean before.
_MASKING = threading.RLock()

Headers = tuple[tuple[str, str], ...]
RawHeader = tuple[bytes, bytes] | tuple[str, str]


class Wire:
    """One side: a request and what came back, in pieces with their times (ns since the epoch).

    ``request`` is the request's body, masked. ``headers`` and ``answered`` are the request's and
    the answer's: of most only the name is there. ``request_bytes`` and ``answer_bytes`` say how
    long the bodies really were. ``began`` and ``ended`` are when the answer's first and newest
    piece came, 0 where none has; it is whole once it is ``over``. ``of`` is the wire whose request
    this one repeats: where that one is ``harmless``, which it is without keys, no key can be in
    this one. ``clean`` tells that nothing had to be masked in a whole answer.

        unmasked ──(somebody looks, or settle())──> masked, for good

    That is so of the request, of each list of headers, and of the answer once it is ``over``.
    """

    __slots__ = (
        "_answered",
        "_answered_masked",
        "_harmless",
        "_headers",
        "_headers_masked",
        "_masked",
        "_of",
        "_pieces",
        "_request",
        "_request_masked",
        "_settled",
        "answer_bytes",
        "began",
        "clean",
        "cut",
        "dialect",
        "ended",
        "over",
        "path",
        "request_bytes",
        "sent",
        "status",
        "streamed",
        "url",
        "usage",
    )

    def __init__(
        self,
        dialect: str,
        path: str,
        request: bytes,
        *,
        url: str = "",
        headers: Iterable[RawHeader] = (),
        of: Wire | None = None,
    ) -> None:
        self.dialect = dialect
        self.path = mask_url(path) if "?" in path else path
        self.url = mask_url(url) if url else url
        self._headers: Iterable[RawHeader] = headers or ()
        self._headers_masked = not headers
        self._answered: Iterable[RawHeader] = ()
        self._answered_masked = True
        self.request_bytes = len(request)
        self.answer_bytes = 0
        self.cut = self.clean = False
        self._request = request
        self._request_masked = self._harmless = False
        self._of = of
        if len(request) > MAX_BODY:
            self._shorten()
        self.status = 0
        self.streamed = False
        self.sent = 0
        self.usage: Usage | None = None
        self._pieces = Pieces()
        self._masked = 0
        self.over = self._settled = False
        self.began = self.ended = 0

    def _shorten(self) -> None:
        """Keep what fits of a long request."""
        if self._of is None or not self._of.harmless:
            # Pictures make most long bodies long: without them many are short enough to keep.
            self._request = mask_data(self._request)
        self.cut = len(self._request) > MAX_BODY
        if self.cut:
            self._request = shorten_body(self._request, MAX_BODY)

    @property
    def request(self) -> bytes:
        """The request's body, masked."""
        if not self._request_masked:
            self._mask_request()
        return unpacked(self._request)

    @property
    def harmless(self) -> bool:
        """Whether nothing had to be masked or cut in the request."""
        if not self._request_masked:
            self._mask_request()
        return self._harmless

    def _mask_request(self) -> None:
        with _MASKING:
            if self._request_masked:
                return
            of, self._of = self._of, None
            if of is not None and of.harmless:
                self._harmless = True
            else:
                masked = mask_body(self._request)
                self._harmless = masked is self._request and self.request_bytes <= MAX_BODY
                self._request = masked
            self._request_masked = True

    @property
    def headers(self) -> Headers:
        """The request's headers, masked."""
        if not self._headers_masked:
            self.headers = mask_headers(self._headers)
        return cast(Headers, self._headers)

    @headers.setter
    def headers(self, masked: Headers) -> None:
        self._headers, self._headers_masked = masked, True

    @property
    def answered(self) -> Headers:
        """The answer's headers, masked."""
        if not self._answered_masked:
            self.answered = mask_headers(self._answered)
        return cast(Headers, self._answered)

    @answered.setter
    def answered(self, masked: Headers) -> None:
        self._answered, self._answered_masked = masked, True

    def has_sent(self, headers: Iterable[RawHeader]) -> None:
        """Note the request's headers, as they were sent."""
        self._headers, self._headers_masked = headers, False

    def was_answered(self, status: int, headers: Iterable[RawHeader]) -> None:
        """Note the head of the answer."""
        self.status = status
        self._answered, self._answered_masked = headers, False

    def forget(self) -> None:
        """Drop the answer: nothing of it was sent to the client."""
        self._pieces = Pieces()
        self._masked = self.answer_bytes = self.began = self.ended = 0
        self.over = self._settled = False
        self.streamed = False

    def came(self, data: bytes, now: int) -> None:
        """Add a piece of the answer."""
        self.answer_bytes += len(data)
        if self.answer_bytes > _LONG:
            data = self._kept(data)
        if data:
            self._pieces.add(now, data)
            self.began = self.began or now
            self.ended = now

    def _kept(self, data: bytes) -> bytes:
        """Return the part of a piece of a long answer that is stored."""
        if len(data) > _LONG:
            data = mask_data(data)
        if len(self._pieces) - self._masked >= _MANY:
            self._settle(_OPEN)
        if self._pieces.size + len(data) <= MAX_ANSWER:
            return data
        self.cut = True
        return b"" if len(self._pieces) else shorten_body(data, MAX_ANSWER)

    def unmasked(self) -> bytes:
        """Return the answer's body so far as it came: never to be shown."""
        return self._pieces.joined()

    def tail(self, size: int) -> bytes:
        """Return the last ``size`` bytes of the answer, or all, unmasked."""
        return self._pieces.tail(size)

    @property
    def chunks(self) -> list[tuple[int, bytes]]:
        """The answer's pieces with their times, masked."""
        if self.over and not self._settled:
            self._mask_answer()
        pieces, masked = self._pieces, self._masked
        if self._settled:
            return pieces.listed()
        # Where it goes on, another thread may be looking: nothing is changed.
        came = pieces.listed()
        return came[:masked] + self._shown(came[masked:])

    def settle(self, *, said_by: Sequence[Wire] = ()) -> None:
        """Mask what is not masked yet. The answer is over.

        Where ``said_by`` are the wires all of whose words it repeats, and they are clean, there is
        nothing to mask in it.
        """
        if not self._request_masked:
            self._mask_request()
        self.headers, self.answered  # noqa: B018  # read, and so masked
        if not self._settled:
            if said_by and self.status < 400 and all(wire.clean for wire in said_by):
                self._settled = True
            else:
                self._mask_answer()

    def pack(self) -> None:
        """Compress what is kept, which is settled. Whoever looks at it finds it as it was."""
        self._request = pack(self._request) or self._request
        self._pieces.pack()

    def _mask_answer(self) -> None:
        """Mask the whole answer, for good."""
        with _MASKING:
            if not self._settled:
                # Most have no key: so they need not be parted again.
                self.clean = not self._masked and is_clean(self._pieces.joined())
                if not self.clean:
                    self._settle(0)
                self._settled = True

    def _settle(self, still_open: int) -> None:
        """Mask what came, but for the last pieces, which may hold the beginning of a key.

        Nobody else adds to it meanwhile.
        """
        begin = self._masked
        left = self._pieces.listed(begin)
        shown = self._shown(left)
        done = max(len(left) - still_open, 0)
        for earlier in range(done, max(done - still_open, 0), -1):
            if earlier == len(left) or shown[earlier][1] is left[earlier][1]:
                done = earlier  # no key is parted here
                break
        if shown is not left:
            self.clean = False
            masked = [*self._pieces.listed()[:begin], *shown[:done], *left[done:]]
            self._pieces = Pieces.of(masked)
        self._masked = begin + done

    @staticmethod
    def _shown(pieces: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
        """Return pieces masked; the same list where nothing has to be."""
        masked = mask_pieces([data for _, data in pieces])
        if masked is None:
            return pieces
        return [(now, data) for (now, _), data in zip(pieces, masked, strict=True)]

    def without_address(self, pieces: list[tuple[int, bytes]] | None = None) -> Wire:
        """Return this wire for somebody who may not know where the server is.

        ``pieces`` stand in the place of the answer's.
        """
        other = copy(self)
        other.url = ""
        if pieces is not None:
            other._pieces = Pieces.of(pieces)  # noqa: SLF001 of another wire
            other.over = other._settled = True  # noqa: SLF001
        return other

    @property
    def size(self) -> int:
        """The bytes that are kept."""
        return len(self._request) + self._pieces.size

    @property
    def response(self) -> bytes:
        """The answer's body so far."""
        return b"".join([data for _, data in self.chunks])
