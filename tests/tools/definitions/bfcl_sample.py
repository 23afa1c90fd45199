"""Definitions in the format of the Berkeley function calling leaderboard, made for the tests.

Every word for a type that the leaderboard's sets use (Python's, Java's, JavaScript's), in every
place where one can stand, and the keys that their definitions hold besides.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

PYTHON = ("string", "integer", "float", "boolean", "dict", "array", "tuple", "any", "number",
          "null", "object")  # fmt: skip
JAVA = ("String", "Boolean", "char", "byte", "short", "long", "double", "int", "float", "Array",
        "ArrayList", "HashMap", "Hashtable", "Queue", "Stack", "Set", "any")  # fmt: skip
JAVASCRIPT = ("String", "Boolean", "Number", "Bigint", "Array", "Map", "dict", "any")

TOPICS = ("weather.forecast", "math.factorial", "calendar_add", "stocks.price",
          "Geometry.create", "uber.ride", "get_song", "chess.move")  # fmt: skip


def prop(word: str, inner: str = "string") -> dict[str, Any]:
    """Return a property of a type, with what such a property usually says."""
    schema: dict[str, Any] = {"type": word, "description": f"A value, {word}. 一个值。"}
    if word.lower() in ("array", "tuple", "arraylist", "queue", "stack", "set", "list"):
        schema["items"] = {"type": inner}
    if word.lower() in ("dict", "hashmap", "hashtable", "object", "map"):
        schema["properties"] = {"x": {"type": inner, "description": "Inside."}}
        schema["required"] = ["x"]
    return schema


def function(name: str, properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return one definition."""
    required = more.pop("required", list(properties)[:1])
    return {
        "name": name,
        "description": f"{name}: does what it is called. Note that the provided function is in "
        "Python 3 syntax.",
        "parameters": {"type": "dict", "properties": properties, "required": required},
        **more,
    }


def definitions() -> Iterator[dict[str, Any]]:
    """Yield the sample, 168 definitions."""
    for language in (PYTHON, JAVA, JAVASCRIPT):
        for index, word in enumerate(language):
            topic = TOPICS[index % len(TOPICS)]
            # The type alone, one inside another, and beside others with defaults and enums.
            yield function(f"{topic}_{word}", {"value": prop(word)})
            yield function(f"{topic}_of_{word}", {
                "rows": prop(language[0], word) if language is JAVASCRIPT else prop("array", word),
                "table": prop("dict", word),
            })  # fmt: skip
            yield function(f"{topic}_opt_{word}", {
                "value": {**prop(word), "default": None, "optional": True},
                "unit": {"type": language[0], "enum": ["a", "b", "c"], "default": "a",
                         "description": "The unit."},
            })  # fmt: skip
            yield function(
                f"{topic}.deep_{word}",
                {"tree": {"type": "array", "items": {"type": "tuple", "items": prop(word)},
                          "minItems": 1, "description": "Deep."}},
                response={"type": "dict", "properties": {"ok": {"type": "boolean"}}},
            )  # fmt: skip
    yield function("no_parameters", {}, required=[])
    yield {"name": "bare", "description": "", "parameters": {"type": "dict", "properties": {}}}
    yield function(
        "limits", {"n": {"type": "float", "minimum": 0, "maximum": 1, "format": "float"}}
    )
    yield function("many_types", {"v": {"type": ["string", "float"], "description": "Either."}})
    yield function("named_type", {"type": {"type": "any"}, "properties": {"type": "tuple",
                                  "items": {"type": "float"}}})  # fmt: skip
    yield function(
        "either", {"v": {"anyOf": [{"type": "dict", "properties": {}}, {"type": "float"}]}}
    )
    yield function("extra", {"v": {"type": "dict", "additionalProperties": {"type": "float"}}})
    yield function(
        "by_pattern", {"v": {"type": "dict", "patternProperties": {"^x": prop("tuple")}}}
    )
    for index in range(16):
        yield function(f"wide_{index}", {
            f"p{n}": prop(PYTHON[(index + n) % len(PYTHON)], PYTHON[n % len(PYTHON)])
            for n in range(index + 1)
        })  # fmt: skip
