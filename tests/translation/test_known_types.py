"""Nothing unknown: what the published packages can send or stream has a row here, or a reason.

The types of ``openai``, ``anthropic`` and ``ollama`` are walked along the table of fields. What has
no row, no kind and no event here is listed in tests/vectors/unknown_types.json with the reason;
with a new release the list differs, and says what is new.
"""

from __future__ import annotations

import collections.abc
import inspect
import json
import re
import types
import typing
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Union, get_args, get_origin

import pytest
from anthropic.types.beta import BetaRawContentBlockDelta, BetaRawMessageStreamEvent
from anthropic.types.beta.message_create_params import MessageCreateParamsBase as Anthropic
from ollama import _types as ollama
from openai.types.chat.completion_create_params import CompletionCreateParamsBase as OpenAI
from openai.types.completion_create_params import CompletionCreateParamsBase as Completions
from openai.types.responses import ResponseStreamEvent
from openai.types.responses.response_create_params import ResponseCreateParamsBase as Responses
from pydantic import BaseModel
from typing_extensions import get_type_hints, is_typeddict

from core.translation.dialects.anthropic import answer_blocks, messages_stream
from core.translation.dialects.openai.responses import stream as responses_stream
from core.translation.fields.kinds import left_out
from core.translation.report.leaves import pattern_tree

# Loading the packages takes longer than looking at them.
pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
LISTED = ROOT / "tests" / "vectors" / "unknown_types.json"
REQUESTS: dict[str, Any] = {
    "openai": OpenAI,
    "completions": Completions,
    "responses": Responses,
    "anthropic": Anthropic,
    "ollama": ollama.ChatRequest,
    "generate": ollama.GenerateRequest,
    "embed": ollama.EmbedRequest,
    "embed_legacy": ollama.EmbeddingsRequest,
}
EVENTS: dict[str, tuple[Any, tuple[types.ModuleType, ...]]] = {
    "openai.responses": (ResponseStreamEvent, (responses_stream,)),
    "anthropic": (BetaRawMessageStreamEvent, (messages_stream,)),
    "anthropic.delta": (BetaRawContentBlockDelta, (messages_stream, answer_blocks)),
}
# Where a kind alone does not say whether it is carried.
SAMPLES: dict[str, dict[str, Any]] = {
    "document": {"source": {"type": "text"}},
    "image": {"source": {"type": "base64"}},
    "file": {"file": {"filename": "a.txt", "file_data": "eA=="}},
    "input_file": {"filename": "a.txt", "file_data": "eA=="},
    "input_image": {"image_url": "data:"},
    "input_audio": {"input_audio": {"data": "eA=="}},
    "tool_use": {"name": "f"},
    "function_call": {"name": "f"},
}
LISTS = (list, tuple, collections.abc.Iterable, collections.abc.Sequence)
_WRAPPERS = ("Required", "NotRequired", "ReadOnly", "Annotated")


def bare(kind: Any) -> Any:
    """Return a type without what says only whether it must be there."""
    origin = get_origin(kind)
    if getattr(origin, "__name__", str(origin)).rsplit(".", 1)[-1] in _WRAPPERS:
        return bare(get_args(kind)[0])
    if origin is None and hasattr(kind, "__supertype__"):
        return bare(kind.__supertype__)
    return kind


def branches(kind: Any) -> Iterator[Any]:
    """Yield what a union may be, however deep."""
    kind = bare(kind)
    if get_origin(kind) in (Union, types.UnionType):
        for one in get_args(kind):
            yield from branches(one)
    elif isinstance(kind, typing.TypeAliasType if hasattr(typing, "TypeAliasType") else ()):
        yield from branches(kind.__value__)
    else:
        yield kind


@cache
def hints(kind: Any) -> dict[str, Any]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return {f.alias or name: f.annotation for name, f in kind.model_fields.items()}
    return dict(get_type_hints(kind, include_extras=False))


def is_object(kind: Any) -> bool:
    model = isinstance(kind, type) and issubclass(kind, BaseModel)
    return is_typeddict(kind) or (model and kind is not ollama.Image)


