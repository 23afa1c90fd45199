"""Which blocks of a passed stream are not looked at. That this changes nothing is a law."""

from __future__ import annotations

import json
from typing import Any
from unittest import mock

import pytest

from core.translation.conversions.passed_stream import PassedStream
from core.translation.stamp import Stamp

STAMP = Stamp(id="1", created=1_700_000_000_000_000_000, model="mine")
WORDS = ["it", " is", " 你好", "\n", ' "quoted"', " a\\b", " error", " [DONE]"]


def event(text: str | None) -> bytes:
    choice: dict[str, Any] = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    if text is None:
        choice |= {"delta": {}, "finish_reason": "stop"}
    body = {"id": "c", "created": 1, "model": "theirs", "choices": [choice]}
    return b"data: " + json.dumps(body, ensure_ascii=False).encode() + b"\n\n"


def line(text: str | None) -> bytes:
    message = {"role": "assistant", "content": text or ""}
    body: dict[str, Any] = {"model": "theirs", "created_at": "2026-11-29T07:50:00.123456789Z",
                            "message": message, "done": text is None}  # fmt: skip
    if text is None:
        body |= {"done_reason": "stop", "eval_count": 3}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


STREAMS = {
    "openai": [*(event(word) for word in WORDS * 9), event(None), b"data: [DONE]\n\n"],
    "ollama": [*(line(word) for word in WORDS * 9), line(None)],
}


@pytest.mark.parametrize("dialect", STREAMS)
@pytest.mark.parametrize("rename", [False, True])
@pytest.mark.parametrize("at_once", [False, True])
def test_blocks_of_a_known_form_are_not_looked_at(
    dialect: str, rename: bool, at_once: bool
) -> None:
    reads = STREAMS[dialect]
    whole = b"".join(reads)
    passed = PassedStream(dialect, STAMP, rename=rename)
    with mock.patch.object(PassedStream, "_passed", autospec=True,
                           side_effect=PassedStream._passed) as looked:  # noqa: SLF001  # fmt: skip
        out = b"".join(passed.feed(data, now=1) for data in ([whole] if at_once else reads))
    assert looked.call_count <= 4  # the first, whose form the others have, and the end
    assert passed.finish is not None
    records = [json.loads(part.removeprefix(b"data: ")) for part in out.split(b"\n")
               if part.startswith((b"data: {", b"{"))]  # fmt: skip
    assert {record["model"] for record in records} == {"mine" if rename else "theirs"}
    said = [record["message"] if dialect == "ollama" else record["choices"][0]["delta"]
            for record in records]  # fmt: skip
    assert "".join(one.get("content", "") for one in said) == "".join(WORDS * 9)
