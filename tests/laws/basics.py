"""The small values that everything generated is made of.

Many are drawn from short lists of what has been trouble before (line ends, half a framing, an
integer above 2**53): a list costs one draw, and random text would hardly ever hit them.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy as Strategy

from core.translation.stamp import Stamp

MODEL = "m"
STAMP = Stamp(id="1", created=1_700_000_000_000_000_000, model=MODEL)
NOW = STAMP.created + 2_000_000_000

# JSON text cannot hold lone surrogates; everything else is legal, line ends included.
_ALPHABET = st.characters(exclude_categories=("Cs",))
_ODD_TEXTS = [
    "a", "好", " ", "\n", "\r\n", "\x00", "\u2028", "😀", "null", "{}", "[DONE]", "data: x\n\n",
    '"error"', '{"error":"e"}', '"done":true', '"finish_reason":"stop"', "a\nb", "\\", "�",
]  # fmt: skip
words = st.sampled_from(_ODD_TEXTS) | st.text(_ALPHABET, min_size=1, max_size=6)
texts = st.just("") | words
names = st.sampled_from(["f", "get_weather", "名字", "g"])
ids = st.sampled_from(["call_1", "call_2", "é", "call_x", "call_0_0"])
small_integers = st.sampled_from([0, 1, 2, -1, -2, 7, 2**31, 2**53 + 1, 2**70])
integers = small_integers | st.integers()
floats = st.sampled_from([0.0, 1.0, -0.0, 0.5, 1e16, 1e300, 5e-324]) | st.floats(
    allow_nan=False, allow_infinity=False
)
numbers = integers | floats
counts = st.integers(1, 2**40)
booleans = st.booleans()
keys = st.sampled_from(["x", "odd.key", "a[0]", 'q"', "", "名", "[]", "options.seed", "a\\", "1"])
scalars = st.none() | booleans | numbers | texts
flat = st.lists(scalars, max_size=2) | st.dictionaries(keys, scalars, max_size=2)
# Two levels are enough to tell what is looked into from what is carried whole.
values = scalars | flat | st.dictionaries(keys, flat, max_size=1) | st.lists(flat, max_size=1)
objects = st.sampled_from([{}, {"b": 1, "a": 1.0}]) | st.dictionaries(
    keys, scalars | flat, max_size=3
)
deep_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
pictures = st.sampled_from(
    [base64.b64encode(head + b"rest").decode() for head in (b"\x89PNG", b"\xff\xd8\xff", b"GIF8")]
)
PNG = base64.b64encode(b"\x89PNGrest").decode()
media = st.sampled_from(["image/png", "image/jpeg", "image/webp", "image/svg+xml"])


def maybe(strategy: Strategy[Any]) -> Strategy[Any]:
    """A value, or null, which means the same as leaving it out."""
    return st.none() | strategy


def some(
    required: dict[str, Strategy[Any]],
    optional: dict[str, Strategy[Any]],
    *,
    most: int = 3,
    odd: bool = True,
) -> Strategy[dict[str, Any]]:
    """Objects with up to ``most`` of the optional keys, now and then an unknown one, in any order.

    Drawing a yes or no for each of many keys would take longer than the law itself.
    """
    choices = {**required, **optional}
    # What a dialect does not know, it may still find in its own objects.
    known = sorted(optional) + (["\0"] if odd else [])

    @st.composite
    def objects_of(draw: st.DrawFn) -> dict[str, Any]:
        order = draw(st.lists(st.sampled_from(known), max_size=most, unique=True)) if known else []
        turn = draw(st.integers(0, len(order))) if required else 0
        order[turn:turn] = required
        found = {}
        for key in order:
            if key == "\0":
                found.setdefault(draw(keys), draw(values))
            else:
                found[key] = draw(choices[key])
        return found

    return objects_of()


def compact(value: Any) -> str:
    """JSON text as Diglot writes it."""
    return msgspec.json.encode(value).decode()


def exact(value: Any) -> str:
    """Text that differs wherever two values do: 1 and 1.0 and true, and the order of keys.

    Settings alone have no order: each dialect writes them where they belong.
    """
    plain = msgspec.to_builtins(value)
    if isinstance(plain, dict) and isinstance(plain.get("settings"), dict):
        plain = {**plain, "settings": dict(sorted(plain["settings"].items()))}
    return json.dumps(plain, ensure_ascii=False)


def unordered(body: dict[str, Any]) -> dict[str, Any]:
    """Copy a request with its settings in one order: they are written in that of the client."""
    options = body.get("options")
    ordered = dict(sorted(body.items()))
    if isinstance(options, dict):
        ordered["options"] = dict(sorted(options.items()))
    return ordered
