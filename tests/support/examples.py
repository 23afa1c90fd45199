"""How many examples Hypothesis tries, where a law asks for its own number."""

from __future__ import annotations

import os

EXAMPLES = int(os.environ.get("DIGLOT_EXAMPLES", "100"))
"""How many a law is tried with that asks for no number."""


def examples(usual: int) -> int:
    """Return a law's own number, or fewer of them where a run asks for few of all laws."""
    return min(usual, max(1, usual * EXAMPLES // 100))
