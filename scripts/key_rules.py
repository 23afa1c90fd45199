"""Import gitleaks' published rules, which recognise keys in stored and shown text.

    python scripts/key_rules.py v8.30.1

The rules (MIT) are fetched with Go's own client and written to ``core/exchanges/rules``, with the
licence. Five things are changed on the way, and a rule where they cannot be is left out by name:

- a pattern begins at its keyword, so one search for all keywords finds every candidate; - a key may
end before any character that is none of its own: gitleaks asks for a quote or a space after it,
which a full stop, a tag or a Chinese comma is not; - Go's syntax is rewritten where Python's
differs; - keywords that are common in any text are lengthened; - repeats that gain nothing by
backtracking become possessive.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from re import _constants as c  # type: ignore[attr-defined]  # the parser has no public door
from re import _parser  # type: ignore[attr-defined]  # as above
from typing import Any

MODULE = "github.com/zricethezav/gitleaks/v8"
TARGET = Path(__file__).parent.parent / "core" / "exchanges" / "rules"

LEFT_OUT = {
    "curl-auth-header": "headers and bearers have rules of their own, wherever they stand",
    "curl-auth-user": "Diglot's own rule needs no curl before it",
    "generic-api-key": "Diglot's own rules for named fields leave cache keys and hashes alone",
    "hashicorp-tf-password": "for files of one kind; a rule for passwords covers it",
    "kubernetes-secret-yaml": "its sign is in every event of a stream; its values have names",
    "private-key": "takes what stands between two strings of JSON; Diglot's own stays in one",
    "sourcegraph-access-token": "takes every git hash in a text that names the product",
    "facebook-access-token": "begins with any number; its letters are in facebook's other rules",
}
"""Rules that are not taken over, each with the reason."""

SIGNS = {
    "jwt": ["eyj"],
    "vault-service-token": ["hvs.", "s.[a-z0-9]{24}"],
    "twilio-api-key": ["sk[0-9a-f]{32}"],
    "airtable-personnal-access-token": ["pat[a-z0-9]{14}[.]"],
    "microsoft-teams-webhook": ["https://[a-z0-9]+[.]webhook[.]office"],
    "sidekiq-sensitive-url": ["http://[0-9a-f]{8}:", "https://[0-9a-f]{8}:"],
    "slack-webhook-url": [
        f"{begin}hooks[^\\n]slack[^\\n]com" for begin in ("", "http://", "https://")
    ],
}
"""Where a longer beginning is known than is found here: a token's header is a JSON object, and the
end of a sentence, "ask", "path" and addresses are in every text."""

THEN = {
    "azure-ad-client-secret": r"Q~[\w~.-]{31}",
    "hashicorp-tf-api-token": r"atlasv1\.[\w=-]{60}",
    "maxmind-license-key": r"_mmk(?!\w)",
}
"""Of rules whose sign stands in their middle, what follows it."""

END = r"(?!\w)"

_NAME = r"[\w.-]{0,50}?"
_AFTER = re.compile(r"\(\?:\[ \\t\\w\.-\]\{0,20\}\)\[\\s'\"\]\{0,3\}")
# With room for the backslashes of JSON within JSON.
_GREEDY = r"""[ \t\w.-]{0,20}+[\s'"\\]{0,5}+"""
_BEFORE = r"""(?:^|[\\'"\x60\s>=:(,)])"""
_BEHIND = r"""(?:$|[\\'"\x60\s<),])"""
_SUFFIX = r"""(?:[\x60'"\s;]|\\[nr]|$)"""


def main() -> None:
    """Fetch a version and write its rules."""
    version = sys.argv[1] if len(sys.argv) > 1 else "latest"
    go = shutil.which("go") or sys.exit("Go's client is needed to fetch the rules")
    told = subprocess.run(
        [go, "mod", "download", "-json", f"{MODULE}@{version}"],
        check=True, capture_output=True, cwd=TARGET,
    )  # fmt: skip
    found = json.loads(told.stdout)
    folder = Path(found["Dir"])
    config = tomllib.loads((folder / "config" / "gitleaks.toml").read_text("utf-8"))
    rules = [rule for entry in config["rules"] if (rule := translated(entry))]
    words = next(r for r in config["rules"] if r["id"] == "generic-api-key")["allowlists"]
    written = {
        "source": f"https://{MODULE.removesuffix('/v8')}", "version": found["Version"],
        "licence": "MIT, see gitleaks-LICENSE",
        "words": sorted({word for entry in words for word in entry.get("stopwords", ())}),
        "rules": rules,
    }  # fmt: skip
    text = json.dumps(written, ensure_ascii=False, indent=1)
    (TARGET / "gitleaks.json").write_text(text + "\n", "utf-8")
    (TARGET / "gitleaks-LICENSE").write_text((folder / "LICENSE").read_text("utf-8"), "utf-8")
    print(f"{len(rules)} of {len(config['rules'])} rules of {found['Version']}")


def translated(entry: dict[str, Any]) -> dict[str, Any] | None:
    """Return a rule in Diglot's form, None for one that is left out."""
    name = entry["id"]
    if name in LEFT_OUT or "regex" not in entry or "path" in entry:
        return None
    pattern = in_python(entry["regex"])
    groups = re.compile(pattern).groups
    # A group that repeats is no secret but a part of one.
    secret = entry.get("secretGroup", 1 if groups and not re.search(r"\)\{\d", pattern) else 0)
    rule: dict[str, Any] = {"id": name, "pattern": pattern}
    if secret:
        rule["group"] = secret
    if entry.get("entropy"):
        rule["entropy"] = entry["entropy"]
    signs = SIGNS.get(name) or sorted(beginnings(pattern))
    if all(len(sign) >= 2 for sign in signs):
        rule["signs"] = signs
    else:
        # What tells this one stands in its middle: look a little before the sign, too.
        rule["signs"] = [word.lower() for word in entry["keywords"]]
        rule["back"] = 40
        rule["then"] = THEN[name]
    return rule


def in_python(pattern: str) -> str:
    """Return a Go expression in Python's syntax, beginning at its keyword."""
    pattern = pattern.replace("[[:alnum:]]", "[a-zA-Z0-9]").replace(r"\z", r"\Z")
    pattern = pattern.replace(_NAME, "").replace(_SUFFIX, END)
    pattern = _AFTER.sub(lambda _: _GREEDY, pattern)
    pattern = pattern.replace(r"""[\x60'"\s=]{0,5}""", r"""[\x60'"\s=\\]{0,7}""")
    pattern = pattern.replace(_BEFORE, r"\b").replace(_BEHIND, r"(?![\w~])")
    pattern = re.sub(r"\(\?P<\w+>", "(?:", pattern)
    return _scoped(pattern)


def _scoped(pattern: str) -> str:
    """Return a pattern whose ``(?i)`` in its middle says where it ends, as Python wants it."""
    while (at := pattern.find("(?i)")) >= 0:
        depth, end, in_set = 0, at + 4, False
        while end < len(pattern):
            letter = pattern[end]
            if letter == "\\":
                end += 2
                continue
            if in_set:
                in_set = letter != "]"
            elif letter == "[":
                in_set = True
            elif letter == "(":
                depth += 1
            elif letter == ")":
                if depth == 0:
                    break
                depth -= 1
            end += 1
        pattern = f"{pattern[:at]}(?i:{pattern[at + 4 : end]}){pattern[end:]}"
    return pattern


def beginnings(pattern: str) -> set[str]:
    """Return the lower-case prefixes, one of which every match begins with."""
    found = {begin for begin, _ in _begin(list(_parser.parse(pattern)))}
    return {sign for sign in found if not any(sign[:n] in found for n in range(1, len(sign)))}


def _begin(items: list[Any], most: int = 24) -> set[tuple[str, bool]]:
    """Return beginnings of a sequence, each with whether all of it is in the beginning."""
    found: set[tuple[str, bool]] = {("", True)}
    for item in items:
        following = _of_item(item)
        grown = set()
        for begin, whole in found:
            if not whole or len(begin) > most or following is None:
                grown.add((begin, False))
            else:
                grown.update((begin + more, more_whole) for more, more_whole in following)
        if len(grown) > 40:
            return {(begin, False) for begin, _ in found}
        found = grown
        if not any(whole for _, whole in found):
            break
    return found


def _of_item(item: Any) -> set[tuple[str, bool]] | None:
    """Return what one part of a pattern may begin with; None where that is anything."""
    kind, value = item
    if kind is c.LITERAL:
        return {(chr(value).lower(), True)}
    if kind is c.IN:
        if any(part[0] is not c.LITERAL for part in value):
            return None
        letters = {chr(part[1]).lower() for part in value}
        return {(letter, True) for letter in letters} if len(letters) <= 4 else None
    if kind is c.SUBPATTERN:
        return _begin(list(value[3]))
    if kind is c.BRANCH:
        return set().union(*(_begin(list(part)) for part in value[1]))
    if kind in (c.AT, c.ASSERT, c.ASSERT_NOT):
        return {("", True)}
    if kind in (c.MAX_REPEAT, c.MIN_REPEAT) and value[:2] == (0, 1):
        return {("", True)} | _begin(list(value[2]))
    return None


if __name__ == "__main__":
    main()
