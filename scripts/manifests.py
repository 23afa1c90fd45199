"""Renders the chart in deploy/chart into the manifests of deploy/kubernetes, which are committed.

    python -m scripts.manifests            # helm on the path, or named by HELM

The chart is the source of both. A test without helm holds that the manifests are those of this
chart by the digest in deploy/kubernetes/rendered.sha256; with helm it renders them again.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
CHART = ROOT / "deploy/chart"
MANIFESTS = ROOT / "deploy/kubernetes"
DIGEST = MANIFESTS / "rendered.sha256"
# What kustomize does by itself is left to it.
_PLAIN = ("kustomize=true", "monitoring.enabled=true")
_HEAD = "# Rendered from deploy/chart by python -m scripts.manifests.\n"
_SOURCE = re.compile(r"^# Source: diglot/templates/(\S+)\n", re.M)


def helm() -> str | None:
    """Return the program, if it is here."""
    return os.environ.get("HELM") or shutil.which("helm")


def template(program: str, *values: str) -> str:
    """Return all objects of the chart with some values. Raises CalledProcessError."""
    given = [word for value in values for word in ("--set", value)]
    command = [program, "template", "diglot", str(CHART), *given]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def render(program: str) -> dict[str, str]:
    """Return the manifests by their paths in deploy/kubernetes."""
    found: dict[str, list[str]] = {}
    for text in template(program, *_PLAIN).split("---\n")[1:]:
        source = _SOURCE.match(text)
        assert source, text
        found.setdefault(source[1], []).append(text[source.end() :].strip("\n") + "\n")
    config = yaml.safe_load(found.pop("config.yaml")[0])["data"]["config.yaml"]
    files = {name: _HEAD + "---\n".join(texts) for name, texts in found.items()}
    return {**files, "config.yaml": _HEAD + config}


def digest() -> str:
    """Return the hash of the chart's files and of the manifests that were rendered from them."""
    made = hashlib.sha256()
    chart = sorted(path for path in CHART.rglob("*") if path.is_file())
    rendered = [path for path in MANIFESTS.rglob("*.yaml") if path.read_text().startswith(_HEAD)]
    for path in (*chart, *sorted(rendered)):
        made.update(f"{path.relative_to(ROOT).as_posix()}\n".encode() + path.read_bytes())
    return made.hexdigest()


def main() -> int:
    """Write the manifests."""
    program = helm()
    if program is None:
        sys.stderr.write("helm is not here: https://helm.sh/docs/intro/install\n")
        return 1
    for name, text in render(program).items():
        (MANIFESTS / name).write_text(text)
    DIGEST.write_text(f"{digest()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
