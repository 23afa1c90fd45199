"""What is kept of one person, everywhere: to be read, or erased.

    python -m core.people export --subject 42 --issuer https://id.example.org > ann.json
    python -m core.people erase --key web-shop --config config.yaml

A person is a sign-in (issuer and subject), a browser (the value of its cookie ``diglot_owner``) or
a key of the config. Looked at are the database (DIGLOT_DATABASE, or the usual file), answers that
were not saved yet, the folder of ``diglot.captures`` and the stored responses in Redis. Processes
that share that Redis forget what they have in memory; others do when they end.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from core.chats.jobs.journal import Journal, journal_folder
from core.chats.store.place import database_url
from core.chats.store.store import Store
from core.chats.values.owners import key_owner, person_owner
from core.config.config import Config, load_config
from core.errors import DiglotError
from core.exchanges.disk import CaptureFolder
from core.exchanges.serialization import dump_exchange
from core.folders import data_folder
from core.gateway.endpoints.kept_answers import KeptInRedis
from core.translation.codec.json import decode_json


class Places:
    """All places where something of a person is kept. Methods raise DiglotError."""

    def __init__(self, config: Config, database: str, folder: Path) -> None:
        self._store = Store(database)
        self._journal = Journal(journal_folder(folder, database))
        self._captures = CaptureFolder(config.captures) if config.captures.folder else None
        self._redis = KeptInRedis(config.routing.redis_url) if config.routing.redis_url else None

    def close(self) -> None:
        """Close the database and Redis."""
        self._store.close()
        if self._redis is not None:
            self._redis.close()

    def everything(self, owner: str) -> dict[str, Any]:
        """Return all that is kept of an owner, as values for JSON, by place."""
        found: dict[str, Any] = dict(self._store.people.everything(owner))
        found["unsaved"] = [msgspec.to_builtins(answer) for _, answer in self._journal.of(owner)]
        if self._captures is not None:
            kept = self._captures.of(owner)
            found["captures"] = [decode_json(dump_exchange(exchange)) for _, exchange in kept]
        if self._redis is not None:
            found["stored_answers"] = list(self._redis.of(owner).values())
        return found

    def erase(self, owner: str) -> dict[str, int]:
        """Delete all of it; return how much there was, by place."""
        files = [place for place, _ in self._journal.of(owner)]
        counts = self._store.people.erase(owner)
        counts["unsaved"] = _unlinked(files)
        if self._captures is not None:
            counts["captures"] = _unlinked([file for file, _ in self._captures.of(owner)])
        if self._redis is not None:
            counts["stored_answers"] = self._redis.erase(owner)
        return counts


def _unlinked(files: list[Path]) -> int:
    for file in files:
        file.unlink(missing_ok=True)
    return len(files)


def main(arguments: list[str] | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Export or erase. Returns 2 where a place cannot be reached."""
    options = _parsed(arguments)
    environ = os.environ if environ is None else environ
    owner = _owner(options)
    try:
        config = load_config(options.config) if options.config else Config()
        places = Places(config, database_url(environ), data_folder())
        try:
            if options.do == "export":
                _write(msgspec.json.format(msgspec.json.encode(places.everything(owner)), indent=1))
            else:
                _write("".join(f"{n:6} {w}\n" for w, n in places.erase(owner).items()).encode())
        finally:
            places.close()
    except (DiglotError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m core.people", description=__doc__)
    parser.add_argument("do", choices=("export", "erase"))
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--subject", help="who has signed in, by the provider's sub")
    who.add_argument("--browser", help="the value of a browser's cookie diglot_owner")
    who.add_argument("--key", help="the name of a key of the config")
    parser.add_argument("--issuer", default="", help="with --subject: the provider's iss")
    parser.add_argument("-c", "--config", type=Path, help="the config.yaml that is served")
    options = parser.parse_args(arguments)
    if options.subject and not options.issuer:
        parser.error("--subject needs --issuer: the same sub may be two people")
    return options


def _owner(options: argparse.Namespace) -> str:
    if options.subject:
        return person_owner(options.issuer, options.subject)
    return key_owner(options.key) if options.key else str(options.browser)


def _write(text: bytes) -> None:
    sys.stdout.buffer.write(text)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
