"""The article that Diglot implements, cut into its commands and scripts.

It lies beside the repository, not in it. Only ports are changed, and only if they are taken.
"""

from __future__ import annotations

import textwrap

import pytest

from tests.support.programs import ROOT

_FOLDER = ROOT.parent / "shared" / "seed"


def _lines() -> list[str] | None:
    texts = sorted(_FOLDER.glob("*.txt"))
    return texts[0].read_text("utf-8").splitlines() if texts else None


def block(start: str, end: str, *, last: bool = False, number: int = 0) -> str:
    """Return the lines from the one that starts with ``start`` to before ``end``, dedented.

    ``last`` takes the line of ``end`` too. ``start`` may hold several lines; ``number`` says
    which of several blocks. Skips the test where the text is not there.
    """
    lines = _lines()
    if lines is None:
        pytest.skip("the text that Diglot implements does not lie beside this checkout")
    opening = start.splitlines()
    starts = [
        i
        for i in range(len(lines))
        if all(lines[i + k].strip().startswith(line) for k, line in enumerate(opening))
    ]
    first = starts[number]
    stop = next(i for i in range(first, len(lines)) if lines[i].strip().startswith(end))
    return textwrap.dedent("\n".join(lines[first : stop + last])) + "\n"


def seed_config() -> str:
    """Return the text's config.yaml, or the example that says the same."""
    if _lines() is None:
        return (ROOT / "examples/config.yaml").read_text("utf-8")
    return block("# config.yaml", "步骤2")
