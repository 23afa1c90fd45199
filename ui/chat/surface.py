"""The transcript and the composer.

The page's script gives them what is asked with and whose it is; what a chat holds they get by the
routes in ui.chat.routes, and only what happens outside of them comes back here, as an event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from core.chats.values.chat import PAGE_DIALECTS, ChatOptions
from core.words import words
from ui.chat.script import Heard, heard_of, show_part
from ui.words import language, t

WORDS = (
    "answer_now approve approve_always approve_no approve_once again_api again_model "
    "apis_differ arguments ask_instead attach bad blind branch cancel copy copy_text "
    "delete_from deleted diagram diagram_source discard draw_diagram earlier edit edit_answer "
    "edit_answer_hint edit_hint edit_send go_on_from goes_on good image input input_busy link "
    "lost lost_cause messages more newest queued refused regenerate remove_file result running "
    "save send send_again stop system_message thinking title undo unsaved unsent version_back "
    "version_on wire wire_width write_on"
).split()
OTHER_WORDS = (
    "empty.title", "error.diagnosis", "error.said", "files.preview", "files.reading",
    "search.assistant", "search.user",
)  # fmt: skip


def show_surface(
    owner: str, options: Sequence[ChatOptions], about: Mapping[str, Any], heard: Heard
) -> None:
    """Draw them. ``about`` is what else they are told, by the names in web/src/types.ts."""
    phases = [key for key in words(language()) if key.startswith("phase.")]
    data = {
        "options": msgspec.to_builtins([one for one in options if one.model]),
        "apis": {name: t(f"api.{name}") for name in PAGE_DIALECTS},
        # What was clicked at the side is drawn here at once, until the page's script has it.
        "side": heard_of("side"),
        # The options are those of what was picked up to this event.
        "picked": heard_of("models"),
        **about,
    }
    said = [*(f"chat.{name}" for name in WORDS), *OTHER_WORDS, *phases]
    show_part("chat", owner, said, data, heard)
