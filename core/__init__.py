"""Diglot. As a library it translates between Ollama's API, OpenAI's and Anthropic's.

What is named here is the translation: pure functions, without a server, a clock or a socket.
Everything else (the gateway, backends, chats, tools) is imported from the module that holds it.

    from core import Stamp, translate_request
    translate_request(body, source="openai", target="ollama")

Each name is loaded when it is first asked for, so that ``import core`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.errors import (
        BackendError,
        DiglotError,
        InvalidRequest,
        InvalidResponse,
        Unsupported,
    )
    from core.translation.dialects.registry import DIALECTS, register
    from core.translation.report.report import explain_request
    from core.translation.report.rows import ReportRow
    from core.translation.stamp import Stamp
    from core.translation.translate import (
        StreamTranslator,
        translate_request,
        translate_response,
    )

__all__ = [
    "DIALECTS",
    "BackendError",
    "DiglotError",
    "InvalidRequest",
    "InvalidResponse",
    "ReportRow",
    "Stamp",
    "StreamTranslator",
    "Unsupported",
    "explain_request",
    "register",
    "translate_request",
    "translate_response",
]

_HOMES = {
    "core.errors": ("BackendError", "DiglotError", "InvalidRequest", "InvalidResponse",
                    "Unsupported"),
    "core.translation.dialects.registry": ("DIALECTS", "register"),
    "core.translation.report.report": ("ReportRow", "explain_request"),
    "core.translation.stamp": ("Stamp",),
    "core.translation.translate": ("StreamTranslator", "translate_request", "translate_response"),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
