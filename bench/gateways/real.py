"""The real Ollama: its own /v1 against Diglot in front of its native API."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from core.backends.embedded.weights import fetch_weights
from tests.support.programs import ROOT, free_port, gateway, run, serving

_MODEL = "FROM {file}\nPARAMETER num_predict 16\nPARAMETER num_thread 1\nPARAMETER temperature 0\n"
_CONFIG = """
model_list:
  - model_name: small
    litellm_params: {{model: ollama_chat/small, api_base: "{url}"}}
"""


def real_ollama(rounds: int) -> list[str]:
    """Return the rows of a table; nothing where there is no real Ollama."""
    script = [str(ROOT / "scripts/install_ollama.sh"), "--find"]
    binary = subprocess.run(script, capture_output=True, text=True).stdout.strip()
    if not binary:
        print("no real Ollama is here: make ollama", file=sys.stderr)
        return []
    weights = fetch_weights(lambda progress: None, environ=os.environ)
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        url = f"http://127.0.0.1:{free_port()}"
        environ = {"HOME": name, "OLLAMA_HOST": url.removeprefix("http://"),
                   "OLLAMA_MODELS": f"{name}/models", "OLLAMA_NUM_PARALLEL": "1"}  # fmt: skip
        with serving([binary, "serve"], f"{url}/api/version", folder=home, environ=environ):
            (home / "Modelfile").write_text(_MODEL.format(file=weights))
            run([binary, "create", "small", "-f", str(home / "Modelfile")], environ=environ)
            config = _CONFIG.format(url=url)
            with gateway(config, folder=home, environ=environ) as diglot:
                return _compare({"Ollama's own /v1": url, "Diglot before it": diglot}, rounds)


def _compare(places: dict[str, str], rounds: int) -> list[str]:
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in places}
    for turn in range(rounds + 1):
        # By turns, so that what else the machine does falls on both.
        for name, url in places.items():
            found = _time(url)
            if turn:
                times[name].append(found)
    rows = []
    for name, pairs in times.items():
        first = statistics.median(pair[0] for pair in pairs)
        whole = statistics.median(pair[1] for pair in pairs)
        rows.append(f"| {name} | {first:.1f} | {whole:.1f} |")
    return rows


def _time(url: str) -> tuple[float, float]:
    """Return the ms until a stream's first text, and until its end."""
    asked = {"model": "small", "stream": True,
             "messages": [{"role": "user", "content": "Say a word."}]}  # fmt: skip
    request = urllib.request.Request(
        f"{url}/v1/chat/completions",
        json.dumps(asked).encode(),
        {"content-type": "application/json"},
    )
    began = time.perf_counter()
    first = 0.0
    with urllib.request.urlopen(request, timeout=120) as answer:
        for line in answer:
            if not first and b'"content":"' in line and b'"content":""' not in line:
                first = time.perf_counter() - began
    return first * 1000, (time.perf_counter() - began) * 1000
