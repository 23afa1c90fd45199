"""What masking costs: every request and answer is looked through, so it must cost little.

Time is told in passes: that in which the interpreter writes the same bytes in small letters.
"""

from __future__ import annotations

import json
import sysconfig
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from core.exchanges.masking import mask_body, mask_pieces

ROOT = Path(__file__).parent.parent.parent


def quickest(call: Callable[[], object]) -> float:
    times = []
    for _ in range(7):
        began = time.process_time()
        call()
        times.append(time.process_time() - began)
    return min(times)


def bodies(kind: str) -> list[bytes]:
    if kind == "images":
        data = b64encode(bytes.fromhex("89504e470d0a1a0a") + Random(1).randbytes(700_000))
        return [json.dumps({"images": [data.decode()]}).encode()]
    if kind == "code":
        files = [*Path(sysconfig.get_path("stdlib")).glob("*.py")]
    else:
        files = [*ROOT.glob(f"docs/{kind[:2]}/*.md")]
    texts = [path.read_text("utf-8", "replace") for path in sorted(files)]
    return [
        json.dumps({"messages": [{"role": "user", "content": text}]},
                   ensure_ascii=kind == "zh escaped").encode()
        for text in texts
    ]  # fmt: skip


@pytest.mark.parametrize(("kind", "passes"), [("code", 25), ("images", 60), ("en", 90),
                                              ("zh", 90), ("zh escaped", 90)])  # fmt: skip
def test_a_body_is_looked_through_in_a_few_passes(kind: str, passes: int) -> None:
    """A third of it is measured; our own documents speak of keys all the time."""
    texts = bodies(kind)
    one = quickest(lambda: [text.lower() for text in texts])
    assert quickest(lambda: [mask_body(text) for text in texts]) < passes * one


def test_words_are_looked_for_once_in_their_envelopes_and_once_joined() -> None:
    words = (ROOT / "docs/en/architecture.md").read_text("utf-8").split(" ")
    pieces = [
        json.dumps({"model": "m", "message": {"role": "assistant", "content": f"{word} "},
                    "created_at": "2026-11-29T07:50:00.123456789Z", "done": False}).encode() + b"\n"
        for word in words
    ]  # fmt: skip
    whole = b"".join(pieces)
    one = quickest(lambda: whole.lower())
    assert mask_pieces(pieces) is None
    assert quickest(lambda: mask_pieces(pieces)) < 90 * one
