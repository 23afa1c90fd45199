"""An error as a card: what happened, why, what helps, and what the server itself said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from core.backends.hidden_addresses import HiddenAddresses
from core.error_kinds import fault_kind
from core.words import say

Cure = Literal["", "pull", "retry"]

# Where the words are the only explanation they are shown at once.
_UNEXPLAINED = frozenset({"other", "file_refused", "import_refused", "pull_failed", "config_error"})
_AWAY = frozenset({"backend_refused", "refused_in_container", "backend_unavailable"})


class FaultView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One error. ``command`` is what to type somewhere, ``said`` the server's own words.

    ``cure`` is what a button can do at once, and ``cure_words`` what stands on it.
    """

    kind: str
    title: str
    cause: str
    command: str = ""
    said: str = ""
    open: bool = False
    cure: Cure = ""
    cure_words: str = ""
    model: str = ""


def fault_view(
    error: Mapping[str, Any],
    language: str,
    *,
    model: str = "",
    demo: bool = False,
    addresses: HiddenAddresses | None = None,
) -> FaultView:
    """Return the card of an error (``code``, ``message`` and ``status``) with an answer of a model.

    A ``demo`` fetches no models. ``addresses`` are hidden; None for an operator.
    """
    kind = fault_kind(error)
    cure: Cure = ""
    if kind == "model_not_found" and model and not demo:
        cure = "pull"
    elif kind in _AWAY:
        cure = "retry"
    said = {"pull": "models.pull_it", "retry": "error.retry"}.get(cure)
    return FaultView(
        kind=kind,
        title=say(f"error.{kind}.title", language),
        cause=say(f"error.{kind}.cause", language),
        command=say(f"error.{kind}.command", language).replace("{model}", model),
        said=str((addresses.facts(error) if addresses else error).get("message", "")),
        open=kind in _UNEXPLAINED,
        cure=cure,
        cure_words=say(said, language, {"model": model}) if said else "",
        model=model,
    )
