"""``python -m core``: the gateway alone, without an interface.

python -m core --config config.yaml --port 4000
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from core.backends.access_config import environment_access, new_key
from core.backends.config import load_config
from core.backends.weights import Progress
from core.errors import ConfigError
from core.gateway.guard import refusal
from core.gateway.serving import Serving, serve


def main(arguments: list[str] | None = None) -> int:
    """Serve until stopped. Returns 2 for a config that cannot be used."""
    options = _parse(arguments)
    if options.new_key:
        print(new_key())
        return 0
    access = environment_access(os.environ)
    if options.config is not None:
        try:
            config = load_config(options.config, environ=os.environ)
        except ConfigError as exc:
            print(f"{options.config}: {exc.message}", file=sys.stderr)
            return 2
        for warning in config.warnings:
            print(f"{options.config}: {warning}", file=sys.stderr)
        access = config.access
    if problem := refusal(access, host=options.host):
        print(problem, file=sys.stderr)
        return 2
    serving = Serving(
        config=options.config,
        host=options.host,
        port=options.port,
        workers=options.num_workers,
        debug=options.debug,
        certificate=options.ssl_certfile_path,
        private_key=options.ssl_keyfile_path,
    )
    serve(serving, progress=_show)
    return 0


def _show(progress: Progress) -> None:
    """Draw how far the embedded model's fetch is, on a terminal only."""
    if not sys.stderr.isatty():
        return
    done = progress.done // 1_000_000
    total = (progress.total or 0) // 1_000_000
    filled = 30 * done // total if total else 0
    bar = "#" * filled + "." * (30 - filled)
    size = f"{done}/{total} MB" if total else f"{done} MB"
    end = "\n" if total and done >= total else ""
    print(f"\r{progress.phase} SmolLM2-135M [{bar}] {size}", end=end, file=sys.stderr, flush=True)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m core",
        description="Serve Ollama's native API and OpenAI's over the same models.",
    )
    parser.add_argument("-c", "--config", type=Path, help="a config.yaml as LiteLLM reads it")
    parser.add_argument("--host", default="127.0.0.1", help="address to bind (default: loopback)")
    parser.add_argument("--port", type=int, default=4000, help="port to bind (default: 4000)")
    parser.add_argument(
        "--num_workers", "--num-workers", type=int, default=1, help="processes (default: 1)"
    )
    parser.add_argument("--debug", action="store_true", help="log every request")
    parser.add_argument("--ssl_certfile_path", type=Path, help="a certificate (PEM), for HTTPS")
    parser.add_argument("--ssl_keyfile_path", type=Path, help="the certificate's key (PEM)")
    parser.add_argument("--new-key", action="store_true", help="print a new key, and stop")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
