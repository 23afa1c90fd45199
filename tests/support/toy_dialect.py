"""A made-up dialect that shows everything a dialect needs: this file is all of it.

POST /toy/say takes ``{"model": name, "lines": [{"by": role, "says": text}], "heat": 0.5}``.
It answers ``{"says": text, "over": reason}``, and streams an event ``{"bit": text}`` for each
piece and ``{"over": reason}`` at the end. Errors are ``{"oops": text, "no": status}``.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from core.errors import BackendError, DiglotError, InvalidRequest, InvalidResponse
from core.translation.codec.framing import SSEDecoder, SSERecord, encode_sse
from core.translation.codec.json import decode_json, encode_json, read_items, read_object, read_text
from core.translation.dialects.api import Api, Operation
from core.translation.dialects.dialect import Dialect, Signature
from core.translation.dialects.shared.answers.stream_decoder import EventDecoder
from core.translation.dialects.shared.settings import Settings
from core.translation.events import Event, Finish, MessageStart, StreamError, TextDelta
from core.translation.fields.field import Columns, own_rows
from core.translation.messages import ChatRequest, ChatResponse, Message, Text, text_of
from core.translation.stamp import Stamp

SETTINGS = Settings(
    Columns(
        dialect="toy",
        follows=True,
        renamed={"temperature": "heat"},
        standard=frozenset({"temperature", "seed"}),
        same={
            "model": "model",
            "stream": "stream",
            "role": "lines[].by",
            "content": "lines[].says",
        },
        rows=(*own_rows("toy", "mood", "mood", note="unknown"),),
    )
)


def parse_request(body: dict[str, Any]) -> ChatRequest:
    lines = [
        read_object(line, f"lines[{i}]") for i, line in enumerate(read_items(body.get("lines"), ""))
    ]
    if not lines:
        raise InvalidRequest("lines must hold at least one line", path="lines")
    return ChatRequest(
        model=read_text(body.get("model"), "model"),
        messages=tuple(
            Message(role=line["by"], parts=(Text(read_text(line.get("says"), f"lines[{i}].says")),))
            for i, line in enumerate(lines)
        ),
        stream=body.get("stream") is True,
        settings=SETTINGS.parse(body),
    )


def dump_request(request: ChatRequest, *, accepts: Collection[str] = ()) -> dict[str, Any]:
    lines = [{"by": m.role, "says": text_of(m)} for m in request.messages]
    body = {"model": request.model, "lines": lines, "stream": request.stream}
    return {**body, **SETTINGS.dump(request.settings, accepts)}


def parse_response(body: dict[str, Any], *, ids: str) -> ChatResponse:
    if "oops" in body:
        raise parse_error(encode_json(body), BackendError.status)
    said = Message(role="assistant", parts=(Text(read_text(body.get("says"), "says")),))
    return ChatResponse(model="", message=said, finish_reason=body.get("over", "stop"))


def dump_response(response: ChatResponse, *, stamp: Stamp, now: int) -> dict[str, Any]:
    return {"says": text_of(response.message), "over": response.finish_reason}


def parse_error(data: bytes, status: int) -> BackendError:
    body = decode_json(data, blame=InvalidResponse)
    return BackendError(str(body.get("oops")), status=status)


def dump_error(error: DiglotError) -> dict[str, Any]:
    return {"oops": error.message, "no": error.status}


class StreamDecoder(EventDecoder[SSERecord]):
    def __init__(self, *, ids: str) -> None:
        super().__init__(SSEDecoder(), ids=ids)

    def read(self, record: SSERecord, events: list[Event]) -> None:
        body = decode_json(record.data, blame=InvalidResponse)
        if "oops" in body:
            events.append(StreamError(message=body["oops"], status=body.get("no", 500)))
        elif "over" in body:
            events.append(Finish(reason=body["over"]))
        else:
            events.append(TextDelta(body["bit"]))


class StreamEncoder:
    def __init__(self, stamp: Stamp, *, include_usage: bool = False) -> None:
        pass

    def encode(self, events: list[Event], *, now: int) -> bytes:
        bodies: list[Any] = []
        for event in events:
            match event:
                case TextDelta():
                    bodies.append({"bit": event.text})
                case Finish():
                    bodies.append({"over": event.reason})
                case StreamError():
                    bodies.append({"oops": event.message, "no": event.status})
                case MessageStart() | _:
                    pass
        return b"".join(encode_sse(encode_json(body)) for body in bodies)


SAY = Dialect(
    name="toy",
    label="Toy",
    path="/toy/say",
    partner="ollama",
    settings=SETTINGS,
    parse_request=parse_request,
    dump_request=dump_request,
    parse_response=parse_response,
    dump_response=dump_response,
    parse_error=parse_error,
    dump_error=dump_error,
    decoder=StreamDecoder,
    encoder=StreamEncoder,
    signature=Signature(
        paths=("/toy/say",),
        request=lambda body: 50_000 if "lines" in body else 0,
        answer=lambda body: "says" in body or "oops" in body,
        event=lambda body: "bit" in body,
    ),
)

TOY = Api(
    name="toy",
    label="Toy",
    dialects=(SAY,),
    prefixes=("/toy",),
    operations=(Operation("post", "/toy/say", "Say something", ("model", "lines"), streams=True),),
)
