"""Writes the tables of the docs that come from the code; `--check` only compares.

A table stands between two comments, `<!-- table: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from core.config.providers import PROVIDERS
from core.config.reference import KEYS
from core.http.addresses import OLLAMA_ADDRESS
from core.translation.dialects.registry import DIALECTS
from core.translation.fields.table import FIELDS
from core.translation.report.notes import NOTES

DOCS = Path(__file__).parent.parent / "docs"
_SLOT = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_COLUMNS = {
    "ollama": "Ollama `/api/chat`",
    "generate": "`/api/generate`",
    "openai": "OpenAI chat",
    "responses": "OpenAI responses",
    "anthropic": "Anthropic messages",
    "completions": "OpenAI completions",
}


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [head, ["---"] * len(list(head)), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def settings() -> str:
    """The flat settings: one row a setting, its name in each dialect."""
    rows = []
    for row in FIELDS:
        if row.setting and not row.alias:
            names = [row.paths.get(dialect, "") for dialect in _COLUMNS]
            rows.append([f"**{row.name}**", *(f"`{n}`" if n else "" for n in names)])
    return _table(["setting", *_COLUMNS.values()], rows)


def _names(name: str) -> list[str]:
    cells = []
    for dialect in _COLUMNS:
        paths = [r.paths[dialect] for r in FIELDS if r.name == name and dialect in r.paths]
        cells.append(", ".join(f"`{path}`" for path in dict.fromkeys(paths)))
    return cells


def structure() -> str:
    """Everything else: messages, tools, formats."""
    names = dict.fromkeys(
        row.name for row in FIELDS if not row.setting and row.name[:6] != "embed."
    )
    return _table(["what", *_COLUMNS.values()], ([f"**{n}**", *_names(n)] for n in names))


def notes() -> str:
    """The reasons that a report gives, in both languages."""
    rows = (
        [f"`{name}`", note.zh, note.en, note.since, note.source] for name, note in NOTES.items()
    )
    return _table(["reason", "中文", "English", "since", "source"], rows)


def routes() -> str:
    """The dialects and their routes."""
    rows = ([f"`{name}`", f"`POST {d.path}`", d.stream_type] for name, d in DIALECTS.items())
    return _table(["dialect", "route", "stream"], rows)


def _keys(*heads: str) -> str:
    rows = []
    for key in KEYS.values():
        if key.path.startswith(heads):
            short = key.path.replace("model_list[].", "")
            acts = "" if key.does == "acts" else "—"
            rows.append([f"`{short}`", acts, key.zh, key.en])
    return _table(["key", "", "中文", "English"], rows)


def keys_models() -> str:
    """What an entry of model_list may hold."""
    return _keys("model_list")


def keys_routing() -> str:
    """What says where requests go."""
    return _keys("router_settings", "litellm_settings")


def keys_server() -> str:
    """The other sections of LiteLLM."""
    known = ("model_list", "router_settings", "litellm_settings", "diglot")
    return _keys(*(path for path in KEYS if not path.startswith(known)))


def keys_own() -> str:
    """Diglot's own section."""
    return _keys("diglot")


def providers() -> str:
    """The providers, their dialects and usual addresses."""
    rows = []
    for name, provider in PROVIDERS.items():
        bases = ", ".join(f"`{v}`" for v in provider.base_variables)
        if name.startswith("ollama"):
            bases = "`OLLAMA_API_BASE`, `OLLAMA_HOST`"
        key = f"`{provider.key_variable}`" if provider.key_variable else ""
        address = OLLAMA_ADDRESS if name.startswith("ollama") else provider.address
        rows.append([f"`{name}/`", provider.dialect, address, bases, key])
    return _table(["provider", "dialect", "address", "its variables", "the key's"], rows)


TABLES: dict[str, Callable[[], str]] = {
    "keys_models": keys_models,
    "keys_own": keys_own,
    "keys_routing": keys_routing,
    "keys_server": keys_server,
    "notes": notes,
    "providers": providers,
    "routes": routes,
    "settings": settings,
    "structure": structure,
}


def filled(text: str) -> str:
    """Return a page with its tables written anew."""
    return _SLOT.sub(lambda slot: slot[1] + "\n" + TABLES[slot[2]]() + "\n" + slot[3], text)


def main() -> int:
    """Write all pages, or say which are out of date."""
    stale = []
    for page in sorted(DOCS.glob("*.md")):
        text = page.read_text("utf-8")
        new = filled(text)
        if new != text:
            stale.append(page.name)
            if "--check" not in sys.argv:
                page.write_text(new, "utf-8")
    if "--check" in sys.argv and stale:
        sys.stderr.write(f"out of date: {', '.join(stale)}; run python -m scripts.docs_tables\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
