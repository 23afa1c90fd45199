"""Why a database cannot be opened, and what to do about it, in one sentence each."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

_FORMS = "sqlite:///chats.db for a file or postgresql+psycopg://user:password@host/name"
# What SQLite's library says (sqlite.org/rescode.html), and what helps.
_SQLITE = {
    "file is not a database": "It is no database, or damaged: put back a copy of it, or move it "
    "away and a new one is made.",
    "malformed": "It is damaged: put back a copy of it, or move it away and a new one is made.",
    "readonly": "It may not be written: change the rights of the file and of its folder.",
    "unable to open": "Its folder cannot be used: change the folder's rights, or name another.",
    "disk is full": "The disk is full: make room and start again.",
    "disk I/O error": "The disk does not answer as it should: look whether it is full or failing.",
    "locked": "Another program holds it: end that and start again.",
}


def cause(error: BaseException) -> str:
    """Return the driver's own words; SQLAlchemy's would repeat the whole statement."""
    return str(error.orig if isinstance(error, DBAPIError) else error)


def remedy(error: BaseException, where: URL | None) -> str:
    """Return what to do about an error of opening ``where``, None where that is no address."""
    if where is None or isinstance(error, ArgumentError | NoSuchModuleError):
        return f"Write {_FORMS}."
    if isinstance(error, ImportError):
        return "Install the driver: pip install 'psycopg[binary]'."
    if where.get_backend_name() != "sqlite":
        return "Start the database, or correct the address."
    if where.database and Path(where.database).is_dir():
        return "It is a folder: name a file."
    text = cause(error)
    return next((help_ for sign, help_ in _SQLITE.items() if sign in text), "")
