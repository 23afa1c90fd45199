"""Proof: the same request sent natively and with OpenAI's own SDK, and the answers compared.

The left side goes out with httpx, the right side with the package openai, to Diglot, to the server
itself, or to both. Answers are made deterministic (temperature 0, fixed seed), so remaining
differences come from the API.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import httpx
from msgspec import Struct

from core.errors import InvalidRequest
from core.exchanges.exchange import Exchange
from core.exchanges.masking import mask_text
from core.inspector.align.request import AlignedRow
from core.inspector.align.response import align_answer
from core.inspector.align.response_notes import ANSWER_NOTES
from core.note import Note
from core.translation.codec.json import decode_json, json_or_none, object_of
from core.translation.fields.chat import EXTENSIONS
from core.translation.translate import translate_request

Agreement = Literal["same", "differs", "only_left", "only_right", "by_nature"]

_TIMEOUT = 300.0
_NATURE = Note("compare_live.nature")
# Fields that differ in every answer.
_VOLATILE = (
    "id", "created", "created_at", "total_duration", "load_duration", "prompt_eval_duration",
    "eval_duration", "system_fingerprint", "object", "done", "timings",
    "usage.prompt_tokens_details", "prompt_eval_cached_count",
)  # fmt: skip


# Fields that exist in one API only because of its format.
_FORM = tuple(ANSWER_NOTES[name] for name in ("constant", "position", "id", "refusal",
              "total_tokens", "added", "done", "error_kind", "echoed", "empty"))  # fmt: skip


class Place(Struct, frozen=True, kw_only=True):
    """Where to send: ``name`` is ``diglot`` or ``server``; ``url`` has no path."""

    name: Literal["diglot", "server"]
    url: str
    model: str
    key: str = ""

    def __repr__(self) -> str:
        return f"Place(name={self.name!r}, url={self.url!r}, model={self.model!r})"


class Answered(Struct, frozen=True, kw_only=True):
    """One answer. ``status`` 0 means no answer; ``error`` says why."""

    place: str
    client_dialect: str
    sent: dict[str, Any]
    status: int
    body: dict[str, Any]
    text: str
    error: str
    seconds: float


class LiveRow(Struct, frozen=True, kw_only=True):
    """One field of two answers. A path is None on the side that has no such field."""

    path: str | None
    other: str | None
    left: Any
    right: Any
    agreement: Agreement
    note: Note


class Comparison(Struct, frozen=True, kw_only=True):
    """Two answers (indices into ``Proof.answers``) field by field."""

    left: int
    right: int
    rows: tuple[LiveRow, ...]

    @property
    def odd(self) -> tuple[LiveRow, ...]:
        """The rows of fields that differ and should not."""
        return tuple(row for row in self.rows if row.agreement not in ("same", "by_nature"))


class Proof(Struct, frozen=True, kw_only=True):
    """All answers: natively and by the SDK at each place, and the comparisons.

    First, at each place, the native answer with the SDK's; then, where both places were asked,
    each dialect of Diglot's with the same of the server.
    """

    answers: tuple[Answered, ...]
    comparisons: tuple[Comparison, ...]


def compare_live(
    exchange: Exchange,
    *,
    diglot: str,
    to: Literal["diglot", "server", "both"] = "both",
    keys: Mapping[str, str] | None = None,
) -> Proof:
    """Send the request of a recorded exchange again, both ways; blocks until the answers are there.

    ``diglot`` is Diglot's address, ``keys`` the keys for ``diglot`` and ``server`` if they need
    one. Raises InvalidRequest if the request was never sent to a server, and DiglotError if it is
    invalid. Errors of the requests are in the answers.
    """
    keys = keys or {}
    places = []
    if to in ("diglot", "both"):
        places.append(Place(name="diglot", url=diglot, model=exchange.model,
                            key=keys.get("diglot", "")))  # fmt: skip
    if to in ("server", "both"):
        if not exchange.backend or not exchange.backend[-1].url:
            raise InvalidRequest("this request was never sent to a server", code="no_server")
        last = exchange.backend[-1]
        model = str(decode_json(last.request).get("model", exchange.model))
        places.append(Place(name="server", url=last.url, model=model, key=keys.get("server", "")))
    native = exchange.request_in("ollama")
    return prove(native, places=places)


def prove(native: Mapping[str, Any], *, places: Sequence[Place]) -> Proof:
    """Send a native request, and its translation to OpenAI's dialect, to each place.

    The temperature is 0, and there is a seed where the request has none. Raises DiglotError for a
    request that breaks its dialect.
    """
    options = {"seed": 1, **(native.get("options") or {}), "temperature": 0}
    left = {**native, "stream": False, "options": options}
    right = translate_request(
        dict(left), source="ollama", target="openai", accepts=EXTENSIONS["diglot"]
    )
    answers: list[Answered] = []
    for place in places:
        answers.append(_natively(place, {**left, "model": place.model}))
        answers.append(_by_sdk(place, {**right, "model": place.model}))
    pairs = [(index, index + 1) for index in range(0, len(answers), 2)]
    if len(places) == 2:
        pairs += [(0, 2), (1, 3)]
    comparisons = (_compared(answers, one, other) for one, other in pairs)
    return Proof(answers=tuple(answers), comparisons=tuple(comparisons))


def _natively(place: Place, body: dict[str, Any]) -> Answered:
    headers = {"authorization": f"Bearer {place.key}"} if place.key else {}
    began = time.perf_counter()
    try:
        reply = httpx.post(
            f"{place.url.rstrip('/')}/api/chat", json=body, headers=headers, timeout=_TIMEOUT
        )
    except httpx.HTTPError as exc:
        return _failed(place, "ollama", body, exc, began)
    return _answered(place, "ollama", body, reply.status_code, reply.content, began)


def _by_sdk(place: Place, body: dict[str, Any]) -> Answered:
    # It takes half a second and 30 MB: only who proves something needs it.
    import openai

    began = time.perf_counter()
    try:
        with openai.OpenAI(
            base_url=f"{place.url.rstrip('/')}/v1",
            api_key=place.key or "not-needed",
            max_retries=0,
            timeout=_TIMEOUT,
        ) as client:
            create = client.chat.completions.with_raw_response.create
            known = inspect.signature(client.chat.completions.create).parameters
            own = {name: value for name, value in body.items() if name in known}
            extra = {name: value for name, value in body.items() if name not in known}
            reply = create(**own, extra_body=extra or None)
            return _answered(place, "openai", body, reply.status_code, reply.content, began)
    except openai.APIStatusError as exc:
        data = exc.response.content
        return _answered(place, "openai", body, exc.status_code, data, began)
    except (openai.APIError, TypeError, ValueError) as exc:
        return _failed(place, "openai", body, exc, began)


def _answered(
    place: Place,
    client_dialect: str,
    sent: dict[str, Any],
    status: int,
    data: bytes,
    began: float,
) -> Answered:
    body = object_of(data)
    error = body.get("error")
    words = error.get("message") if isinstance(error, dict) else error
    if status >= 400 and not words:
        words = data[:200].decode("utf-8", "replace")
    message = body.get("message") or {}
    if client_dialect == "openai":
        message = ((body.get("choices") or [{}])[0]).get("message") or {}
    return Answered(
        place=place.name, client_dialect=client_dialect, sent=sent, status=status, body=body,
        text=str(message.get("content") or ""), error=mask_text(str(words or "")),
        seconds=time.perf_counter() - began,
    )  # fmt: skip


def _failed(
    place: Place, client_dialect: str, sent: dict[str, Any], exc: Exception, began: float
) -> Answered:
    return Answered(
        place=place.name, client_dialect=client_dialect, sent=sent, status=0, body={}, text="",
        error=mask_text(f"{type(exc).__name__}: {exc}"), seconds=time.perf_counter() - began,
    )  # fmt: skip


def _compared(answers: Sequence[Answered], one: int, other: int) -> Comparison:
    left, right = answers[one], answers[other]
    rows = align_answer(
        left.body,
        right.body,
        source=left.client_dialect,
        target=right.client_dialect,
        comparing=True,
    )
    return Comparison(left=one, right=other, rows=tuple(map(_judged, rows)))


def _judged(row: AlignedRow) -> LiveRow:
    agreement: Agreement = "same"
    note = row.note
    if _is_volatile(row):
        agreement, note = "by_nature", _NATURE
    elif row.target is None:
        agreement = "by_nature" if row.outcome == "retyped" else "only_left"
    elif row.path is None:
        form = row.note in _FORM or row.written in (None, "", [], {}, 0)
        agreement = "by_nature" if form else "only_right"
    elif row.outcome == "retyped" and not _means_the_same(row):
        agreement = "differs"
    return LiveRow(
        path=row.path, other=row.target, left=row.value, right=row.written, agreement=agreement,
        note=note,
    )  # fmt: skip


def _is_volatile(row: AlignedRow) -> bool:
    if row.path is not None and row.target is not None and row.path.endswith(".id"):
        return True
    return any(_is_below(path, known) for path in (row.path, row.target) for known in _VOLATILE)


def _is_below(path: str | None, known: str) -> bool:
    return path is not None and (path == known or path.startswith(f"{known}."))


def _means_the_same(row: AlignedRow) -> bool:
    """Tell whether two values mean the same: arguments as text, finish reason of a call, empty text
    as null.
    """
    one, other = row.value, row.written
    if (one or None) == (other or None):
        return True
    if isinstance(one, str) and isinstance(other, str):
        ended = (row.path or "").endswith("reason")
        return ended and {one, other} == {"stop", "tool_calls"}
    for text, value in ((one, other), (other, one)):
        if isinstance(text, str) and not isinstance(value, str) and json_or_none(text) == value:
            return True
    return False
