"""Where keys stand in bytes: in what is written plainly, and in what escapes spell.

Time is bounded: each pattern is tried only where a sign of it stands, and sees no more than a few
kilobytes from there.
"""

from __future__ import annotations

import math
import re
from array import array
from base64 import b64decode
from binascii import Error as Base64Error
from collections import Counter
from collections.abc import Iterator

from core.exchanges.hidden_data import may_be_data
from core.exchanges.key_rules import DELTA_SIGNS, KeyRules, Rule, key_rules
from core.exchanges.view import Place, View, merged, unescaped

# Bytes that a pattern sees after its sign; the longest key, an RSA key of 16384 bits, has 13 KB.
_AHEAD = 16 * 1024
# The same where the pattern is looked for from before the sign on.
_NEAR = 128
# Bytes after which it is known whether there may be a key.
_ENOUGH = 640
# Escapes within escapes that are read.
_MOST_ROUNDS = 4


class Look:
    """What one look through bytes finds.

    ``has_data`` tells of signs of the data of images and sounds. ``fields`` are the names in it of
    fields that hold words of a streamed answer; ``plain`` the places of keys that stand as they
    are, in no order.
    ``texts`` also takes what is likely a key in an error, a log or what somebody pastes.
    """

    __slots__ = ("_done", "_escapes", "_rules", "_texts", "data", "fields", "has_data", "plain")

    def __init__(self, data: bytes, *, texts: bool = False) -> None:
        self.data = data
        self.has_data = False
        # In machine words: a text full of escapes has as many as half its letters.
        self._escapes: array[int] | None = None
        self.fields: list[bytes] = []
        self._texts = texts
        self.plain: list[Place] = []
        self._done: dict[str, int] = {}
        self._rules = rules = key_rules()
        rules.signs.each(data, self._found)

    def _found(self, sign: int, start: int, end: int, _flags: int, _context: object) -> None:
        """See what stands at a sign. A text full of signs takes no memory for all at once."""
        rules = self._rules
        if sign < rules.data:
            at = end if sign >= rules.names else start
            may_match = rules.quick[sign] or rules.quick_of(sign)
            if may_match(self.data, at, at + _ENOUGH):
                self._try(rules, sign, at, start, start + rules.lengths[sign])
        elif sign >= rules.deltas:
            self.fields.append(DELTA_SIGNS[sign - rules.deltas])
        elif sign >= rules.escapes:
            if self._escapes is None:
                self._escapes = array("L")
            self._escapes.append(start)
        elif not self.has_data:
            self.has_data = may_be_data(self.data, end)

    def _try(self, rules: KeyRules, sign: int, begin: int, start: int, end: int) -> None:
        """Try the rules of a sign; their patterns begin at ``begin``."""
        data = self.data
        for rule in rules.of[sign]:
            # Within what it took no rule looks again: the time would be the length's square.
            if (rule.texts and not self._texts) or start < self._done.get(rule.id, 0):
                continue
            place = _place(rule, data, begin, start, end)
            if place:
                self._done[rule.id] = place[1]
                if _is_key(rule, data[slice(*place)], rules):
                    self.plain.append(place)

    def keys(self) -> list[Place]:
        """Return where keys stand, in order, none within another."""
        found = self.plain if self._escapes is None else [*self.plain, *self._spelt()]
        return merged(found) if found else []

    def _spelt(self) -> Iterator[Place]:
        """Yield where keys stand that escapes spell, at any depth that is likely."""
        views: list[View] = []
        look = self
        while len(views) < _MOST_ROUNDS:
            view = unescaped(look.data, look._escapes or ())
            if view is None:
                break
            views.append(view)
            look = Look(view.data, texts=self._texts)
            for place in look.plain:
                for step in reversed(views):
                    place = step.place(place)
                yield place


def _place(rule: Rule, data: bytes, begin: int, start: int, end: int) -> Place | None:
    """Return what a rule takes at a sign that stands from ``start`` to ``end``."""
    if rule.back:
        window = max(start - rule.back, 0), begin + _NEAR
        match = rule.compiled.search(data, *window)
        if match is not None and match.end() == window[1]:
            match = rule.compiled.match(data, match.start(), begin + _AHEAD)
        if match is None or match.start() > start or match.end() < end:
            return None
    else:
        match = rule.compiled.match(data, begin, begin + _AHEAD)
        if match is None:
            return None
    groups = (rule.group, *range(1, match.re.groups + 1)) if rule.group else (0,)
    first, last = next((match.span(n) for n in groups if match[n] is not None), match.span())
    # What kind of key it was may be seen.
    first = end if first == start and end < last else first
    # Half an escape would be no JSON: the letter after a backslash stays with it.
    if _backslashes(data, first) % 2:
        first += 5 if data[first : first + 1] == b"u" else 1
    if _backslashes(data, last) % 2:
        last -= 1
    return (first, last) if first < last else None


def _backslashes(data: bytes, end: int) -> int:
    """Return how many backslashes stand before a place."""
    begin = end
    while begin and data[begin - 1] == 0x5C:
        begin -= 1
    return end - begin


def _is_key(rule: Rule, secret: bytes, rules: KeyRules) -> bool:
    """Tell whether what looks like a key is none of the words that look like one, too."""
    if rule.check == "random":
        return _is_random(secret)
    if rule.check == "basic":
        return _is_basic(secret)
    if rule.check == "mixed" and _WORDS.fullmatch(secret):
        return False
    if rule.entropy and _entropy(secret) < rule.entropy:
        return False
    words = rule.check == "mixed" and rule.entropy
    return not (words and rules.words.finds(secret))


_WORDS = re.compile(rb"[A-Za-z_.:/()\[\]{}-]+")
_PARTS = re.compile(rb"[A-Za-z0-9]+")
_CHANGES = re.compile(rb"(?<=[a-z])[^a-z]|(?<=[A-Z])[^A-Z]|(?<=[0-9])[^0-9]")


def _is_random(secret: bytes) -> bool:
    """Tell whether letters and digits alternate, or go on, as they do in no words."""
    if len(re.findall(rb"\d", secret)) >= 10:
        return True
    for part in _PARTS.findall(secret):
        length = len(part)
        if length >= 20 or (length >= 16 and re.search(rb"\d", part) and not part.isdigit()):
            return True
        if length >= 10 and len(_CHANGES.findall(part)) >= 0.4 * (length - 1):
            return True
    # A dash falls anywhere in what is written with - and _, and parts it into short pieces.
    parts = [part for part in _PARTS.findall(secret) if len(part) > 2]
    pairs = sum(map(len, parts)) - len(parts)
    return pairs >= 16 and sum(len(_CHANGES.findall(part)) for part in parts) >= 0.42 * pairs


def _is_basic(secret: bytes) -> bool:
    """Tell whether something is base64 of a user and a password (RFC 7617), or is no word."""
    if re.search(rb"[\d=]", secret):
        return True
    try:
        plain = b64decode(secret + b"=" * (-len(secret) % 4))
    except (Base64Error, ValueError):
        return False
    user, colon, _ = plain.partition(b":")
    return bool(colon) and user.isascii() and user.decode().isprintable()


def _entropy(secret: bytes) -> float:
    """Return Shannon's entropy, in bits for each byte."""
    length = len(secret)
    return -sum(n / length * math.log2(n / length) for n in Counter(secret).values())
