"""The rules by which keys are told: those of gitleaks, and Diglot's own beside them.

They are data (``rules/``), read when a body is first looked through. One search for the signs of
all rules finds the places where a pattern may begin, so that a text without any sign, as most are,
is looked through once. ``scripts/key_rules.py`` brings in a newer version of gitleaks' rules.
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Callable
from functools import cache, cached_property
from pathlib import Path

import msgspec
from msgspec import Struct

from core.exchanges.sign_search import SignSearch, word

DATA_SIGNS = (b";base64,", b'images"', b'"data"', b"'data'", b'b64_json"', b'"image"')
"""Of the data of images and sounds."""

ESCAPE_SIGNS = (b"\\u00", b"%2", b"%3", b"%4", b"%5", b"%6", b"%7", b"&#", b"\\/")
"""Of escapes that may spell letters of a key."""

DELTA_SIGNS = tuple(
    b'"%b":' % name
    for name in b"content text thinking reasoning reasoning_content response delta arguments "
    b"partial_json refusal transcript summary".split()
)
"""Of fields that hold the next words of an answer in a stream, in all dialects."""

_FOLDER = Path(__file__).parent / "rules"

# A word may end before a key in an escape, whose last letter is none of the word's.
_BOUNDARY = r"(?:(?<!\w)|(?<=\\[nrtbf])|(?<=\\u[\da-fA-F]{4})|(?<=%[\da-fA-F]{2}))"

_REFERENCE = re.compile(r"(?<!\\)\\([1-9])")


class Rule(Struct, kw_only=True, dict=True):
    """What one kind of key looks like. The fields are explained in ``rules/diglot.toml``."""

    id: str
    pattern: str = ""
    after_name: str = ""
    signs: list[str] = []
    group: int = 0
    entropy: float = 0.0
    check: str = ""
    texts: bool = False
    back: int = 0
    then: str = ""

    @cached_property
    def expression(self) -> str:
        """The pattern, where a word may also end before a key in an escape."""
        begin, rest = self._parts
        return begin.replace(r"\b", _BOUNDARY) + rest

    @cached_property
    def quick(self) -> str:
        """What tells soon that there is no match: without a look at what stands before."""
        if self.then:
            return self.then
        if self.back:
            return ""
        begin, rest = self._parts
        return begin.replace(r"\b", "") + rest

    @property
    def _parts(self) -> tuple[str, str]:
        pattern = self.pattern or self.after_name
        begin = next((b for b in (r"\b", r"(?i:\b") if self.pattern.startswith(b)), "")
        return begin, pattern[len(begin) :]

    @cached_property
    def compiled(self) -> re.Pattern[bytes]:
        """The pattern for bytes, where a letter is one of ASCII's: Chinese ends a word."""
        return re.compile(self.expression.encode())


class _File(Struct):
    rules: list[Rule]
    names: list[str] = []
    words: list[str] = []


class KeyRules:
    """All rules by their signs.

    ``signs`` finds the signs, ``lengths`` has how much of each is a word, ``of`` the rules of each
    by its number, ``quick`` what tells in one step that none of them takes a place, where
    ``quick_of`` has made it. From ``names`` on they are names of secrets, from ``data``,
    ``escapes`` and ``deltas`` on those of this file.
    """

    # fmt: off
    __slots__ = ("_doubts", "_words", "all", "data", "deltas", "escapes", "lengths", "names", "of",
                 "quick", "signs")
    # fmt: on

    def __init__(self, *files: _File) -> None:
        self.all = [rule for file in files for rule in file.rules]
        named = [rule for rule in self.all if rule.after_name]
        by_sign: defaultdict[bytes, list[Rule]] = defaultdict(list)
        for rule in self.all:
            for sign in rule.signs:
                by_sign[sign.encode()].append(rule)
        names = [form for file in files for name in file.names for form in _forms(name)]
        self.of = [*by_sign.values(), *(named for _ in names)]
        self.names = len(by_sign)
        self.data = len(self.of)
        self.escapes = self.data + len(DATA_SIGNS)
        self.deltas = self.escapes + len(ESCAPE_SIGNS)
        signs = [*by_sign, *names, *DATA_SIGNS, *ESCAPE_SIGNS]
        self.signs = SignSearch(signs, once=DELTA_SIGNS)
        self.lengths = [len(word(sign)) for sign in signs]
        self.quick: list[Callable[..., object] | None] = [None] * len(self.of)
        self._words = [w.encode() for file in files for w in file.words]
        self._doubts: SignSearch | None = None

    @property
    def words(self) -> SignSearch:
        """What no random text has in it; made when a key is first doubted, as it takes 20 ms."""
        if self._doubts is None:
            self._doubts = SignSearch(self._words)
        return self._doubts

    def quick_of(self, sign: int) -> Callable[..., object]:
        """Return what matches where one of a sign's rules may; compiled when it is first asked."""
        rules = self.of[sign]
        found = self.quick[sign] = _either([rule.quick for rule in rules]).match
        if sign >= self.names:
            self.quick[self.names : self.data] = [found] * (self.data - self.names)
        return found


def _either(patterns: list[str]) -> re.Pattern[bytes]:
    """Return one pattern for several, whose references go to the groups that they went to."""
    either: list[str] = []
    groups = 0
    for pattern in patterns:
        numbered = _REFERENCE.split(pattern)
        numbered[1::2] = [f"\\{int(number) + groups}" for number in numbered[1::2]]
        either.append(f"(?:{''.join(numbered)})")
        groups += re.compile(pattern.encode()).groups
    return re.compile("|".join(either).encode())


def _forms(name: str) -> list[bytes]:
    """Return a name as it stands in bytes; a Chinese one in JSON of ASCII, too, at any depth."""
    if name.isascii():
        return [name.encode()]
    codes = [f"u{ord(letter):04x}" for letter in name]
    depths = ("\\" * 2**depth for depth in range(4))
    return [name.encode(), *("".join(slash + code for code in codes).encode() for slash in depths)]


@cache
def key_rules() -> KeyRules:
    """Return the rules, read once."""
    published = msgspec.json.decode((_FOLDER / "gitleaks.json").read_bytes(), type=_File)
    own = tomllib.loads((_FOLDER / "diglot.toml").read_text("utf-8"))
    return KeyRules(published, msgspec.convert(own, _File))
