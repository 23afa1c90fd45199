"""The process that reads one file.

Started as a script by core.documents.reading. Standard input has one line of JSON, the orders, and
then the bytes of the file; standard output gets one JSON value a line: ``{"piece": text}`` as the
reading goes on, then ``{"end": {"pages", "read", "cut"}}`` or ``{"refused": reason}``.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Value = dict[str, Any]

Pieces = Iterator[tuple[int, int, str]]
"""How many pages there are, and the number and the text of the next one or a piece of it; 0 and 0
where there are none."""


def main() -> None:
    """Read the file on standard input."""
    orders = json.loads(sys.stdin.buffer.readline())
    data = io.BytesIO(sys.stdin.buffer.read())
    # What libraries print is not for whoever reads the pieces.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.path.insert(0, str(Path(__file__).parents[2]))
    read, walls = _tools(orders["kind"])
    walls(memory=orders["memory"], processor=orders["processor"])
    try:
        end = _read(read(data), orders, lambda piece: _say(out, piece))
    except MemoryError:
        end = {"refused": "memory"}
    except RecursionError:
        end = {"refused": "damaged"}
    except Exception as exc:
        # Whatever a library says of a file that it cannot read.
        end = {"refused": getattr(exc, "reason", "damaged"), "said": repr(exc)[:500]}
    _say(out, end)
    os._exit(0)


def _tools(kind: str) -> tuple[Callable[[io.BytesIO], Pieces], Callable[..., None]]:
    from core.documents.walls import raise_walls

    if kind == "pdf":
        from core.documents.formats.pdf import read_pdf as read
    elif kind == "docx":
        from core.documents.formats.word import read_word as read
    elif kind == "xlsx":
        from core.documents.formats.sheets import read_sheets as read
    else:
        from core.documents.formats.slides import read_slides as read
    return read, raise_walls


def _read(pieces: Pieces, orders: Value, say: Callable[[Value], None]) -> Value:
    left = orders["text"]
    for pages, number, text in pieces:
        if number > orders["pages"]:
            return {"end": "pages"}
        say({"piece": text[:left], "page": number, "pages": pages})
        left -= len(text)
        if left < 0:
            return {"end": "text"}
    return {"end": ""}


def _say(out: Any, value: Value) -> None:
    out.write(json.dumps(value) + "\n")
    out.flush()


if __name__ == "__main__":
    main()
