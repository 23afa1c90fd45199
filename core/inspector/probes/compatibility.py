"""Runs probes, and writes the results as a table in Markdown, CSV and JSON."""

from __future__ import annotations

import csv
import io
import re
import time
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct, to_builtins

from core.errors import DiglotError
from core.inspector.align.request import AlignedRow
from core.inspector.probes.probe import VERDICTS, Finding, Probe, Result, Verdict, refused
from core.inspector.probes.sampling import SAMPLING
from core.inspector.probes.serving import SERVING
from core.inspector.probes.subject import Refused, Subject
from core.note import quoted
from core.translation.codec.json import encode_json
from core.words import languages, say

PROBES: dict[str, Probe] = {probe.name: probe for probe in (*SAMPLING, *SERVING)}
"""All probes by name."""

_BY_NOTE = {
    "report.unknown": "unknown_field",
    "answer.usage_not_asked": "include_usage",
}
"""Probes for rows by their note instead of their path."""

_MARKS: dict[Verdict, str] = {"honoured": "✓", "ignored": "✗", "refused": "⊘", "inconclusive": "?"}


class Compatibility(Struct, frozen=True, kw_only=True):
    """The results of all probes of some subjects, with date and versions."""

    date: str
    model: str
    versions: dict[str, str]
    subjects: tuple[str, ...]
    results: tuple[Result, ...]

    def result(self, probe: str, subject: str) -> Result | None:
        """Return one result."""
        found = (r for r in self.results if (r.probe, r.subject) == (probe, subject))
        return next(found, None)

    def markdown(self, language: str) -> str:
        """Return the table in one language, with the evidence below it."""
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        lines = [
            f"# {say('probe.table.title', language)}",
            "",
            f"{self.date} · {versions} · {self.model}",
            "",
            " · ".join(f"{mark} {VERDICTS[v].text(language)}" for v, mark in _MARKS.items()),
            "",
            say("probe.table.intro", language),
            "",
            f"| {say('probe.table.claim', language)} | {' | '.join(self.subjects)} |",
            f"|---|{'---|' * len(self.subjects)}",
        ]
        for name, probe in PROBES.items():
            found = [self.result(name, subject) for subject in self.subjects]
            if any(found):
                cells = [_MARKS[r.verdict] if r else "" for r in found]
                lines.append(f"| {probe.title.text(language)} | {' | '.join(cells)} |")
        lines += ["", f"## {say('probe.table.evidence', language)}", ""]
        for name, probe in PROBES.items():
            rows = [r for r in self.results if r.probe == name]
            if rows:
                lines += [f"### {probe.title.text(language)}", ""]
                lines += [_evidence(r, r.evidence.text(language)) for r in rows] + [""]
        return "\n".join(lines).rstrip() + "\n"

    def csv(self) -> str:
        """Return one row for each result."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(
            [
                "probe",
                "subject",
                "verdict",
                *(f"evidence_{code}" for code in languages()),
                "seconds",
            ]
        )
        for r in self.results:
            writer.writerow([r.probe, r.subject, r.verdict, *map(r.evidence.text, languages()),
                             f"{r.seconds:.2f}"])  # fmt: skip
        return out.getvalue()

    def json(self) -> bytes:
        """Return everything, including the requests that were sent; evidence by language."""
        results = [
            {**to_builtins(r), "evidence": {code: r.evidence.text(code) for code in languages()}}
            for r in self.results
        ]
        return encode_json({**to_builtins(self), "results": results})


def probes_of(row: AlignedRow) -> tuple[Probe, ...]:
    """Return the probes that can check a row of an aligned table, on either side."""
    sides = [
        (re.sub(r"\[\d+\]", "[]", path), value)
        for path, value in ((row.path, row.value), (row.target, row.written))
        if path is not None
    ]
    found = [probe for probe in PROBES.values() if any(_fits(probe, *side) for side in sides)]
    if row.note.key in _BY_NOTE:
        found.append(PROBES[_BY_NOTE[row.note.key]])
    return tuple(found)


def _fits(probe: Probe, pattern: str, value: Any) -> bool:
    about = any(
        pattern == known or pattern.startswith((f"{known}.", f"{known}[")) for known in probe.paths
    )
    return about and probe.concerns(value)


async def run_probe(name: str, subject: Subject) -> Result:
    """Run one probe of one subject; an error of the server is inconclusive."""
    subject.sent.clear()
    began = time.perf_counter()
    try:
        finding = await PROBES[name].tries(subject)
    except DiglotError as exc:
        finding = Finding("inconclusive", quoted(exc.message))
    except Refused as exc:
        finding = refused(exc.seen)
    return Result(
        probe=name,
        subject=subject.name,
        verdict=finding.verdict,
        evidence=finding.evidence,
        sent=tuple(subject.sent),
        seconds=time.perf_counter() - began,
    )


async def probe_all(
    subjects: Sequence[Subject],
    *,
    date: str,
    versions: dict[str, str],
    names: Sequence[str] = (),
    told: Callable[[Result], None] = lambda result: None,
) -> Compatibility:
    """Run probes (all, or those named) of all subjects, one after the other.

    ``told`` is called with each result.
    """
    results = []
    for name in names or PROBES:
        for subject in subjects:
            result = await run_probe(name, subject)
            results.append(result)
            told(result)
    return Compatibility(
        date=date,
        model=", ".join(dict.fromkeys(subject.server_model for subject in subjects)),
        versions=versions,
        subjects=tuple(subject.name for subject in subjects),
        results=tuple(results),
    )


async def server_version(subject: Subject) -> str:
    """Return the version of the Ollama server of a subject; empty if unknown."""
    found = await subject.server.get("/api/version")
    return str(found.get("version", "")) if isinstance(found, dict) else ""


def _evidence(result: Result, evidence: str) -> str:
    return f"- {result.subject}: {_MARKS[result.verdict]} {_plain(evidence)}"


def _plain(text: str) -> str:
    """Escape a text for Markdown."""
    return re.sub(r"([\\`*_\[\]<>|{}#])", r"\\\1", text.replace("\n", " ")).strip()