def kinds_of(kind: Any) -> list[str]:
    """Return the words that an object's ``type`` may be."""
    words = [w for one in branches(hints(kind).get("type", str)) for w in get_args(one)]
    return [word for word in words if isinstance(word, str)]


def missing(dialect: str, kind: Any) -> Iterator[str]:
    """Yield the places of a request type that no row and no kind speaks of."""
    root = pattern_tree(dialect)
    yield from Walk().keys(root, root, kind, "")


class Walk:
    """One way along a type and the table of fields together."""

    def __init__(self) -> None:
        self._seen: set[tuple[int, Any]] = set()

    def keys(self, own: Any, node: Any, kind: Any, path: str) -> Iterator[str]:
        for key, inner in hints(kind).items():
            child = own.children.get(key) or node.children.get(key)
            place = f"{path}.{key}" if path else key
            if child is None:
                yield place
            elif not child.opaque:
                yield from self._value(child, inner, place)

    def _value(self, node: Any, kind: Any, path: str) -> Iterator[str]:
        for one in branches(kind):
            if (id(node), one) in self._seen:
                continue
            if get_origin(one) in LISTS:
                self._seen.add((id(node), one))
                yield from self._items(node, get_args(one)[0], path)
            elif is_object(one):
                self._seen.add((id(node), one))
                yield from self.keys(node, node, one, path)

    def _items(self, node: Any, kind: Any, path: str) -> Iterator[str]:
        things = [one for one in branches(kind) if is_object(one)]
        if things and node.item is None:
            yield f"{path}[]"
            return
        for one in things:
            for word in kinds_of(one) or [""]:
                yield from self._thing(node.item, one, word, f"{path}[{word}]")

    def _thing(self, node: Any, kind: Any, word: str, path: str) -> Iterator[str]:
        sample = {"type": word} if word else dict.fromkeys(hints(kind), "x")
        sample |= {name: "x" for name in ("call_id", "id", "role") if name in hints(kind)}
        note = left_out(node.dialect, node.pattern, sample | SAMPLES.get(word, {}))
        if note == "unknown_kind":
            yield path
        elif not note:
            yield from self.keys(node.kinds.get(word, node), node, kind, path)


def unspoken(union: Any, modules: tuple[types.ModuleType, ...]) -> Iterator[str]:
    """Yield the events of a stream's type that these modules neither write nor read."""
    text = "".join(map(inspect.getsource, modules))
    for one in branches(union):
        for word in kinds_of(one):
            tail = word.removeprefix("response.")
            if f'"{word}"' not in text and f'"{tail}"' not in text and not written(word, text):
                yield word


def written(word: str, text: str) -> bool:
    """Tell whether an event's name is put together, of its kind and its end."""
    kind, _, end = word.rpartition(".")
    return f'"{kind}"' in text and f'.{end}"' in text


def found() -> set[str]:
    places = {
        f"{dialect} {place}"
        for dialect, kind in REQUESTS.items()
        for place in missing(dialect, kind)
    }
    events = {
        f"{name} event {word}"
        for name, (union, modules) in EVENTS.items()
        for word in unspoken(union, modules)
    }
    return places | events


def explained() -> dict[str, str]:
    groups: list[dict[str, Any]] = json.loads(LISTED.read_text("utf-8"))
    return {place: group["why"] for group in groups for place in group["places"]}


def newest() -> bool:
    """Tell whether the packages are those of the lock, or newer."""
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    locked = dict(re.findall(r"^(anthropic|ollama|openai)==([\d.]+)", lock, re.M))
    return all(numbers(version(name)) >= numbers(locked[name]) for name in locked)


def numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


def test_nothing_that_is_published_is_unknown() -> None:
    unknown = found()
    known = explained()
    assert sorted(unknown - known.keys()) == [], "new in a package: give it a row, or a reason"
    if newest():  # an older package does not have what a newer one has
        assert sorted(known.keys() - unknown) == [], "these are known by now"
    assert all(known.values())


@pytest.mark.parametrize("dialect", REQUESTS)
def test_the_walk_sees_what_is_missing(dialect: str) -> None:
    class New(BaseModel):
        model: str = ""
        nobody_knows_this: str = ""

    assert [*missing(dialect, New)] == ["nobody_knows_this"]
