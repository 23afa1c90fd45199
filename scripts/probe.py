"""Probe a server natively, over its own /v1, and through Diglot; write the compatibility table.

    python scripts/probe.py --server http://localhost:11434 --model smollm2 \\
        --gateway http://localhost:4000 --write docs/en/compatibility.md --language en

``--gateway-model`` is the model's name there where that differs, ``--format`` markdown, csv or
json, ``--only`` the names of some probes. Needs nothing but the servers, which it asks some 200
short questions.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from core.http.client import Client
from core.inspector.probes.compatibility import PROBES, Compatibility, probe_all, server_version
from core.inspector.probes.probe import Result
from core.inspector.probes.subject import HttpAsker, Subject
from core.words import languages


def main() -> None:
    """Read the options, probe, print or write."""
    parser = argparse.ArgumentParser(description="What does a server do of what it is told?")
    parser.add_argument("--server", default="http://localhost:11434", help="an Ollama")
    parser.add_argument("--gateway", help="Diglot in front of it")
    parser.add_argument("--model", required=True)
    parser.add_argument("--gateway-model", help="the model's name there; the same by default")
    parser.add_argument("--format", choices=["markdown", "csv", "json"], default="markdown")
    parser.add_argument(
        "--language", choices=list(languages()), default="en", help="of the markdown"
    )
    parser.add_argument("--only", nargs="*", default=[], choices=list(PROBES))
    parser.add_argument("--write", type=Path, help="a file; standard output by default")
    options = parser.parse_args()
    table = asyncio.run(probe(options))
    if options.format == "json":
        text = table.json().decode()
    else:
        text = table.csv() if options.format == "csv" else table.markdown(options.language)
    if options.write is None:
        print(text)
    else:
        options.write.write_text(text, encoding="utf-8")


async def probe(options: argparse.Namespace) -> Compatibility:
    """Run the probes, printing each result to standard error."""
    client = Client()
    server = HttpAsker(client, options.server)
    client_dialects: list[tuple[str, str, HttpAsker, str]] = [
        ("Ollama /api/chat", "ollama", server, options.model),
        ("Ollama /v1", "openai", server, options.model),
    ]
    if options.gateway:
        front = HttpAsker(client, options.gateway)
        name = options.gateway_model or options.model
        client_dialects += [
            ("Diglot /v1", "openai", front, name),
            ("Diglot /api/chat", "ollama", front, name),
        ]
    subjects = [
        Subject(name=name, client_dialect=client_dialect, asker=asker, model=model, server=server,
                server_model=options.model)
        for name, client_dialect, asker, model in client_dialects
    ]  # fmt: skip
    try:
        return await probe_all(
            subjects,
            date=datetime.now(UTC).date().isoformat(),
            versions={"Ollama": await server_version(subjects[0])},
            names=options.only,
            told=tell,
        )
    finally:
        await client.close()


def tell(result: Result) -> None:
    """Print one result while others are still running."""
    said = result.evidence.text("en")[:90]
    line = f"{result.probe:22} {result.subject:18} {result.verdict:13} {said}"
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
