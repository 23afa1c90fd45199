"""Servers that are probed, and what the committed table says of them."""

from __future__ import annotations

import json
from typing import Any

from core.http.client import Client
from core.inspector.probes.compatibility import (
    PROBES,
)
from core.inspector.probes.subject import HttpAsker, Subject
from core.words import languages
from tests.support.programs import ROOT
from tests.support.scripted_backend import Said, Scripted

TABLES = {
    name: (ROOT / f"docs/{name}/compatibility.md").read_text("utf-8") for name in ("zh", "en")
}
MARKS = {"✓": "honoured", "✗": "ignored", "⊘": "refused", "?": "inconclusive"}


def committed(name: str) -> list[str]:
    """Return the verdicts of a probe in the committed table."""
    title = PROBES[name].title
    found = []
    for language in languages():
        label = title.text(language)
        rows = (line for line in TABLES[language].splitlines() if line.startswith(f"| {label} |"))
        found.append([MARKS[cell.strip()] for cell in next(rows).split("|")[2:-1]])
    assert found[0] == found[1]
    return found[0]


def subject(
    client: Client, url: str, client_dialect: str, server: str = "", model: str = "m"
) -> Subject:
    asker, behind = HttpAsker(client, url), HttpAsker(client, server or url)
    return Subject(
        name=client_dialect,
        client_dialect=client_dialect,
        asker=asker,
        model=model,
        server=behind,
        server_model="m",
    )


def native(text: str, **more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {"model": "m", "message": message, "done": True, "done_reason": "stop", **more}


def says(backend: Scripted, *answers: dict[str, Any]) -> None:
    backend.says("/api/chat", *(Said([json.dumps(answer).encode()]) for answer in answers))
