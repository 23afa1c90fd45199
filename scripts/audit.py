"""Checks the locked packages for known vulnerabilities, and reports if no database answers.

pip-audit asks PyPI, then OSV. Exit status: 0 none known, 1 some known, 2 no database could be
asked.
"""

from __future__ import annotations

import subprocess
import sys

_ASK = ("-m", "pip_audit", "--strict", "-r", "requirements.lock", "--no-deps", "--disable-pip")
_SERVICES = ("pypi", "osv")
# pip-audit's messages when a service does not answer, or offers no vulnerabilities.
_AWAY = (
    "ServiceError", "ConnectionError", "Could not connect", "HTTPError", "Max retries",
    "could not be audited", "Connection refused", "timed out", "JSONDecodeError",
    "Failed to resolve",
)  # fmt: skip


def main() -> int:
    """Ask one database after the other."""
    for service in _SERVICES:
        done = subprocess.run(
            [sys.executable, *_ASK, "--vulnerability-service", service],
            capture_output=True, encoding="utf-8", check=False,
        )  # fmt: skip
        said = done.stdout + done.stderr
        if not any(sign in said for sign in _AWAY):
            sys.stdout.write(said)
            return min(done.returncode, 1)
    sys.stderr.write(
        "No database of weaknesses could be asked (PyPI, OSV), so nothing was checked. Run this "
        "again where one can be reached.\n"
    )
    return 2


if __name__ == "__main__":
    sys.exit(main())
