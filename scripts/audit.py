"""Asks for known weaknesses of the locked packages, and says so where there is nobody to ask.

pip-audit asks PyPI, then OSV. Ends with 0 where nothing is known against them, 1 where something
is, and 2 where no database could be asked, since that is no good news.
"""

from __future__ import annotations

import subprocess
import sys

_ASK = ("-m", "pip_audit", "--strict", "-r", "requirements.lock", "--no-deps", "--disable-pip")
_SERVICES = ("pypi", "osv")
# What pip-audit says where a service does not answer, or does not hold weaknesses.
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
