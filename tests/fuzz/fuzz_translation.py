"""Feeds changed vectors to everything that reads bytes, for as long as it is told.

    python -m tests.fuzz.fuzz_translation --seconds 600
    python -m tests.fuzz.fuzz_translation --replay crash-0123

Atheris steers by coverage where it has a wheel (Linux on x86-64); elsewhere the same mutations
are tried blindly. Exits with 0 where nothing crashed; a crash is printed and kept in a file.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
import time
import traceback
from pathlib import Path
from random import Random

MAX_BYTES = 8192


def main() -> int:
    """Read the arguments and fuzz."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--corpus", type=Path, help="a folder to keep inputs in that found more")
    parser.add_argument("--crashes", type=Path, default=Path(), help="a folder for crashes")
    parser.add_argument("--blind", action="store_true", help="do without atheris")
    parser.add_argument("--replay", type=Path, help="run one kept input and stop")
    chosen = parser.parse_args()
    if chosen.replay:
        from tests.fuzz.targets import check, describe

        data = chosen.replay.read_bytes()
        sys.stdout.write(describe(data) + "\n")
        check(data)
        return 0
    chosen.crashes.mkdir(parents=True, exist_ok=True)
    if chosen.blind or importlib.util.find_spec("atheris") is None:
        return blindly(chosen.seconds, chosen.crashes)
    with tempfile.TemporaryDirectory() as folder:
        return steered(chosen.seconds, chosen.corpus or Path(folder), chosen.crashes)


def blindly(seconds: int, crashes: Path) -> int:
    """Change vectors at random."""
    from tests.fuzz.mutation import mutate
    from tests.fuzz.targets import TARGETS, check, describe, seeds

    seed = time.time_ns()
    random = Random(seed)
    found = seeds()
    end = time.monotonic() + seconds
    runs = 0
    while time.monotonic() < end:
        data = random.choice(found)
        place = data[:1] if random.random() < 0.8 else bytes([random.randrange(len(TARGETS))])
        data = place + bytes([random.randrange(256)]) + mutate(data[2:], random)
        try:
            check(data)
        except Exception:
            traceback.print_exc()
            sys.stderr.write(describe(data) + "\n")
            (crashes / f"crash-{seed}").write_bytes(data)
            return 1
        runs += 1
    sys.stdout.write(f"Done {runs} runs in {seconds} second(s), seed {seed}\n")
    return 0


def steered(seconds: int, corpus: Path, crashes: Path) -> int:
    """Let atheris choose by what new lines of core.translation an input reaches."""
    import atheris

    with atheris.instrument_imports(
        include=["core.exchanges", "core.inspector", "core.translation"]
    ):
        from tests.fuzz.mutation import TOKENS, mutate
        from tests.fuzz.targets import check, describe, seeds

    corpus.mkdir(parents=True, exist_ok=True)
    for index, data in enumerate(seeds()):
        (corpus / f"seed-{index}").write_bytes(data)
    words = "".join('"' + "".join(f"\\x{byte:02x}" for byte in t[:32]) + '"\n' for t in TOKENS)
    (crashes / "words.txt").write_text(words, "ascii")

    def one(data: bytes) -> None:
        try:
            check(data)
        except Exception:
            sys.stderr.write(describe(data) + "\n")
            raise

    def change(data: bytes, most: int, seed: int) -> bytes:
        random = Random(seed)
        if len(data) < 3 or random.random() < 0.2:
            return bytes(atheris.Mutate(data, most))
        return (data[:2] + mutate(data[2:], random))[:most]

    options = [f"-max_total_time={seconds}", f"-max_len={MAX_BYTES}", "-timeout=20"]
    options += [f"-artifact_prefix={crashes}/", f"-dict={crashes / 'words.txt'}", str(corpus)]
    atheris.Setup([sys.argv[0], *options], one, custom_mutator=change)
    # Does not return: libFuzzer ends the process, with 0 once the time is over.
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
