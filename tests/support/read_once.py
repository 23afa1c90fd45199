"""What is the same for all tests of a process, read once for all of them."""

from __future__ import annotations

import functools
import sys
from typing import Any

__all__ = ["read_once"]


def read_once() -> None:
    """Let libraries that are loaded read once what they would else read again in each test.

    Each client of httpx reads all certificates that it trusts, even one that asks a server on
    loopback a single question without TLS: that takes longer than most answers, and tests make
    thousands of clients. Each run of a page in Streamlit's AppTest reads the descriptions of all
    packages, to find its components: four fifths of its time.
    """
    for package in ("httpx", "httpx2"):
        _once(f"{package}._transports.default", "create_ssl_context")
    if "streamlit.testing.v1" in sys.modules:
        from streamlit.components.v2 import manifest_scanner

        _once(manifest_scanner.__name__, "scan_component_manifests")


def _once(module: str, name: str) -> None:
    there: Any = sys.modules.get(module)
    if there is not None and not hasattr(getattr(there, name), "cache_info"):
        setattr(there, name, functools.cache(getattr(there, name)))
