"""Runs the fuzzer for DIGLOT_FUZZ_SECONDS seconds (2, unless told), in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from tests.fuzz.mutation import mutate
from tests.fuzz.targets import TARGETS, check, describe, seeds

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SECONDS = int(os.environ.get("DIGLOT_FUZZ_SECONDS", "2"))


def fuzz(crashes: Path, *options: str) -> None:
    command = [sys.executable, "-m", "tests.fuzz.fuzz_translation", *options]
    done = subprocess.run(
        [*command, "--crashes", str(crashes)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=SECONDS + 120,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-6000:]
    runs = re.search(r"Done (\d+) runs", said)
    assert runs is not None, said[-6000:]
    # Blindly, every run is a changed vector; steered, the vectors themselves come first.
    least = 100 if "--blind" in options else len(seeds())
    assert int(runs[1]) > least, "it went on from the vectors"


# The process starts, reads the vectors and ends besides: the limit of one test is no measure.
@pytest.mark.timeout(SECONDS + 180)
def test_nothing_crashes(tmp_path: Path) -> None:
    fuzz(tmp_path, "--seconds", str(SECONDS))


def test_nothing_crashes_blindly(tmp_path: Path) -> None:
    # Long enough to come past the vectors on a busy machine.
    fuzz(tmp_path, "--seconds", "8", "--blind")


def test_every_vector_passes_and_every_target_has_some() -> None:
    found = seeds()
    assert {data[0] for data in found} == set(range(len(TARGETS)))
    for data in found:
        check(data)


def test_a_crash_is_kept_and_can_be_run_again(tmp_path: Path) -> None:
    data = seeds()[0]
    (tmp_path / "crash").write_bytes(data)
    command = [sys.executable, "-m", "tests.fuzz.fuzz_translation"]
    told = subprocess.run(
        [*command, "--replay", str(tmp_path / "crash")], cwd=ROOT, capture_output=True, check=True
    )
    assert told.stdout.decode().strip() == describe(data)


def test_changed_json_is_mostly_still_json() -> None:
    random = Random(1)
    changed = [mutate(b'{"model":"m","messages":[{"role":"user"}]}', random) for _ in range(500)]
    assert len(set(changed)) > 300
    assert sum(data.startswith(b"{") and data.endswith(b"}") for data in changed) > 250
