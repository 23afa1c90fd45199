"""Request bodies as clients may send them over the wire.

All legal in their dialect, but with aliases, nulls, empties, unknown and odd keys, any order of
keys, and every name under which a setting is read.
"""

from __future__ import annotations

import copy
from collections.abc import Collection
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy as Strategy

from core.translation.dialects.registry import FIELDS
from tests.laws.basics import (
    booleans,
    compact,
    deep_values,
    ids,
    integers,
    keys,
    maybe,
    media,
    names,
    numbers,
    objects,
    pictures,
    some,
    texts,
    values,
    words,
)

FEW = ("temperature", "max_tokens", "num_ctx", "keep_alive")
"""One setting of each sort; of so few, some meet the same setting elsewhere."""

KINDS: dict[str, Strategy[Any]] = {
    "number": numbers,
    "integer": integers | st.sampled_from([1.0, -1.0, 0.0, 1e16]),
    "boolean": booleans,
    "strings": words | st.lists(words, max_size=2),
    "duration": numbers | st.sampled_from(["5m", "-1", "0", "", "-", "1h30m", "٣"]),
    "any": values,
}


def _settings(names: Collection[str]) -> tuple[dict[str, Strategy[Any]], ...]:
    """Values by the keys beside and inside ``options``, whichever dialect reads them there."""
    beside, inside = {}, {}
    for row in FIELDS:
        if row.name not in names:
            continue
        for path in row.paths.values() if row.setting else ():
            if path.startswith("options."):
                inside[path.removeprefix("options.")] = maybe(KINDS[row.kind])
            else:
                beside[path] = maybe(KINDS[row.kind])
    return beside, inside


_BESIDE, _INSIDE = _settings({row.name for row in FIELDS})
_FEW_BESIDE, _FEW_INSIDE = _settings(FEW)
_OPTIONS = some({}, _INSIDE)
_TOP = some({}, _BESIDE, odd=False)


def _joined(*parts: Strategy[Any]) -> Strategy[dict[str, Any]]:
    return st.tuples(*parts).map(lambda found: {k: v for part in found for k, v in part.items()})


_function = some(
    {"name": names},
    {"description": maybe(texts), "parameters": maybe(objects), "strict": maybe(booleans)},
)
_tools = st.lists(
    some({"function": _function}, {"type": st.sampled_from(["function", "", None])}, most=1),
    max_size=2,
)

# What OpenAI's clients send -------------------------------------------------------------------

_urls = st.builds("data:{};base64,{}".format, media | st.just(""), pictures)
_PARTS = [
    some({"type": st.sampled_from(["text", "input_text", "output_text"])}, {"text": maybe(texts)}),
    some({"type": st.just("refusal")}, {"refusal": maybe(texts)}, most=1),
    some({"type": st.just("image_url"), "image_url": _urls}, {}, most=1),
    some(
        {
            "type": st.just("image_url"),
            "image_url": some({"url": _urls}, {"detail": maybe(st.sampled_from(["auto", "low"]))}),
        },
        {},
        most=1,
    ),
]
# Ollama takes neither sounds nor addresses, so these go from OpenAI's dialect to itself only.
_OPENAI_PARTS = [
    some(
        {
            "type": st.just("input_audio"),
            "input_audio": some({"data": texts}, {"format": maybe(st.sampled_from(["wav", ""]))}),
        },
        {},
        most=1,
    ),
    st.just({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}),
]
_arguments = st.sampled_from(["", "null", " {} ", '"{}"']) | objects.map(compact)
_openai_calls = st.lists(
    some(
        {"function": some({"name": names}, {"arguments": maybe(_arguments)}, most=2)},
        {"id": maybe(ids | st.just("")), "type": st.just("function"), "index": st.integers(0, 2)},
    ),
    max_size=2,
)


def _openai_messages(parts: list[Strategy[Any]]) -> Strategy[dict[str, Any]]:
    return some(
        {"role": st.sampled_from(["system", "developer", "user", "assistant", "tool", "USER"])},
        {
            "content": maybe(texts | st.lists(st.one_of(parts), max_size=3)),
            "name": maybe(names),
            "refusal": maybe(texts),
            "reasoning_content": maybe(texts),
            "reasoning": maybe(texts),
            "tool_calls": maybe(_openai_calls),
            "tool_call_id": maybe(ids),
            "tool_name": names,
            "images": st.lists(pictures, max_size=1),
        },
        most=4,
    )


_efforts = st.sampled_from(["none", "minimal", "low", "medium", "high", "xhigh", "max", "ultra"])
_schema_wrapper = some(
    {"name": maybe(names)},
    {
        "schema": maybe(objects),
        "description": maybe(texts),
        "strict": maybe(booleans),
    },
    most=4,
)
_response_formats = st.one_of(
    st.sampled_from([{}, {"type": "text"}, {"type": "json_object"}, {"type": None}]),
    some({"type": st.just("json_schema"), "json_schema": _schema_wrapper}, {}, most=1),
    some({"type": st.just("text")}, {"json_schema": _schema_wrapper}, most=1),
)
_choices = st.sampled_from(["auto", "none", "required"]) | names.map(
    lambda name: {"type": "function", "function": {"name": name}}
)


