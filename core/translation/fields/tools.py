"""The rows of tools in the chat dialects, and of the calls that are written in other ways."""

from __future__ import annotations

from core.translation.fields.field import Field, chat_row, other_rows, same_row

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

_NATIVE = "tools[].function"
_CALLED = "messages[].tool_calls[].function"
# The form of another API, which is read here, too.
_BARE = [
    row
    for name, keys in (("name", ("name",)), ("description", ("description",)),
                       ("parameters", ("parameters", "input_schema")))
    for row in other_rows(f"tools.{name}", f"{_NATIVE}.{name}", *(f"tools[].{key}" for key in keys),
                          opaque=name == "parameters", note="tool_form")
]  # fmt: skip
# Tools that take text, and calls of them.
_CUSTOM = [
    *other_rows("tools.name", f"{_NATIVE}.name", "tools[custom].custom.name", note="text_tool"),
    *other_rows("tools.description", f"{_NATIVE}.description",
                "tools[custom].custom.description", note="text_tool"),
    *other_rows("tools.parameters", f"{_NATIVE}.parameters", "tools[custom].custom.format",
                retyped=True, opaque=True, note="text_tool"),
    *other_rows("tools.type", "tools[].type", "tools[custom].type", retyped=True,
                note="text_tool"),
    *other_rows("call.name", f"{_CALLED}.name", "messages[].tool_calls[custom].custom.name",
                note="text_tool"),
    *other_rows("call.arguments", f"{_CALLED}.arguments",
                "messages[].tool_calls[custom].custom.input",
                retyped=True, opaque=True, note="text_tool"),
]  # fmt: skip
# The older way to write tools; calls and results in messages have older forms, too.
_FUNCTIONS = [
    *(
        row
        for name in ("name", "description", "parameters")
        for row in other_rows(f"tools.{name}", f"{_NATIVE}.{name}", f"functions[].{name}",
                              opaque=name == "parameters", note="legacy_functions")
    ),
    *other_rows("tool_choice", "", "function_call", retyped=True, opaque=True,
                neutral=("auto", "none"), note="tool_choice_native"),
    *other_rows("call.name", f"{_CALLED}.name", "messages[].function_call.name",
                note="legacy_functions"),
    *other_rows("call.arguments", f"{_CALLED}.arguments", "messages[].function_call.arguments",
                retyped=True, opaque=True, note="legacy_functions"),
]  # fmt: skip
TOOL_FIELDS: tuple[Field, ...] = (*_TOOLS, *_BARE, *_CUSTOM, *_FUNCTIONS)
