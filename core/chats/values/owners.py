"""Names of owners. A browser's is the value of its cookie, which looks like none of these."""

from __future__ import annotations

import hashlib


def person_owner(issuer: str, subject: str) -> str:
    """Return the owner of who has signed in, by issuer and subject (OpenID Connect Core, 2)."""
    about = f"{issuer}\n{subject}"
    return f"user:{hashlib.sha256(about.encode()).hexdigest()}"


def key_owner(name: str) -> str:
    """Return the owner of what programs ask with a key of the config."""
    return f"key:{name}"