def _openai_bodies(parts: list[Strategy[Any]]) -> Strategy[dict[str, Any]]:
    return _joined(
        some(
            {"model": words, "messages": st.lists(_openai_messages(parts), min_size=1, max_size=3)},
            {
                "stream": maybe(booleans),
                "stream_options": maybe(
                    some(
                        {},
                        {"include_usage": maybe(booleans), "include_obfuscation": maybe(booleans)},
                    )
                ),
                "tools": maybe(_tools),
                "tool_choice": maybe(_choices),
                "response_format": maybe(_response_formats),
                "reasoning_effort": maybe(_efforts | st.just("")),
                "reasoning": maybe(some({}, {"effort": maybe(_efforts)}, most=2)),
                "think": maybe(booleans | _efforts),
                "max_completion_tokens": maybe(integers),
                "options": maybe(_OPTIONS),
            },
            most=5,
        ),
        _TOP,
        # Things that depend on each other would hardly ever meet by chance.
        st.just({})
        | some({"tools": _tools, "tool_choice": _choices}, {}, odd=False)
        | some({}, {"reasoning_effort": _efforts | st.just(""), "think": booleans | _efforts})
        | some({}, {**_FEW_BESIDE, "options": some({}, _FEW_INSIDE, odd=False)}, odd=False),
    )


# What Ollama's clients send -------------------------------------------------------------------

_native_calls = st.lists(
    some(
        {
            "function": some(
                {"name": names}, {"arguments": maybe(objects), "index": st.integers(0, 2)}
            )
        },
        {"id": maybe(ids | st.just("")), "type": st.just("function")},
    ),
    max_size=2,
)
_images = maybe(st.lists(pictures, max_size=2))
_native_messages = some(
    {"role": st.sampled_from(["system", "user", "assistant", "tool", "Tool", "developer"])},
    {
        "content": maybe(texts),
        "thinking": maybe(texts),
        "images": _images,
        "tool_calls": maybe(_native_calls),
        "tool_name": maybe(names),
        "tool_call_id": maybe(ids),
        "name": names,
        "reasoning_content": texts,
    },
    most=4,
)
_NATIVE: dict[str, Strategy[Any]] = {
    "stream": maybe(booleans),
    "format": maybe(st.sampled_from(["json", ""]) | objects),
    "think": maybe(booleans | st.sampled_from(["low", "medium", "high", "max"])),
    "options": maybe(_OPTIONS),
}
_ollama_bodies = _joined(
    some(
        {"model": words, "messages": st.lists(_native_messages, max_size=3)},
        {**_NATIVE, "tools": maybe(_tools), "tool_choice": _choices, "reasoning_effort": _efforts},
        most=5,
    ),
    _TOP,
)
_generate_bodies = _joined(
    some(
        {"model": words},
        {
            **_NATIVE,
            "prompt": maybe(texts),
            "system": maybe(texts),
            "images": _images,
            "context": maybe(st.lists(st.integers(0, 9), max_size=2)),
            "raw": st.sampled_from([None, False]),
            "suffix": st.sampled_from([None, ""]),
            "template": st.sampled_from([None, ""]),
            "messages": st.just([]),
        },
        most=6,
    ),
    _TOP,
)

BODIES = {
    "openai": _openai_bodies(_PARTS),
    "ollama": _ollama_bodies,
    "generate": _generate_bodies,
}
_OPENAI_ONLY = _openai_bodies(_PARTS + _OPENAI_PARTS)

FEW_SETTINGS = some(
    {"model": words, "messages": st.just([{"role": "user", "content": "hi"}])},
    {**_FEW_BESIDE, "options": maybe(some({}, _FEW_INSIDE, odd=False))},
    odd=False,
)
"""Bodies for either kind of backend with settings of FEW alone."""

WAYS = [
    ("openai", "ollama"),
    ("ollama", "openai"),
    ("generate", "openai"),
    ("generate", "ollama"),
    ("openai", "openai"),
    ("ollama", "ollama"),
]
"""From every face to every kind of backend; to its own for what is changed on the way."""

# A server of OpenAI's dialect takes few, or many, of the settings beyond it.
ACCEPTS = st.sampled_from(
    [(), ("top_k", "min_p", "num_ctx", "keep_alive"), tuple(row.name for row in FIELDS)]
)


@st.composite
def translations(draw: st.DrawFn, *ways: tuple[str, str]) -> tuple[str, str, dict[str, Any]]:
    """A source, a target and a body of the source that the target can answer."""
    source, target = draw(st.sampled_from(ways or WAYS))
    if source == target == "openai":
        return source, target, draw(_OPENAI_ONLY)
    return source, target, draw(BODIES[source])


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container below ``value`` with each of its keys or indices."""
    found: list[tuple[Any, Any]] = []
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        found.append((value, key))
        if isinstance(item, dict | list):
            found += places(item)
    return found


@st.composite
def broken(draw: st.DrawFn, bodies: Strategy[dict[str, Any]]) -> dict[str, Any]:
    """A body in which some values have been replaced by any JSON at all."""
    # Drawn values may be shared between examples.
    body = copy.deepcopy(draw(bodies))
    for _ in range(draw(st.integers(1, 2))):
        found = places(body)
        if found:
            container, key = found[draw(st.integers(0, len(found) - 1))]
            container[key] = draw(deep_values)
    if draw(st.integers(0, 5)) == 0:
        body[draw(keys)] = draw(deep_values)
    return body
