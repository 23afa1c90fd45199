"""Checks that a server can listen at its port, before anything is started.

    python -m core.http.ports 127.0.0.1 8501

``make run`` asks first: Streamlit takes the port before it reads any of Diglot, and where it
cannot, names no remedy.
"""

from __future__ import annotations

import errno
import os
import socket
import sys

from core.errors import ConfigError


def check_port(host: str, port: int, *, flags: tuple[str, str] = ("--host", "--port")) -> None:
    """Raise ConfigError, saying what to do, where nothing can listen at ``host`` and ``port``.

    ``flags`` name the two options for the message. The host "" is every address.
    """
    named, numbered = flags
    if not 0 <= port < 65536:
        raise ConfigError(f"{numbered} {port} is no port: choose one from 1 to 65535.")
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM,
                                   flags=socket.AI_PASSIVE)[0]  # fmt: skip
        with socket.socket(found[0], socket.SOCK_STREAM) as trial:
            if os.name == "posix":  # a port that has just been left may be taken again
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(found[4])
    except socket.gaierror as exc:
        raise ConfigError(f"{named} {host} is no address of this machine.") from exc
    except OSError as exc:
        raise ConfigError(_problem(exc, host, port, named, numbered)) from exc


def _problem(error: OSError, host: str, port: int, named: str, numbered: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} is in use: stop what listens there, or choose another port with "
            f"{numbered}."
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{named} {host} is no address of this machine."
    if error.errno == errno.EACCES:
        return (
            f"Port {port} needs more rights than you have: choose one above 1023 with {numbered}."
        )
    return f"Nothing can listen on port {port} of {host or 'this machine'}: {error.strerror}."


def main(host: str, port: str) -> int:
    """Say what to do where ``make run`` cannot listen; return the code to end with."""
    try:
        number = int(port) if port.isascii() and port.isdigit() else -1
        check_port(host, number, flags=("the address", "make run PORT=8502"))
    except ConfigError as exc:
        sys.stderr.write(f"{exc.message}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
