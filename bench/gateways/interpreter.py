"""Which build of CPython measures: an unoptimised one is a fifth slower than one with a profile."""

from __future__ import annotations

import platform
import sys
import sysconfig


def build() -> str:
    """Return how this interpreter was built. Debian's own (profile-guided, too) does not say."""
    if "--enable-optimizations" in str(sysconfig.get_config_var("CONFIG_ARGS")):
        return "profile-guided"
    return "the system's own" if sys.base_prefix == "/usr" else "not optimised"


def interpreter() -> str:
    """Return the version of Python, and how it was built."""
    return f"{platform.python_implementation()} {platform.python_version()} ({build()})"
