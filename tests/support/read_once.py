"""The certificates that clients trust, read once for all of them."""

from __future__ import annotations

import functools
import sys
from typing import Any

__all__ = ["share_certificates"]


def share_certificates() -> None:
    """Let httpx, where it is loaded, read the certificates that it trusts once in this process.

    Each of its clients reads all of them anew, even one that asks a server on loopback a single
    question without TLS: that takes longer than most answers, and tests make thousands of clients.
    """
    for package in ("httpx", "httpx2"):
        module: Any = sys.modules.get(f"{package}._transports.default")
        if module is not None and not hasattr(module.create_ssl_context, "cache_info"):
            module.create_ssl_context = functools.cache(module.create_ssl_context)
