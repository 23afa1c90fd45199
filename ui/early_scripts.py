"""Names the scripts that a page will need, with the page itself.

Streamlit's frontend asks for what draws an element when the first one has come, and that for what
it is made of: four waits one after another before anything of a chat is seen. With the names in a
header of the page (RFC 8288; HTML, "modulepreload") a browser fetches and compiles all at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import streamlit
from starlette.types import ASGIApp, Receive, Scope, Send

from ui.chat.routes import ASSETS, entry_script, home
from ui.session.identity import with_page_header

_DRAWN = ("BidiComponent", "Button", "ButtonGroup", "Html")
"""The elements that every page has, by the names of Streamlit's files (1.67)."""

_IMPORT = re.compile(r"(?:from|import)\s*[\"'`]\./([\w.-]+\.js)[\"'`]")


class EarlyScripts:
    """Adds the header to the pages."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._header = (b"link", preload_header().encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; add the header to HTML."""
        if scope["type"] == "http" and scope["method"] == "GET":
            send = with_page_header(send, self._header)
        await self._app(scope, receive, send)


def preload_header() -> str:
    """Return the value of the header: Streamlit's scripts, and those of the pages' parts."""
    frontend = Path(streamlit.__file__).parent / "static"
    folder = frontend / "static/js"
    drawn = (found for name in _DRAWN for found in sorted(folder.glob(f"{name}.*.js")))
    page = (frontend / "index.html").read_text("utf-8")
    # What the page itself names is on its way.
    theirs = [one for one in _with_imports(folder, drawn) if f"/{one}" not in page]
    ours = _with_imports(ASSETS, [ASSETS / entry_script()])
    addresses = [
        *(f"./static/js/{name}" for name in theirs),
        *(f"{home()}/assets/{name}" for name in ours),
    ]
    return ", ".join(f"<{one}>; rel=modulepreload; crossorigin" for one in addresses)


def _with_imports(folder: Path, scripts: Iterable[Path]) -> list[str]:
    """Return the names of scripts and of all that they cannot run without."""
    names: dict[str, None] = {}
    left = [script.name for script in scripts]
    while left:
        name = left.pop(0)
        if name not in names and (folder / name).is_file():
            names[name] = None
            left += _IMPORT.findall((folder / name).read_text("utf-8"))
    return list(names)
