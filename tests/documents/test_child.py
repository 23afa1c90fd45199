"""The process that reads a file, as it is started: what it is given and what it says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import core.documents.child
from tests.support.documents import pdf

ORDERS = {"kind": "pdf", "pages": 2, "text": 1000, "memory": 1 << 30, "processor": 20}


def said(data: bytes, **orders: Any) -> list[dict[str, Any]]:
    script = Path(core.documents.child.__file__)
    done = subprocess.run(
        [sys.executable, "-P", str(script)],
        input=json.dumps({**ORDERS, **orders}).encode() + b"\n" + data,
        capture_output=True,
        cwd="/",
        timeout=60,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_it_says_each_page_and_its_end() -> None:
    one, two, end = said(pdf(["a", "b", "c"]))
    assert (one, two) == (
        {"piece": "a", "page": 1, "pages": 3}, {"piece": "b", "page": 2, "pages": 3}
    )  # fmt: skip
    assert end == {"end": "pages"}
    assert said(pdf(["abc"]), text=2)[1:] == [{"end": "text"}]
    assert said(pdf(["abc"]))[1:] == [{"end": ""}]


def test_it_says_what_it_cannot_read() -> None:
    (refused,) = said(b"%PDF-")
    assert refused["refused"] == "damaged" and refused["said"]
