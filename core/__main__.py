"""``python -m core``: the gateway alone, without an interface.

python -m core --config config.yaml --port 4000
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from core.config.access import environment_access, new_key
from core.config.config import Config, load_config
from core.config.overrides import Overrides
from core.config.validate import explain_config, language_of
from core.errors import ConfigError
from core.gateway.endpoints.mcp import own_tools, serve_stdio
from core.gateway.origins import refusal
from core.gateway.server import Serving, check_start, serve

if TYPE_CHECKING:
    from core.backends.embedded.weights import Progress


def main(arguments: list[str] | None = None) -> int:
    """Serve until stopped. Returns 2 for a config that cannot be used."""
    options = parse_arguments(arguments)
    if options.new_key:
        print(new_key())
        return 0
    if options.version:
        print(f"diglot {_version()}")
        return 0
    if options.health:
        return _health(options.host, options.port)
    if options.validate_config:
        return _validate(options.config)
    overrides = Overrides(
        model=options.model,
        alias=options.alias,
        api_base=options.api_base,
        temperature=options.temperature,
        max_tokens=options.max_tokens,
        request_timeout=options.request_timeout,
        drop_params=options.drop_params,
    )
    try:
        config = Config() if options.config is None else load_config(options.config)
        overrides.apply(config, os.environ)
    except ConfigError as exc:
        print(f"{options.config or 'arguments'}: {exc.message}", file=sys.stderr)
        return 2
    access = environment_access(os.environ) if options.config is None else config.access
    for warning in config.warnings:
        print(f"{options.config}: {warning}", file=sys.stderr)
    if problem := refusal(access, host=options.host):
        print(problem, file=sys.stderr)
        return 2
    if options.mcp:
        asyncio.run(serve_stdio(lambda: own_tools(config.tools)))
        return 0
    serving = Serving(
        config=options.config,
        host=options.host,
        port=options.port,
        workers=options.num_workers,
        debug=options.debug or config.verbose,
        drain=math.ceil(config.drain) if options.drain is None else options.drain,
        json_logs=options.log == "json" or config.json_logs,
        certificate=options.ssl_certfile_path,
        private_key=options.ssl_keyfile_path,
        overrides=overrides,
    )
    try:
        check_start(serving, os.environ)
    except ConfigError as exc:
        print(exc.message, file=sys.stderr)
        return 2
    serve(serving, progress=_show)
    return 0


def _validate(path: Path | None) -> int:
    """Print what each key of a config does. Returns 2 where it cannot be used."""
    if path is None:
        print("--validate-config needs --config", file=sys.stderr)
        return 2
    usable, lines = explain_config(path, environ=os.environ, language=language_of(os.environ))
    print("\n".join(lines), file=sys.stdout if usable else sys.stderr)
    return 0 if usable else 2


def _health(host: str, port: int) -> int:
    """Print what a gateway that runs at ``host`` says of its backends. Returns 1 for no answer."""
    from http.client import HTTPConnection  # of this command only

    host = "127.0.0.1" if host in ("0.0.0.0", "") else host
    key = os.environ.get("LITELLM_MASTER_KEY", "")
    connection = HTTPConnection(host, port, timeout=30)
    try:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        connection.request("GET", "/health", headers=headers)
        answer = connection.getresponse()
        print(answer.read().decode("utf-8", "replace"))
        return 0 if answer.status == 200 else 1
    except OSError as exc:
        print(f"nothing answers at {host}:{port}: {exc}", file=sys.stderr)
        return 1
    finally:
        connection.close()


def _version() -> str:
    project = Path(__file__).parent.parent / "pyproject.toml"
    return str(tomllib.loads(project.read_text("utf-8"))["project"]["version"])


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


def _seconds(text: str) -> float:
    """Return a number of seconds above zero. Raises ArgumentTypeError, or ValueError."""
    value = float(text)
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError("must be a number of seconds above zero")
    return value


def _count(text: str) -> int:
    """Return a whole number above zero. Raises ArgumentTypeError, or ValueError."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be a whole number above zero")
    return value


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """Return what the command line says. Ends the program where it says nonsense."""
    parser = argparse.ArgumentParser(
        prog="python -m core",
        description="Serve Ollama's native API and OpenAI's over the same models.",
    )
    parser.add_argument("-c", "--config", type=Path, help="a config.yaml as LiteLLM reads it")
    parser.add_argument("--host", default="127.0.0.1", help="address to bind (default: loopback)")
    parser.add_argument("--port", type=_count, default=4000, help="port to bind (default: 4000)")
    parser.add_argument(
        "--num_workers", "--num-workers", type=_count, default=1, help="processes (default: 1)"
    )
    parser.add_argument(
        "--drain",
        type=int,
        help="seconds for answers in work once it is to stop (default: diglot.drain, 25)",
    )
    parser.add_argument("--debug", action="store_true", help="log every request")
    parser.add_argument("--log", choices=("text", "json"), default="text", help="form of the log")
    parser.add_argument("--ssl_certfile_path", type=Path, help="a certificate (PEM), for HTTPS")
    parser.add_argument("--ssl_keyfile_path", type=Path, help="the certificate's key (PEM)")
    parser.add_argument("--new-key", action="store_true", help="print a new key, and stop")
    parser.add_argument("-m", "--model", default="", help="serve this model, as in ollama/qwen3:4b")
    parser.add_argument("--alias", default="", help="the name that clients use for --model")
    parser.add_argument("--api_base", "--api-base", default="", help="where --model lives")
    parser.add_argument("--temperature", type=float, help="for --model, where a request has none")
    parser.add_argument(
        "--max_tokens", "--max-tokens", type=int, help="for --model, where a request has none"
    )
    parser.add_argument(
        "--request_timeout", "--request-timeout", type=_seconds, help="seconds, of every model"
    )
    parser.add_argument(
        "--drop_params",
        "--drop-params",
        action="store_true",
        help="drop what cannot be translated, whatever the config says",
    )
    parser.add_argument(
        "--validate_config",
        "--validate-config",
        action="store_true",
        help="say what each key of --config does here, and end",
    )
    parser.add_argument(
        "--health", action="store_true", help="ask the gateway that runs at --host and --port"
    )
    parser.add_argument(
        "--mcp", action="store_true", help="be an MCP server of the tools, on standard input"
    )
    parser.add_argument("--version", action="store_true", help="say which version this is")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
