"""Tools that an API knows by their type and that its client runs itself: shells, editors, screens.

Their schemas are in the API, not in the request. Any model that calls functions can call them once
the schema is written out, and the client gets the calls in its own form.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.translation.codec.json import encode_json
from core.translation.messages import Tool

_INTEGER = {"type": "integer"}
_PAIR = {"type": "array", "items": {"type": "integer"}}


def text(description: str = "", *words: str) -> dict[str, Any]:
    """Return the schema of a string, of one of ``words`` where there are any."""
    schema: dict[str, Any] = {"type": "string"}
    if words:
        schema["enum"] = list(words)
    return {**schema, "description": description} if description else schema


def schema_of(*required: str, **properties: Any) -> dict[str, Any]:
    """Return the schema of an object."""
    return {"type": "object", "properties": properties, "required": list(required)}


def with_details(tool: Tool, said: Mapping[str, Any]) -> Tool:
    """Return a tool whose description ends in what the request says of it, a line each."""
    lines = [f"{key}: {encode_json(value).decode()}" for key, value in said.items()]
    return Tool(
        name=tool.name,
        description="\n".join([tool.description, *lines]),
        parameters=tool.parameters,
        strict=tool.strict,
    )


def _edits(replaced: str) -> dict[str, Any]:
    """Return the properties of what views and changes a text file, by command."""
    return {
        "view_range": {**_PAIR, "description": "For view: the first and the last line."},
        "file_text": text("For create: the content of the file."),
        "old_str": text(replaced),
        "new_str": text("For str_replace: the new text."),
        "insert_line": {**_INTEGER, "description": "For insert: the line to insert after."},
        "insert_text": text("For insert: the new text."),
    }


_PATH = text("An absolute path.")

# docs.claude.com: bash tool, text editor tool, computer use tool, memory tool (2026-08).
ANTHROPIC: Mapping[str, Tool] = {
    "bash": Tool(
        name="bash",
        description="Runs a command in a shell that stays open between calls.",
        parameters=schema_of(
            command=text("What to run."),
            restart={"type": "boolean", "description": "Start the shell anew instead."},
        ),
    ),
    "text_editor": Tool(
        name="str_replace_based_edit_tool",
        description="Views, creates and edits text files.",
        parameters=schema_of(
            "command",
            "path",
            command=text("", "view", "create", "str_replace", "insert", "undo_edit"),
            path=_PATH,
            **_edits("For str_replace: the text to replace, which must stand there once."),
        ),
    ),
    "computer": Tool(
        name="computer",
        description="Controls a screen, a mouse and a keyboard. Take a screenshot to see.",
        parameters=schema_of(
            "action",
            action=text("", "screenshot", "left_click", "right_click", "middle_click",
                        "double_click", "triple_click", "left_click_drag", "left_mouse_down",
                        "left_mouse_up", "mouse_move", "cursor_position", "key", "hold_key", "type",
                        "scroll", "wait", "zoom"),
            coordinate={**_PAIR, "description": "x and y in pixels."},
            start_coordinate={**_PAIR, "description": "For left_click_drag: where it begins."},
            region={**_PAIR, "description": "For zoom: two corners, four numbers."},
            text=text("For type, key and hold_key: what to type or press."),
            scroll_direction=text("", "up", "down", "left", "right"),
            scroll_amount=_INTEGER,
            duration={"type": "number", "description": "For wait and hold_key: seconds."},
        ),
    ),
    "memory": Tool(
        name="memory",
        description="Keeps notes in files below /memories. Look there before you start.",
        parameters=schema_of(
            "command",
            command=text("", "view", "create", "str_replace", "insert", "delete", "rename"),
            path=text("A path below /memories."),
            **_edits("For str_replace: the text to replace."),
            old_path=text("For rename: the path as it is."),
            new_path=text("For rename: the path as it shall be."),
        ),
    ),
}  # fmt: skip
"""Anthropic's, by the type without its date."""

_COMPUTER = schema_of(
    "type",
    type=text("", "click", "double_click", "drag", "keypress", "move", "screenshot", "scroll",
              "type", "wait"),
    x=_INTEGER, y=_INTEGER, button=text("", "left", "right", "wheel", "back", "forward"),
    path={"type": "array", "items": schema_of("x", "y", x=_INTEGER, y=_INTEGER)},
    keys={"type": "array", "items": text()}, scroll_x=_INTEGER, scroll_y=_INTEGER,
    text=text("For type: what to type."),
)  # fmt: skip
_COMMAND = {"type": "array", "items": text()}

# OpenAI API reference, responses: tools and the items of their calls (2026-11).
RESPONSES: Mapping[str, Tool] = {
    "local_shell": Tool(
        name="local_shell",
        description="Runs a program on the user's machine.",
        parameters=schema_of(
            "command",
            command={**_COMMAND, "description": "The program and its arguments, one a word."},
            working_directory=text(),
            timeout_ms=_INTEGER,
        ),
    ),
    "shell": Tool(
        name="shell",
        description="Runs commands in the user's shell.",
        parameters=schema_of(
            "commands",
            commands={**_COMMAND, "description": "The command lines."},
            timeout_ms=_INTEGER,
            max_output_length=_INTEGER,
        ),
    ),
    "apply_patch": Tool(
        name="apply_patch",
        description="Creates, updates or deletes a file.",
        parameters=schema_of(
            "type",
            "path",
            type=text("", "create_file", "update_file", "delete_file"),
            path=text(),
            diff=text("For create_file and update_file: the change as a V4A diff."),
        ),
    ),
    "computer_use_preview": Tool(
        name="computer", description="Controls a screen, a mouse and a keyboard.",
        parameters=_COMPUTER,
    ),
    "computer": Tool(
        name="computer", description="Controls a screen, a mouse and a keyboard.",
        parameters=_COMPUTER,
    ),
}  # fmt: skip
"""OpenAI's, by type."""
