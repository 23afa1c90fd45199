"""A probe: its claim, its test and its result."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal, get_args

from msgspec import Struct

from core.inspector.probes.subject import ProbeRequest, Seen, Subject
from core.note import Note, quoted

Verdict = Literal["honoured", "ignored", "refused", "inconclusive"]

VERDICTS: dict[Verdict, Note] = {name: Note(f"probe.verdict.{name}") for name in get_args(Verdict)}


class Finding(Struct, frozen=True):
    """A verdict with what shows it."""

    verdict: Verdict
    evidence: Note


def any_value(value: Any) -> bool:
    """The default of ``concerns``: every value of the field."""
    return True


class Probe(Struct, frozen=True, kw_only=True):
    """``paths`` are the fields of the claim, in any dialect: ``messages[].role``.

    ``concerns`` tells whether the claim applies to a value: one about ``stop`` as a list does not
    apply to a string. ``tries`` sends small requests to a subject and judges the answers.
    """

    name: str
    title: Note
    paths: tuple[str, ...]
    tries: Callable[[Subject], Awaitable[Finding]]
    concerns: Callable[[Any], bool] = any_value


class Result(Struct, frozen=True, kw_only=True):
    """The result of one probe of one subject, with the requests ``sent`` and the duration."""

    probe: str
    subject: str
    verdict: Verdict
    evidence: Note
    sent: tuple[ProbeRequest, ...]
    seconds: float


def say(verdict: Verdict, key: str, **values: Any) -> Finding:
    """Return a finding, with the key of its sentence and the values in it."""
    return Finding(verdict, Note(key).fill(**values))


def ignored(told: str, key: str, **values: Any) -> Finding:
    """Return the finding that a claim does not hold; ``told`` is what a header said about it."""
    evidence = Note(key).fill(**values)
    if told:
        evidence = Note("probe.said.told").fill(evidence=evidence, told=told)
    return Finding("ignored", evidence)


def refused(seen: Seen) -> Finding:
    """Return the finding that a request was refused, with the message of the server."""
    return Finding("refused", quoted(f"{seen.status}: {seen.error[:160]}"))


def probe(
    name: str,
    paths: str,
    tries: Callable[[Subject], Awaitable[Finding]],
    concerns: Callable[[Any], bool] = any_value,
) -> Probe:
    """Return a probe; ``paths`` have spaces between them, the title is in the words."""
    title = Note(f"probe.title.{name}")
    return Probe(name=name, title=title, paths=tuple(paths.split()), tries=tries, concerns=concerns)
