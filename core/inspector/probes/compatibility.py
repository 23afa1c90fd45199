"""Running probes, and the table of what a server does: for Markdown, CSV and JSON."""

from __future__ import annotations

import csv
import io
import re
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

from msgspec import Struct

from core.errors import DiglotError
from core.inspector.align.request import AlignedRow
from core.inspector.align.response_notes import ANSWER_NOTES
from core.inspector.probes.probe import VERDICTS, Probe, Result, Verdict
from core.inspector.probes.sampling import SAMPLING
from core.inspector.probes.serving import SERVING
from core.inspector.probes.subject import Subject
from core.note import Note
from core.translation.codec.json import encode_json
from core.translation.report.notes import NOTES

__all__ = ["PROBES", "Compatibility", "probe_all", "probes_of", "run_probe", "server_version"]

PROBES: dict[str, Probe] = {probe.name: probe for probe in (*SAMPLING, *SERVING)}
"""All probes by name."""

_BY_NOTE = {
    NOTES["unknown"]: "unknown_field",
    ANSWER_NOTES["usage_not_asked"]: "include_usage",
}
"""The probes of what is said of a field for other reasons than its name."""

_MARKS: dict[Verdict, str] = {"honoured": "✓", "ignored": "✗", "refused": "⊘", "inconclusive": "?"}

_WORDS = {
    "zh": {
        "title": "兼容性实测",
        "how": "每一格都是真的发了请求、看了结果；那个接口本来就没有的字段，✗ 不算错。"
        "由 `scripts/probe.py` 生成。",
        "claim": "项目",
        "evidence": "证据",
    },
    "en": {
        "title": "What each API really does",
        "how": "Each cell is the result of real requests; a ✗ is no fault if the API never "
        "promised the field. Made with `scripts/probe.py`.",
        "claim": "claim",
        "evidence": "Evidence",
    },
}


class Compatibility(Struct, frozen=True, kw_only=True):
    """What all probes of some subjects showed. ``date`` and ``versions`` say of what and when."""

    date: str
    model: str
    versions: dict[str, str]
    subjects: tuple[str, ...]
    results: tuple[Result, ...]

    def result(self, probe: str, subject: str) -> Result | None:
        """Return one result."""
        found = (r for r in self.results if (r.probe, r.subject) == (probe, subject))
        return next(found, None)

    def markdown(self, language: Literal["zh", "en"]) -> str:
        """Return the table in one language, with the evidence below it."""
        words = _WORDS[language]
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        legend = " · ".join(
            f"{mark} {getattr(VERDICTS[v], language)}" for v, mark in _MARKS.items()
        )
        lines = [f"# {words['title']}", "", f"{self.date} · {versions} · {self.model}", "", legend]
        lines += ["", words["how"], "", f"| {words['claim']} | {' | '.join(self.subjects)} |"]
        lines.append(f"|---|{'---|' * len(self.subjects)}")
        for name, probe in PROBES.items():
            found = [self.result(name, subject) for subject in self.subjects]
            if any(found):
                cells = [_MARKS[r.verdict] if r else "" for r in found]
                lines.append(f"| {getattr(probe.title, language)} | {' | '.join(cells)} |")
        lines += ["", f"## {words['evidence']}", ""]
        for name, probe in PROBES.items():
            rows = [r for r in self.results if r.probe == name]
            if rows:
                lines += [f"### {getattr(probe.title, language)}", ""]
                lines += [_evidence(r, getattr(r.evidence, language)) for r in rows] + [""]
        return "\n".join(lines).rstrip() + "\n"

    def csv(self) -> str:
        """Return one row for each result."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["probe", "subject", "verdict", "evidence_zh", "evidence_en", "seconds"])
        for r in self.results:
            writer.writerow([r.probe, r.subject, r.verdict, r.evidence.zh, r.evidence.en,
                             f"{r.seconds:.2f}"])  # fmt: skip
        return out.getvalue()

    def json(self) -> bytes:
        """Return everything, the requests that were sent among it."""
        return encode_json(self)


def probes_of(row: AlignedRow) -> tuple[Probe, ...]:
    """Return the probes that can prove what a row of an aligned table says, on either side."""
    sides = [
        (re.sub(r"\[\d+\]", "[]", path), value)
        for path, value in ((row.path, row.value), (row.target, row.written))
        if path is not None
    ]
    found = [probe for probe in PROBES.values() if any(_fits(probe, *side) for side in sides)]
    if row.note in _BY_NOTE:
        found.append(PROBES[_BY_NOTE[row.note]])
    return tuple(found)


def _fits(probe: Probe, pattern: str, value: Any) -> bool:
    about = any(
        pattern == known or pattern.startswith((f"{known}.", f"{known}[")) for known in probe.paths
    )
    return about and probe.concerns(value)


async def run_probe(name: str, subject: Subject) -> Result:
    """Return what one probe shows of one subject; a server that fails is inconclusive."""
    subject.sent.clear()
    began = time.perf_counter()
    try:
        finding = await PROBES[name].tries(subject)
        verdict, evidence = finding.verdict, finding.evidence
    except DiglotError as exc:
        verdict, evidence = "inconclusive", Note(exc.message, exc.message)
    return Result(
        probe=name,
        subject=subject.name,
        verdict=verdict,
        evidence=evidence,
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

    ``told`` is told each result as it comes.
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
    """Return the version of the Ollama behind a subject; empty where it does not tell."""
    found = await subject.server.get("/api/version")
    return str(found.get("version", "")) if isinstance(found, dict) else ""


def _evidence(result: Result, evidence: str) -> str:
    return f"- {result.subject}: {_MARKS[result.verdict]} {_plain(evidence)}"


def _plain(text: str) -> str:
    """Return a text that Markdown shows as it stands."""
    return re.sub(r"([\\`*_\[\]<>|{}#])", r"\\\1", text.replace("\n", " ")).strip()
