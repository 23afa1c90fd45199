"""The rows of tools in the chat dialects, and of the calls that are written in other ways."""

from __future__ import annotations

from core.translation.fields.field import Field, chat_row, same_row

_TOOLS = [
    same_row("tools.type", "tools[].type", note="tool_type"),
    same_row("tools.name", "tools[].function.name"),
    same_row("tools.description", "tools[].function.description"),
    same_row("tools.parameters", "tools[].function.parameters", opaque=True),
    chat_row(
        "tools.strict", openai="tools[].function.strict", neutral=(False,), note="strict_tool"
    ),
    chat_row(
        "tool_choice",
        openai="tool_choice",
        retyped=True,
        opaque=True,
        neutral=("auto", "none"),
        note="tool_choice_native",
    ),
]

# The form of another API, which is read here, too.
_BARE = [
    chat_row(f"tools.{name}", ollama=f"tools[].function.{name}", openai=f"tools[].{key}",
             alias=True, opaque=name == "parameters", note="tool_form")
    for key, name in (("name", "name"), ("description", "description"),
                      ("parameters", "parameters"), ("input_schema", "parameters"))
]  # fmt: skip

# Tools that take text, and calls of them.
_CUSTOM = [
    *(
        chat_row(
            f"tools.{name}",
            ollama=f"tools[].function.{name}",
            openai=f"tools[custom].custom.{key}",
            alias=True,
            retyped=key == "format",
            opaque=key == "format",
            note="text_tool",
        )
        for key, name in (
            ("name", "name"),
            ("description", "description"),
            ("format", "parameters"),
        )
    ),
    chat_row(
        "tools.type",
        ollama="tools[].type",
        openai="tools[custom].type",
        alias=True,
        retyped=True,
        note="text_tool",
    ),
    chat_row(
        "call.name",
        ollama="messages[].tool_calls[].function.name",
        openai="messages[].tool_calls[custom].custom.name",
        alias=True,
        note="text_tool",
    ),
    chat_row(
        "call.arguments",
        ollama="messages[].tool_calls[].function.arguments",
        openai="messages[].tool_calls[custom].custom.input",
        alias=True,
        retyped=True,
        opaque=True,
        note="text_tool",
    ),
]

# The older way to write tools; calls and results in messages have older forms, too.
_FUNCTIONS = [
    *(
        chat_row(
            f"tools.{name}",
            ollama=f"tools[].function.{name}",
            openai=f"functions[].{name}",
            alias=True,
            opaque=name == "parameters",
            note="legacy_functions",
        )
        for name in ("name", "description", "parameters")
    ),
    chat_row(
        "tool_choice",
        openai="function_call",
        alias=True,
        retyped=True,
        opaque=True,
        neutral=("auto", "none"),
        note="tool_choice_native",
    ),
    chat_row(
        "call.name",
        ollama="messages[].tool_calls[].function.name",
        openai="messages[].function_call.name",
        alias=True,
        note="legacy_functions",
    ),
    chat_row(
        "call.arguments",
        ollama="messages[].tool_calls[].function.arguments",
        openai="messages[].function_call.arguments",
        alias=True,
        retyped=True,
        opaque=True,
        note="legacy_functions",
    ),
]

TOOL_FIELDS: tuple[Field, ...] = (*_TOOLS, *_BARE, *_CUSTOM, *_FUNCTIONS)
