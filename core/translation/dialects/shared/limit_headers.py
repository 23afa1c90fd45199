"""The headers that tell a client what is left of a limit, as most APIs name them."""

from __future__ import annotations


def x_ratelimit(
    what: str, limit: int, left: int, at: float, after: float
) -> list[tuple[bytes, bytes]]:
    """Return OpenAI's headers for ``what``, "requests" or "tokens". ``after`` is in seconds."""
    del at
    pairs = (("limit", str(limit)), ("remaining", str(left)), ("reset", f"{after:.3f}s"))
    return [(f"x-ratelimit-{name}-{what}".encode(), value.encode()) for name, value in pairs]
