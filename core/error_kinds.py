"""What kind of trouble an error is, so that an interface can say its cause and its cure.

Servers of models say most of it in words alone. The words below are those of Ollama 0.17 to 0.33,
llama.cpp's server (2026) and vLLM 0.11, and for what clients act on those of LM Studio, SGLang, TGI
and the big providers; what is said in others is the kind ``other``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import DiglotError

_SAID: tuple[tuple[str, str], ...] = (
    ("no_tools", r"does not support tools"),
    (
        "no_vision",
        r"cannot see images|image input is not supported|missing data required for image",
    ),
    (
        "out_of_memory",
        r"requires more system memory|out of memory|OOM|cudaMalloc failed|unable to allocate"
        r"|insufficient memory|KV cache is not enough",
    ),
    (
        "context_exceeded",
        r"exceeds?(?:ed)? (?:the |max |the model's |model's )?(?:available |maximum )?context"
        r"|maximum context length|maximum prompt length|context length of only"
        r"|greater than the context length|context size has been exceeded"
        r"|longer than the (?:maximum model length|model's context length)"
        r"|input length (?:exceeds|and `max_tokens` exceed)|prompt (?:is )?too long"
        r"|token count .{0,40}exceeds the maximum|too large for model with"
        r"|reduce the length of the (?:messages|prompt|input)|too many (?:input )?tokens"
        r"|tokens \+ `max_new_tokens` must be",
    ),
    ("model_not_found", r"^model .{1,200} not found|model .{1,200} does not exist"),
    ("disk_full", r"no space left on device"),
)
_TOO_LONG = dict(_SAID)["context_exceeded"]
_CODES = frozenset(
    {
        "access_denied",
        "address_refused",
        "backend_busy",
        "backend_cut",
        "backend_refused",
        "backend_timeout",
        "backend_unavailable",
        "busy",
        "config_error",
        "file_refused",
        "gguf_missing",
        "gguf_other",
        "import_refused",
        "import_too_large",
        "invalid_response",
        "model_not_found",
        "no_known_api",
        "not_found",
        "pull_failed",
        "rate_limited",
        "store_unavailable",
        "unexpected",
    }
)

KINDS = frozenset({*_CODES, *(kind for kind, _ in _SAID), "refused_in_container", "other"})
"""All kinds that there are."""


def error_facts(error: DiglotError) -> dict[str, Any]:
    """Return what is kept of an error with an answer: its code, words and status."""
    return {"code": error.code, "message": error.message, "status": error.status}


def is_too_long(message: str) -> bool:
    """Tell whether a server says that a request does not fit into a model's context."""
    return re.search(_TOO_LONG, message, re.IGNORECASE) is not None


def fault_kind(facts: Mapping[str, Any], *, container: bool | None = None) -> str:
    """Return the kind of an error of which ``facts`` are known.

    ``container`` tells whether this process runs in one, where localhost is not the machine;
    None means to look.
    """
    message = str(facts.get("message", ""))
    for kind, words in _SAID:
        if re.search(words, message, re.IGNORECASE if kind != "out_of_memory" else 0):
            return kind
    code = str(facts.get("code", ""))
    if code == "backend_refused":
        inside = _in_container() if container is None else container
        local = re.search(r"localhost|127\.0\.0\.1|\[::1\]", message)
        return "refused_in_container" if inside and local else code
    if code in _CODES:
        return code
    return "access_denied" if facts.get("status") in (401, 403) else "other"


def _in_container() -> bool:
    return Path("/.dockerenv").exists() or Path("/run/.containerenv").exists()
