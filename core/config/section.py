"""Reading the mappings of a config file: checked values, and a memory of what was read."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Literal

import msgspec

from core.errors import ConfigError, InvalidRequest
from core.translation.codec.json import read_setting
from core.translation.codec.kinds import Kind

__all__ = ["Section", "Source"]

_VARIABLE = "os.environ/"
# os.environ/VAR always gives text, so text that spells the wanted kind is taken as that.
_SPELLED: Mapping[str, Any] = {"integer": int, "number": int | float, "boolean": bool}
_LARGEST = 2**53
_KINDS = {dict: "a mapping", list: "a list", str: "text", bool: "true or false"}


class Source:
    """The file that sections belong to: its environment, what there is to warn of, and the
    paths of all keys that were read, with ``[]`` for "each item"."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.warnings: list[str] = []
        self.read: set[str] = set()


class Section:
    """One mapping. Null, absent and an empty section read alike.

    Every method that reads a key raises ConfigError naming the key's path where the value is
    of the wrong kind, or where it is ``os.environ/VAR`` and VAR is not set.
    """

    def __init__(self, value: Any, path: str, source: Source) -> None:
        if value is None:
            value = {}
        if not isinstance(value, dict):
            where = path or "the file"
            raise ConfigError(
                f"{where} must be a mapping (key: value), not {_kind(value)}", path=path or None
            )
        self.path = path
        self.source = source
        self._values = value
        self._read: set[str] = set()
        self._pattern = re.sub(r"\[\d+\]", "[]", path)
        self._inner: dict[str, Section] = {}

    def has(self, key: str) -> bool:
        """Tell whether ``key`` is there with a value."""
        return self._values.get(key) is not None

    def error(self, key: str, problem: str) -> ConfigError:
        """Return an error about ``key``, for the caller to raise."""
        path = self._at(key)
        return ConfigError(f"{path} {problem}", path=path)

    def take(self, key: str, *, unset: Literal["error", "warn"] = "error") -> Any:
        """Return the value of ``key`` with ``os.environ/VAR`` replaced; None where absent."""
        self._note(key)
        return self._resolved(self._values.get(key), key, unset)

    def text(
        self, key: str, *, required: bool = False, unset: Literal["error", "warn"] = "error"
    ) -> str:
        """Return a text, and an empty one where it is absent and not required."""
        value = self.take(key, unset=unset)
        if value is None and not required:
            return ""
        if value is None or value == "":
            raise self.error(key, "is missing")
        if not isinstance(value, str):
            raise self.error(key, f"must be text, not {_kind(value)}; put it in quotes")
        return value

    def texts(self) -> dict[str, str]:
        """Return all of the section as text, the way an environment holds it."""
        return {str(key): _as_text(self.take(key)) for key in self._values if self.has(key)}

    def values(self) -> dict[str, Any]:
        """Return all of the section as it is."""
        return {str(key): self.take(key) for key in self._values}

    def setting(self, key: str, kind: Kind) -> Any:
        """Return a value of ``kind``, or None where absent."""
        value = self.take(key)
        if value is None:
            return None
        if isinstance(value, str) and kind in _SPELLED:
            with suppress(msgspec.ValidationError):  # read_setting says what was wanted
                value = msgspec.convert(value, _SPELLED[kind], strict=False)
        try:
            return read_setting(value, kind, self._at(key))
        except InvalidRequest as exc:
            raise ConfigError(exc.message, path=exc.path) from exc

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self.setting(key, "boolean")
        return default if value is None else bool(value)

    def number(self, key: str, *, zero: bool = False) -> float | None:
        """Return a number above zero, or ``zero`` too."""
        value = self.setting(key, "number")
        return None if value is None else float(self._bounded(key, value, zero=zero))

    def count(self, key: str, *, zero: bool = False) -> int | None:
        """Return a whole number above zero, or ``zero`` too."""
        value = self.setting(key, "integer")
        return None if value is None else int(self._bounded(key, value, zero=zero))

    def names(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; one text alone is a list of one."""
        value = self.take(key)
        items = [value] if isinstance(value, str) else value or []
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise self.error(key, "must be a list of names")
        return tuple(items)

    def keys(self) -> tuple[str, ...]:
        """Return all keys that have a value."""
        return tuple(str(key) for key in self._values if self.has(key))

    def section(self, key: str, *, required: bool = False) -> Section:
        """Return the mapping at ``key``."""
        self._note(key)
        if required and not self.has(key):
            raise self.error(key, "is missing")
        return self._child(self._values.get(key), self._at(key))

    def sections(self, key: str) -> list[Section]:
        """Return the mappings in the list at ``key``."""
        self._note(key)
        items = self._values.get(key)
        if items is None:
            return []
        if not isinstance(items, list):
            raise self.error(key, f"must be a list (lines that start with -), not {_kind(items)}")
        return [self._child(item, f"{self._at(key)}[{at}]") for at, item in enumerate(items)]

    def _note(self, key: str) -> None:
        self._read.add(key)
        self.source.read.add(f"{self._pattern}.{key}" if self._pattern else key)

    def _at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def _child(self, value: Any, path: str) -> Section:
        # Several readers may share a section: what one has read is read.
        if path not in self._inner:
            self._inner[path] = Section(value, path, self.source)
        return self._inner[path]

    def _resolved(self, value: Any, key: str, unset: Literal["error", "warn"]) -> Any:
        if isinstance(value, list):
            return [self._resolved(item, key, unset) for item in value]
        if isinstance(value, dict):
            return {name: self._resolved(item, key, unset) for name, item in value.items()}
        if not isinstance(value, str) or not value.startswith(_VARIABLE):
            return value
        name = value.removeprefix(_VARIABLE)
        if name in self.source.environ:
            return self.source.environ[name]
        problem = f"names the environment variable {name}, which is not set"
        if unset == "error":
            raise self.error(key, problem)
        self.source.warnings.append(f"{self._at(key)} {problem}; it is left empty")
        return None

    def _bounded(self, key: str, value: Any, *, zero: bool) -> Any:
        if not math.isfinite(value) or value > _LARGEST:
            raise self.error(key, "must be a number that can be counted to")
        if value < 0 or (value == 0 and not zero):
            raise self.error(
                key, f"must be {'zero or more' if zero else 'above zero'}, not {value}"
            )
        return value


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _kind(value: Any) -> str:
    """Say what kind of YAML value this is, never the value: it may be a secret."""
    if value is None:
        return "nothing"
    return _KINDS.get(type(value), "a number" if isinstance(value, int | float) else "a date")
