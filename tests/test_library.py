"""The translation as a library: what ``core`` names is there, costs nothing before, and works."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import core
from tests.test_architecture import HEAVY, loaded

ROOT = Path(__file__).parent.parent


def test_all_that_is_named_is_there() -> None:
    assert sorted(core.__all__, key=lambda name: (not name.isupper(), name)) == core.__all__
    for name in core.__all__:
        assert getattr(core, name).__doc__ if name != "DIALECTS" else core.DIALECTS


def test_importing_it_loads_nothing_and_using_it_nothing_that_does_io() -> None:
    plain = loaded("import importlib, typing")
    assert loaded("import core") - plain <= {"core", "__future__"}
    used = loaded("import core\n[getattr(core, name) for name in core.__all__]")
    assert not used & {*HEAVY, "asyncio", "socket"}


def test_the_example_runs() -> None:
    done = subprocess.run(
        [sys.executable, "examples/translate_as_library.py"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert '"num_predict": 64' in done.stdout
    assert "dropped    logit_bias" in done.stdout
    whole = next(line for line in done.stdout.splitlines() if line.startswith('{"id"'))
    assert json.loads(whole)["choices"][0]["message"]["content"] == "Short waves scatter most."
    assert "event: message_stop" in done.stdout
