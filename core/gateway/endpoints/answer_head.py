"""The headers of a good answer: as a list, and as the lines that are sent.

Nearly all answers of a deployment have the same ones but for an id and two times. So their lines
are written once with places for these, and filled for each answer.
"""

from __future__ import annotations

from core.backends.calls.answer import Answer
from core.gateway.call import CallScope, Header, identified, trail_headers
from core.gateway.protocols.joined_head import header_lines

_ID, _SPENT, _OVERHEAD = b"\tid\t", b"\tspent\t", b"\toverhead\t"
_PLACES = ((_ID, b"%(id)b"), (_SPENT, b"%(spent)b"), (_OVERHEAD, b"%(overhead)b"))

_MOST = 1024
_forms: dict[tuple[object, ...], bytes] = {}


def answer_headers(call: CallScope, answer: Answer) -> list[Header]:
    """Return the headers of a good answer, but for those of its framing."""
    own = [(name.encode(), value.encode("latin-1", "replace"))
           for name, value in answer.headers.items()]  # fmt: skip
    return _headers(answer, call.headers(), own, call.id)


def _headers(
    answer: Answer, of_call: list[Header], own: list[Header], identity: str
) -> list[Header]:
    headers = [(b"content-type", answer.content_type.encode()), *of_call, *own]
    headers += identified(identity)[1:]  # the first is among the answer's own
    if answer.rest is not None:
        # Proxies must not buffer a stream.
        headers += [(b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no")]
    return headers


def answer_lines(call: CallScope, answer: Answer) -> bytes:
    """Return the same headers as lines."""
    exchange = call.exchange
    trail = exchange.trail if exchange is not None else None
    deployment = trail.deployment if trail is not None else None
    if trail is None or deployment is None or len(answer.headers) > 1 or call.limited:
        return header_lines(answer_headers(call, answer))
    told = (answer.content_type, answer.rest is None, deployment.id, trail.group, trail.retries,
            trail.fallbacks)  # fmt: skip
    form = _forms.get(told)
    if form is None:
        found = _headers(answer, trail_headers(trail, _ID, _SPENT, _OVERHEAD),
                         [(b"x-diglot-id", _ID)], _ID.decode())  # fmt: skip
        form = header_lines(found).replace(b"%", b"%%")
        for mark, place in _PLACES:
            form = form.replace(mark, place)
        if len(_forms) >= _MOST:
            _forms.clear()
        _forms[told] = form
    spent, overhead = call.times()
    return form % {b"id": call.id.encode(), b"spent": spent, b"overhead": overhead}
