"""The pages' Content-Security-Policy: a browser loads and runs only what this server sends.

A model's text is drawn as Markdown and diagrams. An address in it must not be fetched, since it
could leak a conversation. The exceptions are what Streamlit 1.67 needs beyond its own files.
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import streamlit

_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def page_policy() -> str:
    """Return the Content-Security-Policy of the pages (CSP level 3)."""
    page = (Path(streamlit.__file__).parent / "static/index.html").read_text("utf-8")
    scripts = " ".join(f"'sha256-{_hash(text)}'" for text in _INLINE.findall(page))
    rules = {
        "default-src": "'self'",
        # Components are handed over as text, which the frontend imports from a blob; charts and
        # the data grid compile WebAssembly.
        "script-src": f"'self' blob: 'wasm-unsafe-eval' {scripts}".strip(),
        # Streamlit's frontend styles everything by rules that it writes while it runs.
        "style-src": "'self' 'unsafe-inline'",
        "font-src": "'self' data:",
        "img-src": "'self' data: blob:",
        "media-src": "'self' data: blob:",
        "worker-src": "'self' blob:",
        "connect-src": "'self'",
        "frame-src": "'self' blob:",
        "frame-ancestors": "'self'",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
