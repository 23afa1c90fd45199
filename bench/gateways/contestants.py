"""Who is measured: how each is installed, started and asked.

LiteLLM and Portkey are fetched once, from PyPI and npm, into a cache folder of their own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from msgspec import Struct
from platformdirs import user_cache_path

from bench.gateways.interpreter import interpreter
from tests.support.programs import ROOT, free_port

# Free ones, so that two runs on one machine do not answer for each other.
BACKEND_PORT, FLOOR, OWN, LITE, RUST, PORT = (free_port() for _ in range(6))
BACKEND = f"http://127.0.0.1:{BACKEND_PORT}"
KEY = "sk-bench-not-a-secret-0123456789"
COMPAT = "/v1/chat/completions"

DIGLOT = f"""
model_list:
  - model_name: fake
    litellm_params: {{model: ollama_chat/fake, api_base: "{BACKEND}"}}
  - model_name: paced
    litellm_params: {{model: ollama_chat/paced, api_base: "{BACKEND}"}}
  - model_name: compat
    litellm_params: {{model: openai/fake, api_base: "{BACKEND}/v1", api_key: none}}
"""
LITELLM = f"{DIGLOT}general_settings: {{master_key: {KEY}}}\n"

# With the newest @hono/node-server every stream of this version is an error 500.
PORTKEY_VERSION = "1.15.2"
PORTKEY = {
    "private": True,
    "dependencies": {"@portkey-ai/gateway": PORTKEY_VERSION, "@hono/node-server": "1.13.8"},
    "overrides": {"@hono/node-server": "1.13.8"},
}


class Contestant(Struct, frozen=True, kw_only=True):
    """One server: ``command`` starts it on ``port``; ``ready`` is a path that then answers."""

    name: str
    port: int
    command: tuple[str, ...] = ()
    path: str = COMPAT
    ready: str = "/v1/models"
    headers: dict[str, str] = {}
    environ: dict[str, str] = {}
    starts: int = 5

    def request(self, body: bytes) -> bytes:
        """Return one request as it goes over the wire."""
        lines = [f"POST {self.path} HTTP/1.1", f"host: 127.0.0.1:{self.port}",
                 "content-type: application/json", f"content-length: {len(body)}"]  # fmt: skip
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def fake_backend() -> Contestant:
    """Return the fake backend, to be started."""
    return Contestant(
        name="direct",
        port=BACKEND_PORT,
        path="/api/chat",
        ready="/api/version",
        # The system takes back and clears each body of 1 MB otherwise: seven times the CPU.
        environ={"MALLOC_MMAP_THRESHOLD_": str(2**26), "MALLOC_TRIM_THRESHOLD_": str(2**28)},
        command=(sys.executable, str(ROOT / "bench/fake_ollama.py"), "--port", str(BACKEND_PORT)),
    )


def contestants(folder: Path, only: set[str]) -> list[Contestant]:
    """Return all that can be run here, installing what is missing; say what cannot."""
    config = folder / "config.yaml"
    config.write_text(DIGLOT)
    floor = Contestant(
        name="floor",
        port=FLOOR,
        command=(sys.executable, "-m", "bench.gateways.floor", "--port", str(FLOOR),
                 "--backend", BACKEND),
    )  # fmt: skip
    diglot = Contestant(
        name=f"Diglot {_own_version()}".strip(),
        port=OWN,
        command=(sys.executable, "-m", "core", "--config", str(config), "--port", str(OWN)),
        ready="/health/liveliness",
    )
    found = [floor, diglot]
    if not only or "litellm" in only:
        found += _litellm(folder)
    if not only or "portkey" in only:
        found += _portkey()
    return [one for one in found if not only or one.name.split()[0].lower() in only]


def _own_version() -> str:
    git = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    done = subprocess.run(git, capture_output=True, text=True)
    return f"({done.stdout.strip()})" if done.returncode == 0 else ""


def _cache(name: str) -> Path:
    path = user_cache_path("diglot") / "bench" / name
    path.mkdir(parents=True, exist_ok=True)
    return path


def _litellm(folder: Path) -> list[Contestant]:
    venv = _cache("litellm")
    program = venv / "bin/litellm"
    if not program.exists():
        print("installing LiteLLM", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        done = subprocess.run([venv / "bin/pip", "install", "-q", "litellm[proxy]"])
        if done.returncode:
            print("LiteLLM is not measured: pip could not install it", file=sys.stderr)
            return []
    config = folder / "litellm.yaml"
    config.write_text(LITELLM)
    shown = subprocess.run(
        [venv / "bin/pip", "show", "litellm"], capture_output=True, text=True, check=True
    ).stdout
    number = shown.split("Version: ")[1].split()[0]
    # Since 1.108 it can do some of its work in Rust, where this is set.
    return [
        _as_litellm(f"LiteLLM {number}", program, config, LITE),
        _as_litellm(f"LiteLLM {number} LITELLM_RUST=1", program, config, RUST, LITELLM_RUST="1"),
    ]


def _as_litellm(name: str, program: Path, config: Path, port: int, **environ: str) -> Contestant:
    return Contestant(
        name=name,
        port=port,
        command=(str(program), "--config", str(config), "--port", str(port),
                 "--host", "127.0.0.1"),
        ready="/health/liveliness",
        headers={"authorization": f"Bearer {KEY}"},
        environ={"LITELLM_LOG": "ERROR", "LITELLM_LOCAL_MODEL_COST_MAP": "True", **environ},
        starts=1,
    )  # fmt: skip


def _portkey() -> list[Contestant]:
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        print("Portkey is not measured: Node.js is not installed", file=sys.stderr)
        return []
    folder = _cache("portkey")
    program = folder / "node_modules/@portkey-ai/gateway/build/start-server.js"
    if not program.exists():
        print("installing Portkey's gateway", file=sys.stderr)
        (folder / "package.json").write_text(json.dumps(PORTKEY))
        # Its own postinstall step fails outside of its repository, and nothing here needs it.
        install = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts"]
        if subprocess.run(install, cwd=folder).returncode:
            print("Portkey is not measured: npm could not install it", file=sys.stderr)
            return []
    return [
        Contestant(
            name=f"Portkey {PORTKEY_VERSION}",
            port=PORT,
            command=(node, str(program), f"--port={PORT}", "--headless"),
            ready="/",
            headers={"x-portkey-provider": "ollama", "x-portkey-custom-host": BACKEND},
            environ={**_trusting(), "NODE_ENV": "production"},
        )
    ]


def _trusting() -> dict[str, str]:
    # Its newer versions ask no private address unless told to.
    return {"TRUSTED_CUSTOM_HOSTS": "127.0.0.1", "PATH": os.environ["PATH"]}


def versions() -> str:
    """Say what Diglot and the floor run on."""
    names = ("uvicorn", "uvloop", "httptools", "aiohttp", "msgspec")
    return ", ".join([interpreter(), *(f"{name} {version(name)}" for name in names)])
