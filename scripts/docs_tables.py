"""Writes the docs' tables that are generated from the code; `--check` only compares.

A table stands between two comments, `<!-- table: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from core.config.keys.reference import known_keys
from core.config.providers import PROVIDERS
from core.http.addresses import OLLAMA_ADDRESS
from core.translation.dialects.registry import DIALECTS, FIELDS
from core.translation.report.notes import NOTES

DOCS = Path(__file__).parent.parent / "docs"
_T = TypeVar("_T")
_SLOT = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_LANGUAGES = ("zh", "en")
_COLUMNS = {
    "ollama": "Ollama `/api/chat`",
    "generate": "`/api/generate`",
    "openai": "OpenAI chat",
    "responses": "OpenAI responses",
    "anthropic": "Anthropic messages",
    "completions": "OpenAI completions",
}


def _word(language: str, zh: _T, en: _T) -> _T:
    return zh if language == "zh" else en


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [head, ["---"] * len(list(head)), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def settings(language: str) -> str:
    """The flat settings: one row a setting, its name in each dialect."""
    rows = []
    for row in FIELDS:
        if row.setting and not row.alias:
            names = [row.paths.get(dialect, "") for dialect in _COLUMNS]
            rows.append([f"**{row.name}**", *(f"`{n}`" if n else "" for n in names)])
    return _table([_word(language, "参数", "setting"), *_COLUMNS.values()], rows)


def _names(name: str) -> list[str]:
    cells = []
    for dialect in _COLUMNS:
        paths = [r.paths[dialect] for r in FIELDS if r.name == name and dialect in r.paths]
        cells.append(", ".join(f"`{path}`" for path in dict.fromkeys(paths)))
    return cells


def structure(language: str) -> str:
    """Everything else: messages, tools, formats."""
    names = dict.fromkeys(
        row.name for row in FIELDS if not row.setting and row.name[:6] != "embed."
    )
    head = [_word(language, "内容", "what"), *_COLUMNS.values()]
    return _table(head, ([f"**{n}**", *_names(n)] for n in names))


def notes(language: str) -> str:
    """The reasons that a report gives."""
    rows = (
        [f"`{name}`", note.text(language), note.since, note.source] for name, note in NOTES.items()
    )
    head = _word(
        language, ["理由", "说明", "起始版本", "出处"], ["reason", "text", "since", "source"]
    )
    return _table(head, rows)


def routes(language: str) -> str:
    """The dialects and their routes."""
    rows = ([f"`{name}`", f"`POST {d.path}`", d.stream_type] for name, d in DIALECTS.items())
    return _table(_word(language, ["接口", "路径", "流"], ["dialect", "route", "stream"]), rows)


def _keys(language: str, *heads: str) -> str:
    rows = []
    for key in known_keys().values():
        if key.path.startswith(heads) and key.does == "acts":
            short = key.path.replace("model_list[].", "")
            rows.append([f"`{short}`", key.text(language)])
    return _table(_word(language, ["键", "作用"], ["key", "what it does"]), rows)


def _idle(language: str, does: str) -> str:
    reasons: dict[str, list[str]] = {}
    for key in known_keys().values():
        if key.does == does:
            short = key.path.replace("model_list[].", "")
            reasons.setdefault(key.text(language), []).append(f"`{short}`")
    rows = ([reason, ", ".join(keys)] for reason, keys in reasons.items())
    return _table(_word(language, ["原因", "键"], ["why", "keys"]), rows)


def keys_nothing(language: str) -> str:
    """The keys that are accepted and ignored."""
    return _idle(language, "nothing")


def keys_refused(language: str) -> str:
    """The keys that a config must not set."""
    return _idle(language, "refused")


def keys_models(language: str) -> str:
    """The keys of an entry of model_list."""
    return _keys(language, "model_list")


def keys_routing(language: str) -> str:
    """The keys for routing."""
    return _keys(language, "router_settings", "litellm_settings")


def keys_server(language: str) -> str:
    """The other sections of LiteLLM."""
    known = ("model_list", "router_settings", "litellm_settings", "diglot")
    return _keys(language, *(path for path in known_keys() if not path.startswith(known)))


def keys_own(language: str) -> str:
    """Diglot's own section."""
    return _keys(language, "diglot")


def providers(language: str) -> str:
    """The providers, their dialects and usual addresses."""
    rows = []
    for name, provider in PROVIDERS.items():
        bases = ", ".join(f"`{v}`" for v in provider.base_variables)
        if name.startswith("ollama"):
            bases = "`OLLAMA_API_BASE`, `OLLAMA_HOST`"
        key = f"`{provider.key_variables[0]}`" if provider.key_variables else ""
        address = OLLAMA_ADDRESS if name.startswith("ollama") else provider.address
        rows.append([f"`{name}/`", provider.dialect, address, bases, key])
    head = _word(
        language,
        ["提供方", "接口", "地址", "地址的变量", "密钥的变量"],
        ["provider", "dialect", "address", "variables for the address", "variable for the key"],
    )
    return _table(head, rows)


TABLES: dict[str, Callable[[str], str]] = {
    "keys_models": keys_models,
    "keys_nothing": keys_nothing,
    "keys_refused": keys_refused,
    "keys_own": keys_own,
    "keys_routing": keys_routing,
    "keys_server": keys_server,
    "notes": notes,
    "providers": providers,
    "routes": routes,
    "settings": settings,
    "structure": structure,
}


def filled(text: str, language: str) -> str:
    """Return a page of a language, "zh" or "en", with its tables regenerated."""
    return _SLOT.sub(lambda slot: f"{slot[1]}\n{TABLES[slot[2]](language)}\n{slot[3]}", text)


def main() -> int:
    """Write all pages, or say which are out of date."""
    stale = []
    for language in _LANGUAGES:
        for page in sorted((DOCS / language).glob("*.md")):
            text = page.read_text("utf-8")
            new = filled(text, language)
            if new != text:
                stale.append(f"{language}/{page.name}")
                if "--check" not in sys.argv:
                    page.write_text(new, "utf-8")
    if "--check" in sys.argv and stale:
        sys.stderr.write(f"out of date: {', '.join(stale)}; run python -m scripts.docs_tables\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
